"""Kernels of maps x[k+1] = f(x[k]), and of the inputs that act on maps and on differential equations."""

from __future__ import annotations

import numpy as np

from nsr.evaluate.interpreter import forward_block, longest_run
from nsr.kernels import kernel


@kernel(inner=True)
def piece_at(t, knots, piece):
    """The piece of inputs that holds at a time, not before the one given; the last one goes on."""
    while piece + 2 < len(knots) and t >= knots[piece + 1] and knots[piece + 2] < np.inf:
        piece += 1
    return piece


@kernel(inner=True)
def set_inputs(t, knots, pieces, piece, out):
    """Sets the first of out (at least M, 1) to inputs at a time of a piece.

    Args:
        t: The time.
        knots: Shape (K,).
        pieces: As `nsr.ode.inputs.Inputs` has them, shape (M, K - 1, 4).
        piece: Which of the K - 1.
        out: What is set.
    """
    passed = t - knots[piece]
    for place in range(len(pieces)):
        c = pieces[place, piece]
        out[place, 0] = c[0] + passed * (c[1] + passed * (c[2] + passed * c[3]))


@kernel
def iterate_rows(
    tape,
    offsets,
    firsts,
    rows,
    initial,
    grid,
    constants,
    knots,
    pieces,
    which,
    largest,
    max_steps,
    start,
    stop,
    out,
):
    """Rows start to stop of `nsr.ode.integrate.Systems.integrate`, of maps; times are numbers of steps."""
    width, everything = initial.shape[1], np.empty(0, np.bool_)
    work = np.empty((longest_run(offsets), 1))
    x = np.zeros((width + pieces.shape[1], 1))
    following = np.empty(width)
    for row in range(start, stop):
        first, last, own = firsts[rows[row]], firsts[rows[row] + 1], which[row]
        n, piece, left, times = last - first, 0, max_steps, grid[row]
        x[:n, 0] = initial[row, :n]
        out[row, 0, :n] = initial[row, :n]
        for point in range(1, len(times)):
            n_steps = round(times[point] - times[point - 1])
            left -= n_steps
            if left < 0:
                break
            for step in range(n_steps):
                t = times[point - 1] + step
                piece = piece_at(t, knots[own], piece)
                set_inputs(t, knots[own], pieces[own], piece, x[n:])
                for component in range(n):
                    a, b = offsets[first + component], offsets[first + component + 1]
                    forward_block(tape, a, b, everything, x, constants[row, component], 0, 1, work)
                    following[component] = work[b - a - 1, 0]
                x[:n, 0] = following[:n]
            if not np.max(np.abs(x[:n, 0])) < largest:
                break
            out[row, point, :n] = x[:n, 0]
