"""Kernels of Dormand and Prince's explicit method of order 5 (J. Comp. Appl. Math. 6, 1980, 19-26).

An error estimate of order 4 chooses each system's steps; states between them are interpolated. Steps end at
the knots of inputs that are not smooth there.
"""

from __future__ import annotations

import numpy as np

from nsr.evaluate.interpreter import forward_block, longest_run
from nsr.kernels import kernel
from nsr.ode.iterate import piece_at, set_inputs

# Dormand and Prince's coefficients: stage i of 7 uses row i; the last row is also the solution of order 5.
_A = np.zeros((7, 7))
_A[1, :1] = [1 / 5]
_A[2, :2] = [3 / 40, 9 / 40]
_A[3, :3] = [44 / 45, -56 / 15, 32 / 9]
_A[4, :4] = [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]
_A[5, :5] = [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]
_A[6, :6] = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]
# The solution of order 5 minus that of order 4.
_ERROR = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
# Shampine's interpolant of order 4 between the ends of a step (Math. Comp. 46, 1986, 135-150): polynomials
# in the share of the step, from its first power on, that weight the stages.
_DENSE = np.array(
    [
        [1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
        [0, 0, 0, 0],
        [0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
        [0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
        [0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
        [0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
        [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
    ]
)
_SAFETY, _SMALLEST_FACTOR, _LARGEST_FACTOR = 0.9, 0.2, 5.0
# The times of the stages as shares of the step.
_C = np.sum(_A, axis=1)
# Shares of the time that are no step any more; share of a step by which it may miss a knot.
_SMALLEST_STEP, _SLACK = 1e-15, 1e-6


@kernel
def integrate_rows(
    tape,
    offsets,
    firsts,
    rows,
    initial,
    grid,
    constants,
    knots,
    pieces,
    is_smooth,
    which,
    rtol,
    atol,
    largest,
    max_steps,
    start,
    stop,
    out,
):
    """Rows start to stop of `nsr.ode.integrate.Systems.integrate`."""
    width, n_inputs = initial.shape[1], pieces.shape[1]
    work = np.empty((longest_run(offsets), 1))
    k = np.empty((7, width))
    x, trial = np.zeros((width + n_inputs, 1)), np.zeros((width + n_inputs, 1))
    for row in range(start, stop):
        own = which[row]
        system = (
            tape,
            offsets,
            firsts[rows[row]],
            firsts[rows[row] + 1],
            constants[row],
            knots[own],
            pieces[own],
            is_smooth[own],
        )
        n = firsts[rows[row] + 1] - firsts[rows[row]]
        x[:n, 0] = initial[row, :n]
        out[row, 0, :n] = initial[row, :n]
        _integrate_row(system, grid[row], rtol, atol, largest, max_steps, x, trial, k, work, out[row])


@kernel(inner=True)
def _integrate_row(system, times, rtol, atol, largest, max_steps, x, trial, k, work, out):
    """Fills out (T, D) from its second time on as far as it gets."""
    n = system[3] - system[2]
    knots, is_smooth = system[5], system[7]
    t, end, point = times[0], times[-1], 1
    piece = piece_at(t, knots, 0)
    _derivative(system, t, piece, x, work, k[0])
    step = _first_step(k[0], x, n, rtol, atol, end - t)
    for _ in range(max_steps):
        if step < _SMALLEST_STEP * max(abs(t), abs(end)):
            return
        is_last = t + step >= end
        h = end - t if is_last else step
        is_at_knot = not is_smooth and t < knots[piece + 1] < t + h * (1 + _SLACK)
        if is_at_knot:
            h = knots[piece + 1] - t
            is_last = is_last and not knots[piece + 1] < end
        error = _attempt(system, t, piece, h, rtol, atol, x, trial, k, work)
        if not error < np.inf:  # outside the domain, or an enormous step
            step = h * _SMALLEST_FACTOR
            continue
        factor = _SAFETY * error**-0.2 if error > 0 else _LARGEST_FACTOR
        factor = min(_LARGEST_FACTOR, max(_SMALLEST_FACTOR, factor))
        # A step that a knot has cut short says little about the next one.
        step = (
            max(step, h * factor)
            if is_at_knot and error <= 1
            else h * (factor if error <= 1 else min(1.0, factor))
        )
        if error > 1:
            continue
        if not np.max(np.abs(trial[:n, 0])) < largest:
            return
        reached = end if is_last else (knots[piece + 1] if is_at_knot else t + h)
        while point < len(times) and times[point] <= reached:
            _interpolate((times[point] - t) / h, h, x, k, out[point, :n])
            point += 1
        if point == len(times):
            return
        t = reached
        x[:n] = trial[:n]
        piece = piece_at(t, knots, piece)
        if is_at_knot:
            _derivative(system, t, piece, x, work, k[0])
        else:
            k[0, :n] = k[6, :n]  # the last stage is the next step's first


@kernel(inner=True)
def _interpolate(share, h, x, k, out):
    """Sets out to the state at a share of a step h that begins at x and has the stages k."""
    for i in range(len(out)):
        total = 0.0
        for stage in range(7):
            c = _DENSE[stage]
            total += k[stage, i] * share * (c[0] + share * (c[1] + share * (c[2] + share * c[3])))
        out[i] = x[i, 0] + h * total


@kernel(inner=True)
def _attempt(system, t, piece, h, rtol, atol, x, trial, k, work):
    """Sets trial to the state after a step h, and the stages k; returns the error over the tolerance."""
    n = system[3] - system[2]
    is_smooth = system[7]
    for stage in range(1, 7):
        now = t + _C[stage] * h
        for i in range(n):
            total = 0.0
            for earlier in range(stage):
                total += _A[stage, earlier] * k[earlier, i]
            trial[i, 0] = x[i, 0] + h * total
        # Where inputs jump at the end of the step, they count as they were before.
        at = piece_at(now, system[5], piece) if is_smooth else piece
        _derivative(system, now, at, trial, work, k[stage])
    total = 0.0
    for i in range(n):
        estimate = 0.0
        for stage in range(7):
            estimate += _ERROR[stage] * k[stage, i]
        total += (h * estimate / (atol + rtol * max(abs(x[i, 0]), abs(trial[i, 0])))) ** 2
    return np.sqrt(total / n)


@kernel(inner=True)
def _derivative(system, t, piece, x, work, out):
    """Sets out to the derivatives of a system's components at the state x, shape (D + M, 1), and a time."""
    tape, offsets, first, last, constants, knots, pieces, _ = system
    set_inputs(t, knots, pieces, piece, x[last - first :])
    everything = np.empty(0, np.bool_)
    for component in range(first, last):
        start, stop = offsets[component], offsets[component + 1]
        forward_block(tape, start, stop, everything, x, constants[component - first], 0, 1, work)
        out[component - first] = work[stop - start - 1, 0]


@kernel(inner=True)
def _first_step(k, x, n, rtol, atol, span):
    """A step in which the state changes by about the tolerance's root (Hairer, Norsett and Wanner, II.4)."""
    size, speed = 0.0, 0.0
    for i in range(n):
        scale = atol + rtol * abs(x[i, 0])
        size += (x[i, 0] / scale) ** 2
        speed += (k[i] / scale) ** 2
    if size > 1e-10 and 1e-10 < speed < np.inf:
        return min(0.01 * np.sqrt(size / speed), span)
    return 1e-6 * span
