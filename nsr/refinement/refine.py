"""Refinement of constants in bulk: every candidate, every restart, in compiled code.

Measured on the Feynman skeletons (`python -m eval.refinement`), the starting point matters more than the
optimiser; variable projection recovers most from random starts and is the default.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import root_mean_square
from nsr.evaluate.interpreter import sweep_address
from nsr.evaluate.program import Backend, Program
from nsr.evaluate.shapes import require_variables
from nsr.expressions.expression import Expression, apply, variable
from nsr.refinement import batched, optimizers
from nsr.refinement.bounded import move_within
from nsr.refinement.maximum_likelihood import maximise_likelihood
from nsr.task import Task

Array = NDArray[np.float64]
Method = Literal["varpro", "lm", "bfgs"]
METHODS: tuple[Method, ...] = get_args(Method)
# Steps of one local optimisation unless the caller says otherwise; a quasi-Newton step learns less.
_ITERATIONS: dict[Method, int] = {"varpro": 50, "lm": 50, "bfgs": 400}
# Seconds of work of a sweep over one node at one point; and those that a call and each equation take beside.
_SECONDS = 4.5e-10
_SECONDS_A_CALL, _SECONDS_AN_EQUATION = 4e-4, 5e-6
# Sweeps of a step where they are not counted.
_SWEEPS_OF_STEP = 4
# Expressions refined between two looks at the clock.
_SLICE = 16
# Multiplications of a slice that take so long that the clock must be able to break in.
_LONG = 1e8


class Effort(NamedTuple):
    """What the refinement of an equation may cost.

    Attributes:
        restarts: Local optimisations at most: from the equation's own constants, then each from the best of a
            few points drawn from N(0, 1) (`nsr.refinement.optimizers.draw_start`).
        points: Rows at most that constants are fitted to, drawn at random; all by default.
        iterations: Steps of each local optimisation; 50 by default, 400 for BFGS.
    """

    restarts: int = 8
    points: int | None = None
    iterations: int | None = None


@dataclass(frozen=True)
class Refined:
    """Refined constants of E expressions.

    Attributes:
        constants: Best values found, shape (E, K), padded like `Program.constants`.
        loss: Loss with them on all rows of the task, shape (E,); infinity where the expression was never
            finite, or its turn did not come before the clock was over.
        fits: Local optimisations run.
    """

    constants: Array
    loss: Array
    fits: int


def refine(
    expressions: Sequence[Expression] | Program,
    task: Task,
    effort: Effort = Effort(),
    clock: Clock = Clock(),
    *,
    method: Method = "varpro",
    tolerance: float = 1e-20,
    random_first: bool = False,
) -> Refined:
    """Fits the free constants of expressions to a task: by least squares, and for other losses from there.

    Where the task's space has bounds of constants they are the best within these.

    Args:
        expressions: What to fit, or a program of it.
        task: What they are to explain.
        effort: What each expression may cost.
        clock: Once it is over no further expression is begun, and the one at work ends.
        method: Variable projection, Levenberg-Marquardt or BFGS. Programs on the torch backend are
            refined by Levenberg-Marquardt in batches whatever the method.
        tolerance: Mean squared error over the target's mean square that counts as success and ends
            the work on an expression.
        random_first: Draw the first starting point too.

    Returns:
        Constants and losses, in the order of the expressions.

    Raises:
        ValueError: If X lacks a variable.
    """
    program = expressions if isinstance(expressions, Program) else Program(expressions, task.n_threads)
    require_variables(program.tape.n_variables, task.n_variables)
    some = task
    if effort.points is not None and effort.points < task.n_rows:
        rng = np.random.default_rng(task.seed)
        some = task.of_rows(np.sort(rng.choice(task.n_rows, effort.points, replace=False)))
    iterations = effort.iterations or _ITERATIONS[method]
    settings = _Settings(method, effort.restarts, iterations, tolerance, task.seed, random_first)
    fitting = _Fitting(program, some.X, some.y, some.root_weights, settings, clock)
    with _ended_by(fitting):
        _in_slices(len(program.n_constants), task.n_threads, clock, fitting.run)
    clock.spend(fitting.work)
    if not task.loss.is_quadratic:
        maximise_likelihood(program, program.constants, fitting.best, some, iterations, clock)
    if task.space.constant_bounds is not None:
        move_within(program, fitting.best, some, clock)
    losses = _losses(program, fitting.best, task, fitting.losses)
    return Refined(fitting.best, losses, int(fitting.fits.sum()))


class _Settings(NamedTuple):
    """How least squares is solved; see `refine` and `Effort`."""

    method: Method
    restarts: int
    iterations: int
    tolerance: float
    seed: int
    random_first: bool


class _Fitting:
    """Weighted least squares for all expressions: what is given and, as the work goes on, what is found.

    Attributes:
        best: Best constants, shape (E, K).
        losses: Their mean squared weighted residuals on the rows fitted, relative to the weighted target's
            mean square, shape (E,).
        fits: Local optimisations of each expression, shape (E,).
        sweeps: How often its values or derivatives were computed, shape (E,).
        tolerance: The tolerance, shape (1,); raised to infinity it ends what the kernels are at.
    """

    def __init__(
        self, program: Program, X: Array, y: Array, weights: Array, settings: _Settings, clock: Clock
    ) -> None:
        n_expressions = len(program.n_constants)
        self.best = program.constants.copy()
        self.losses = np.full(n_expressions, np.inf)
        self.fits = np.zeros(n_expressions, dtype=np.int64)
        self.sweeps = np.zeros(n_expressions, dtype=np.int64)
        self.settings = settings
        self.clock = clock
        self.tolerance = np.array([settings.tolerance])
        self._program, self._table, self._target = program, X, y
        if np.ptp(weights) > 0:
            # Weights are one more variable that everything is multiplied by: no kernel need know of them.
            self._program = _weighted(program, X.shape[1])
            self._table, self._target = np.column_stack((X, weights)), y * weights
        # Of one layout, and not of users' read-only tables: for any other the kernel would be compiled again.
        self._columns, self._target = (
            np.require(a, requirements=("C", "W")) for a in (self._table.T, self._target)
        )
        self._scale = root_mean_square(self._target) or 1.0

    @property
    def most_operations(self) -> float:
        """Multiplications that one slice may take, nearly all for normal equations."""
        settings, n_constants = self.settings, int(self._program.n_constants.max(initial=0))
        return _SLICE * n_constants**2 * len(self._target) * settings.restarts * settings.iterations

    @property
    def work(self) -> float:
        """Seconds that the local optimisations so far take, about."""
        nodes = float(self.sweeps @ np.diff(self._program.tape.offsets))
        return (
            _SECONDS_A_CALL + _SECONDS_AN_EQUATION * len(self.sweeps) + _SECONDS * len(self._target) * nodes
        )

    def run(self, begin: int, end: int) -> None:
        """Refines expressions begin to end."""
        settings = self.settings
        if self._program.backend == "torch":
            self._run_batched(np.arange(begin, end))
            return
        tape = self._program.tape
        task = (
            sweep_address(self._target.dtype), tape.nodes, tape.active, tape.affine, tape.offsets,
            tape.n_constants, tape.linear, self._columns, self._target, self._scale,
            self._program.constants[: 0 if settings.random_first else None], settings.restarts, settings.seed,
        )  # fmt: skip
        limits = (
            settings.iterations,
            self.tolerance,
            begin,
            end,
            self.best,
            self.losses,
            self.fits,
            self.sweeps,
        )
        if settings.method == "bfgs":
            optimizers.bfgs_kernel(*task, *limits)
        else:
            optimizers.least_squares_kernel(*task, settings.method == "varpro", *limits)

    def _run_batched(self, index: NDArray[np.int64]) -> None:
        """As the compiled kernel, with one restart of all expressions at a time."""
        program, settings = self._program, self.settings
        for restart in range(settings.restarts):
            index = index[self.losses[index] > settings.tolerance]
            if self.clock.is_over:
                break
            rng = np.random.default_rng((settings.seed, restart))
            starts = rng.standard_normal(program.constants.shape)[index]
            if restart == 0 and not settings.random_first:
                starts = program.constants[index]
            if len(index) == 0:
                break
            constants, losses = batched.levenberg_marquardt(
                batched.ProgramFit(program, self._table, self._target, self._scale, index),
                starts,
                batched.IDENTITY,
                max_iterations=settings.iterations,
                tolerance=settings.tolerance,
                clock=self.clock,
            )
            self.fits[index] += np.isfinite(losses)
            self.sweeps[index] += _SWEEPS_OF_STEP * settings.iterations
            better = losses < self.losses[index]
            self.losses[index[better]], self.best[index[better]] = losses[better], constants[better]


def _weighted(program: Program, column: int) -> Program:
    """The expressions times a variable, whose values are the weights."""
    weighted = [apply("mul", variable(column), e) for e in program.expressions]
    backend: Backend = "compiled" if program.backend == "compiled" else "torch"
    return Program(weighted, program.n_threads, backend=backend, device=program.device)


@contextmanager
def _ended_by(fitting: _Fitting) -> Iterator[None]:
    """Ends even a single long optimisation when its clock is over."""
    clock = fitting.clock
    if clock.left == math.inf or fitting.most_operations < _LONG:
        yield
        return
    alarm = threading.Timer(clock.left, fitting.tolerance.fill, [np.inf])
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _in_slices(n: int, n_threads: int, clock: Clock, work: Callable[[int, int], None]) -> None:
    def on_time(begin: int) -> None:
        if not clock.is_over:
            work(begin, min(begin + _SLICE, n))

    if n_threads == 1:
        for begin in range(0, n, _SLICE):
            on_time(begin)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(on_time, range(0, n, _SLICE)))


def _losses(program: Program, constants: Array, task: Task, losses: Array) -> Array:
    """Losses on all rows, infinity where no fit was finite."""
    index = np.flatnonzero(np.isfinite(losses))
    losses = np.full(len(constants), np.inf)
    with np.errstate(all="ignore"):
        losses[index] = task.mean_loss(program.values(task.X, constants[index], index))
    return losses
