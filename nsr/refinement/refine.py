"""Refinement of constants in bulk: every candidate, every restart, in compiled code.

Measured on the Feynman skeletons (`python -m eval.refinement`), the starting point matters more than the
optimiser; variable projection recovers most from random starts and is the default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.data.scaling import root_mean_square
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement import batched, optimizers

Method = Literal["varpro", "lm", "bfgs"]
METHODS: dict[Method, int] = {
    "varpro": optimizers.VARPRO, "lm": optimizers.LM, "bfgs": optimizers.BFGS,
}  # fmt: skip

# Steps of one local optimisation unless the caller says otherwise; a quasi-Newton step learns less.
_ITERATIONS: dict[Method, int] = {"varpro": 50, "lm": 50, "bfgs": 400}
# Expressions refined between two looks at the clock.
_SLICE = 16


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
    max_iterations: int | None = None,
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
        method: Variable projection, Levenberg-Marquardt or BFGS. Programs on the torch backend are
            refined by Levenberg-Marquardt in batches whatever the method.
        restarts: Local optimisations of each expression at most: from its own constants, then each from
            the best of a few points drawn from N(0, 1) (`nsr.refinement.optimizers.draw_start`).
        max_iterations: Of each local optimisation; 50 by default, 400 for BFGS.
        tolerance: Mean squared error over the target's mean square that counts as success and ends
            the work on an expression.
        max_points: Fit a random subset of this many points; the loss is always that of all points.
        seed: Seed of starting points and subset.
        n_threads: Threads that expressions are split over.
        deadline: Time by `time.monotonic()` after which no further expression is begun.
        random_first: Draw the first starting point too.

    Returns:
        Constants and losses, in the order of the expressions.
    """
    program = expressions if isinstance(expressions, Program) else Program(expressions, n_threads)
    table, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rows = np.arange(len(target))
    if max_points is not None and max_points < len(target):
        rows = np.random.default_rng(seed).choice(len(target), max_points, replace=False)
    task = _Task(
        program, table[rows], target[rows], METHODS[method], restarts, max_iterations or _ITERATIONS[method],
        tolerance, seed, random_first,
    )  # fmt: skip
    _in_slices(len(program.expressions), n_threads, deadline, task.run)
    return Refined(task.best, _losses(program, task.best, table, target, task.losses), int(task.fits.sum()))


class _Task:
    """One call of `refine`: its settings and, as the work goes on, its results.

    Attributes:
        best: Best constants, shape (E, K).
        losses: Their mean squared residuals on the points fitted, relative to the target's mean square,
            shape (E,).
        fits: Local optimisations of each expression, shape (E,).
    """

    def __init__(
        self,
        program: Program,
        X: NDArray[np.float64],
        y: NDArray[np.float64],
        method: int,
        restarts: int,
        max_iterations: int,
        tolerance: float,
        seed: int,
        random_first: bool,
    ) -> None:
        n_expressions = len(program.expressions)
        self.best = program.constants.copy()
        self.losses = np.full(n_expressions, np.inf)
        self.fits = np.zeros(n_expressions, dtype=np.int64)
        self._program, self._X, self._y = program, X, y
        self._columns = np.ascontiguousarray(X.T)
        self._scale = root_mean_square(y) or 1.0
        self._method, self._restarts, self._seed = method, restarts, seed
        self._max_iterations, self._tolerance = max_iterations, tolerance
        self._random_first = random_first

    def run(self, begin: int, end: int) -> None:
        """Refines expressions begin to end."""
        if self._program.backend == "torch":
            self._run_batched(np.arange(begin, end))
            return
        tape = self._program.tape
        optimizers.refine_kernel(
            tape.nodes, tape.active, tape.affine, tape.offsets, tape.n_constants, tape.linear, self._columns,
            self._y, self._scale, self._program.constants[: 0 if self._random_first else None],
            self._restarts, self._seed, self._method, self._max_iterations, self._tolerance, begin, end,
            self.best, self.losses, self.fits,
        )  # fmt: skip

    def _run_batched(self, index: NDArray[np.int64]) -> None:
        """As the compiled kernel, with one restart of all expressions at a time."""
        program = self._program
        for restart in range(self._restarts):
            index = index[self.losses[index] > self._tolerance]
            rng = np.random.default_rng((self._seed, restart))
            starts = rng.standard_normal(program.constants.shape)[index]
            if restart == 0 and not self._random_first:
                starts = program.constants[index]
            if len(index) == 0:
                break
            constants, losses = batched.levenberg_marquardt(
                batched.ProgramFit(program, self._X, self._y, self._scale, index),
                starts,
                batched.IDENTITY,
                max_iterations=self._max_iterations,
                tolerance=self._tolerance,
            )
            self.fits[index] += np.isfinite(losses)
            better = losses < self.losses[index]
            self.losses[index[better]], self.best[index[better]] = losses[better], constants[better]


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
    losses: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean squared errors on all points, infinity where no fit was finite."""
    index = np.flatnonzero(np.isfinite(losses))
    with np.errstate(all="ignore"):
        error = np.mean((program.values(X, constants[index], index) - y) ** 2, axis=1)
    losses = np.full(len(constants), np.inf)
    losses[index] = np.where(np.isfinite(error), error, np.inf)
    return losses
