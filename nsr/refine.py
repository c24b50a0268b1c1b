"""Refinement of constants in bulk: every candidate, every restart, in compiled code.

Measured on the Feynman skeletons, the starting point matters more than the optimiser; variable
projection recovers most from random starts and is the default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr import optimizers
from nsr.expression import Expression
from nsr.program import Program
from nsr.scaling import root_mean_square

Method = Literal["varpro", "lm", "bfgs"]
METHODS: dict[Method, int] = {
    "varpro": optimizers.VARPRO, "lm": optimizers.LM, "bfgs": optimizers.BFGS,
}  # fmt: skip

# Expressions refined between two looks at the clock.
_SLICE = 16

# Starting points drawn for each local optimisation wanted: some lie outside an expression's domain.
_SPARE = 4


@dataclass(frozen=True)
class Refined:
    """Refined constants of E expressions.

    Attributes:
        constants: Best values found, shape (E, K), padded like `Program.constants`.
        loss: Mean squared error with them on all given points, shape (E,); infinity where the
            expression was never finite, or its turn did not come before the deadline.
        fits: Local optimisations run.
    """

    constants: NDArray[np.float64]
    loss: NDArray[np.float64]
    fits: int


def refine(
    expressions: Sequence[Expression] | Program,
    X: ArrayLike,
    y: ArrayLike,
    *,
    method: Method = "varpro",
    restarts: int = 8,
    max_iterations: int = 50,
    tolerance: float = 1e-20,
    max_points: int | None = None,
    seed: int = 0,
    n_threads: int = 1,
    deadline: float | None = None,
    random_first: bool = False,
) -> Refined:
    """Fits the free constants of expressions to data by least squares.

    Args:
        expressions: What to fit, or a program of it.
        X: Variables, shape (P, D), finite.
        y: Target, shape (P,), finite.
        method: Variable projection, Levenberg-Marquardt or BFGS.
        restarts: Starting points of each expression: its own constants, then N(0, 1).
        max_iterations: Of each local optimisation.
        tolerance: Mean squared error over the target's mean square that counts as success and ends
            the work on an expression.
        max_points: Fit a random subset of this many points; the loss is always that of all points.
        seed: Seed of starting points and subset.
        n_threads: Threads that expressions are split over.
        deadline: Time by `time.monotonic()` after which no further expression is begun.
        random_first: Take the first starting point from N(0, 1) too.

    Returns:
        Constants and losses, in the order of the expressions.
    """
    program = expressions if isinstance(expressions, Program) else Program(expressions, n_threads)
    table, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rng = np.random.default_rng(seed)
    starts = rng.standard_normal((len(program.expressions), _SPARE * restarts, program.constants.shape[1]))
    if not random_first:
        starts[:, 0] = program.constants
    rows = np.arange(len(target))
    if max_points is not None and max_points < len(target):
        rows = rng.choice(len(target), max_points, replace=False)
    best, fits = program.constants.copy(), np.zeros(len(starts), dtype=np.int64)
    tried = np.zeros(len(starts), dtype=np.bool_)
    losses = np.full(len(starts), np.inf)
    tape = program.tape
    columns = np.ascontiguousarray(table[rows].T)
    scale = root_mean_square(target[rows]) or 1.0

    def work(begin: int, end: int) -> None:
        optimizers.refine_kernel(
            tape.nodes, tape.active, tape.affine, tape.offsets, tape.n_constants, tape.linear, columns,
            target[rows], scale, starts, restarts, METHODS[method], max_iterations, tolerance, begin, end,
            best, losses, fits,
        )  # fmt: skip
        tried[begin:end] = True

    _in_slices(len(starts), n_threads, deadline, work)
    return Refined(best, _losses(program, best, table, target, tried & np.isfinite(losses)), int(fits.sum()))


def _in_slices(n: int, n_threads: int, deadline: float | None, work: Callable[[int, int], None]) -> None:
    def on_time(begin: int) -> None:
        if deadline is None or time.monotonic() < deadline:
            work(begin, min(begin + _SLICE, n))

    if n_threads == 1:
        for begin in range(0, n, _SLICE):
            on_time(begin)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(on_time, range(0, n, _SLICE)))


def _losses(
    program: Program,
    constants: NDArray[np.float64],
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Mean squared errors of the usable expressions on all points, infinity for the others."""
    index = np.flatnonzero(usable)
    losses = np.full(len(constants), np.inf)
    with np.errstate(all="ignore"):
        error = np.mean((program.values(X, constants[index], index) - y) ** 2, axis=1)
    losses[index] = np.where(np.isfinite(error), error, np.inf)
    return losses
