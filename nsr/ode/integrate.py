"""Integrates many systems of ordinary differential equations at once, on NSR's evaluator.

Dormand and Prince's explicit method of order 5 with an error estimate of order 4 (J. Comp. Appl. Math. 6,
1980, 19-26); each system has its own step size, and states between steps are interpolated. Stiff systems take
many small steps; one that takes too many, or leaves the domain of its equations, is NaN from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.interpreter import forward_block, longest_run
from nsr.evaluate.kernels import kernel
from nsr.evaluate.program import Program, split_rows
from nsr.evaluate.shapes import require_index, require_shape, require_variables
from nsr.expressions.expression import Expression

Array = NDArray[np.float64]

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
# Shares of the time that are no step any more.
_SMALLEST_STEP = 1e-15


class Systems:
    """Systems compiled for integration.

    Attributes:
        program: All components, system after system.
        first: Index of each system's first component, and the end of the last, shape (S + 1,).
    """

    def __init__(self, systems: Sequence[Sequence[Expression]]) -> None:
        """Compiles systems; component i of a system is dx_i/dt, an expression of x_0, x_1, ...

        Raises:
            ValueError: If a component uses a variable that is not a state of its system, or an operator that
                is not built in.
        """
        self.program = Program([component for system in systems for component in system])
        self.first = np.concatenate(([0], np.cumsum([len(system) for system in systems]))).astype(np.int64)
        for start, stop in pairwise(self.first.tolist()):
            require_variables(self.program.tape.n_variables[start:stop], stop - start)
        if not self.program.tape.is_builtin:
            raise ValueError("the integrator is compiled for built-in operators; write the system with those")

    def integrate(
        self,
        initial: Array,
        times: Array,
        constants: Array | None = None,
        index: NDArray[np.int64] | None = None,
        *,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        max_steps: int = 20_000,
        largest: float = 1e12,
        n_threads: int = 1,
    ) -> Array:
        """Integrates rows, each a system with its own initial values and constants.

        Args:
            initial: Initial values, shape (R, D); columns beyond a system's own are not read.
            times: Ascending times, the first that of the initial values, shape (T,) or (R, T).
            constants: Free constants of each row, shape (R, K): those of its first component, then of the
                second, and so on; the expressions' own by default.
            index: Which system each row is, shape (R,); by default row r is system r.
            rtol: Relative tolerance of a step.
            atol: Absolute tolerance of a step.
            max_steps: Steps after which a row is given up.
            largest: Magnitude of a state beyond which a row is given up.
            n_threads: Threads that share the rows.

        Returns:
            States, shape (R, T, D); NaN in columns beyond a system's own, and after a row was given up.

        Raises:
            ValueError: If the shapes do not go together, or an index is not that of a system.
        """
        rows = np.arange(len(initial)) if index is None else np.asarray(index, dtype=np.int64)
        self._check(rows, initial, times, constants)
        grid = _owned(np.broadcast_to(times, (len(rows), np.shape(times)[-1])))
        table = self._constants(rows, constants)
        out = np.full((len(rows), grid.shape[1], initial.shape[1]), np.nan)
        start = _owned(initial)
        tape = self.program.tape
        arguments = (
            tape.nodes,
            tape.offsets,
            self.first,
            rows,
            start,
            grid,
            table,
            rtol,
            atol,
            largest,
            max_steps,
        )
        split_rows(len(rows), n_threads, lambda a, b: _integrate_rows(*arguments, a, b, out))
        return out

    @property
    def n_systems(self) -> int:
        """How many systems there are."""
        return len(self.first) - 1

    @property
    def n_constants(self) -> NDArray[np.int64]:
        """Free constants of each system, shape (S,)."""
        return np.add.reduceat(self.program.n_constants, self.first[:-1])

    @property
    def constants(self) -> Array:
        """The systems' own constants as `integrate` takes them, padded with 0, shape (S, K)."""
        result = np.zeros((self.n_systems, max(1, int(self.n_constants.max(initial=0)))))
        for system, (start, stop) in enumerate(zip(self.first, self.first[1:], strict=False)):
            own = [self.program.constants[i, : self.program.n_constants[i]] for i in range(start, stop)]
            joined = np.concatenate(own)
            result[system, : len(joined)] = joined
        return result

    def _check(self, rows: NDArray[np.int64], initial: Array, times: Array, constants: Array | None) -> None:
        """Makes sure that the kernel will not read past an array's end."""
        require_index(rows, self.n_systems)
        require_shape("initial", initial, len(rows), int(np.diff(self.first)[rows].max(initial=0)))
        if np.shape(times)[-1:] in ((), (0,)):
            raise ValueError("times must hold at least the time of the initial values")
        if constants is not None:
            require_shape("constants", constants, len(rows), int(self.n_constants[rows].max(initial=0)))

    def _constants(self, rows: NDArray[np.int64], constants: Array | None) -> Array:
        """Constants by row and component, shape (R, D, K)."""
        flat = self.constants[rows] if constants is None else constants
        counts, widest = self.program.n_constants, self.program.constants.shape[1]
        n_components = int(np.diff(self.first).max())
        table = np.zeros((len(rows), n_components, widest))
        for row, system in enumerate(rows):
            taken = 0
            for place, component in enumerate(range(self.first[system], self.first[system + 1])):
                table[row, place, : counts[component]] = flat[row, taken : taken + counts[component]]
                taken += counts[component]
        return table


