"""Constants within bounds that the user sets, of many equations at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.space import signs_of_constants
from nsr.refinement import batched
from nsr.refinement.maximum_likelihood import LikelihoodFit
from nsr.task import ROWS, Task

Array = NDArray[np.float64]

# Steps of a fit, starting points that are drawn beside the one given, and how far from zero they are at most.
_STEPS, _N_DRAWN, _FAR = 40, 2, 10.0
# Share of its loss by which a step must lessen it.
_LEAST_GAIN = 1e-10
# Seconds of work for the steps of a fit over one row.
_SECONDS = 2e-6


def move_within(program: Program, constants: Array, task: Task, clock: Clock) -> None:
    """Moves constants that are out of the bounds of a task's space to where the loss is least within them.

    By Levenberg and Marquardt's method, whose steps end at the bounds (Kanzow, Yamashita and Fukushima,
    Journal of Computational and Applied Mathematics 172, 2004); from the nearest constants within, and from
    some that are drawn.

    Args:
        program: E expressions.
        constants: Shape (E, K); receives the best.
        task: What they are to explain; its space has bounds.
        clock: Is told of the work; once it is over no further step is tried.
    """
    low, high = _ends(program.expressions, constants.shape, task)
    outside = np.flatnonzero(np.any((constants < low) | (constants > high), axis=1))
    if not len(outside):
        return
    some = task.first(ROWS)
    low, high, own = low[outside], high[outside], constants[outside]
    drawn = np.clip(-_FAR, low, high), np.clip(_FAR, low, high)
    rng = np.random.default_rng(task.seed)
    starts = [np.clip(own, low, high), *(rng.uniform(*drawn) for _ in range(_N_DRAWN))]
    n_starts = len(starts)
    weights = np.ones(some.n_rows) if some.weights is None else some.weights / np.mean(some.weights)
    values, losses = batched.levenberg_marquardt(
        LikelihoodFit(program, some, np.tile(outside, n_starts), weights),
        np.concatenate(starts),
        batched.SCALED,
        max_iterations=_STEPS,
        least_gain=_LEAST_GAIN,
        clock=clock,
        bounds=(np.tile(low, (n_starts, 1)), np.tile(high, (n_starts, 1))),
    )
    clock.spend(_SECONDS * some.n_rows * len(losses))
    best = np.argmin(losses.reshape(n_starts, -1), axis=0)
    constants[outside] = values.reshape(n_starts, len(outside), -1)[best, np.arange(len(outside))]


def fitted_within(expressions: Sequence[Expression], task: Task, clock: Clock) -> list[Expression]:
    """Equations with those constants that are out of the bounds of a task's space moved within, as above."""
    if not expressions:
        return []
    program = Program(list(expressions), task.n_threads)
    constants = program.constants.copy()
    move_within(program, constants, task, clock)
    return program.expressions_with(constants)


def _ends(expressions: Sequence[Expression], shape: tuple[int, ...], task: Task) -> tuple[Array, Array]:
    """Bounds of each constant, of either sign before it; of padding there are none, shape (E, K) each."""
    assert task.space.constant_bounds is not None
    low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
    for row, expression in enumerate(expressions):
        signs = np.array(signs_of_constants(expression))
        ends = np.sort(signs[:, None] * np.array(task.space.constant_bounds), axis=1)
        low[row, : len(signs)], high[row, : len(signs)] = ends.T.reshape(2, -1)
    return low, high