def _owned(values: Array) -> Array:
    """Contiguous and writable: the kernel is compiled again for arrays that are only to be read."""
    return np.require(values, np.float64, ["C", "W"])


@kernel
def _integrate_rows(
    tape, offsets, firsts, rows, initial, grid, constants, rtol, atol, largest, max_steps, start, stop, out
):
    """Rows start to stop of `Systems.integrate`."""
    width = initial.shape[1]
    work = np.empty((longest_run(offsets), 1))
    k = np.empty((7, width))
    x, trial = np.zeros((width, 1)), np.zeros((width, 1))
    for row in range(start, stop):
        system = (tape, offsets, firsts[rows[row]], firsts[rows[row] + 1], constants[row])
        n = firsts[rows[row] + 1] - firsts[rows[row]]
        x[:n, 0] = initial[row, :n]
        out[row, 0, :n] = initial[row, :n]
        _derivative(system, x, work, k[0])
        _integrate_row(system, grid[row], rtol, atol, largest, max_steps, x, trial, k, work, out[row])


@kernel(inner=True)
def _integrate_row(system, times, rtol, atol, largest, max_steps, x, trial, k, work, out):
    """Fills out (T, D) from its second time on as far as it gets; k[0] holds the derivatives at x."""
    n = system[3] - system[2]
    t, end, point = times[0], times[-1], 1
    step = _first_step(k[0], x, n, rtol, atol, end - t)
    for _ in range(max_steps):
        if step < _SMALLEST_STEP * max(abs(t), abs(end)):
            return
        is_last = t + step >= end
        h = end - t if is_last else step
        error = _attempt(system, h, rtol, atol, x, trial, k, work)
        if not error < np.inf:  # outside the domain, or an enormous step
            step = h * _SMALLEST_FACTOR
            continue
        factor = _SAFETY * error**-0.2 if error > 0 else _LARGEST_FACTOR
        factor = min(_LARGEST_FACTOR, max(_SMALLEST_FACTOR, factor))
        step = h * (factor if error <= 1 else min(1.0, factor))
        if error > 1:
            continue
        if not np.max(np.abs(trial[:n, 0])) < largest:
            return
        reached = end if is_last else t + h
        while point < len(times) and times[point] <= reached:
            _interpolate((times[point] - t) / h, h, x, k, out[point, :n])
            point += 1
        if point == len(times):
            return
        t = reached
        x[:n] = trial[:n]
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
def _attempt(system, h, rtol, atol, x, trial, k, work):
    """Sets trial to the state after a step h, and the stages k; returns the error over the tolerance."""
    n = system[3] - system[2]
    for stage in range(1, 7):
        for i in range(n):
            total = 0.0
            for earlier in range(stage):
                total += _A[stage, earlier] * k[earlier, i]
            trial[i, 0] = x[i, 0] + h * total
        _derivative(system, trial, work, k[stage])
    total = 0.0
    for i in range(n):
        estimate = 0.0
        for stage in range(7):
            estimate += _ERROR[stage] * k[stage, i]
        total += (h * estimate / (atol + rtol * max(abs(x[i, 0]), abs(trial[i, 0])))) ** 2
    return np.sqrt(total / n)


@kernel(inner=True)
def _derivative(system, x, work, out):
    """Sets out to the derivatives of a system's components at the state x, shape (D, 1)."""
    tape, offsets, first, last, constants = system
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
