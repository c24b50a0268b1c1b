"""Cross-validation: what equations are worth on rows that their constants were not fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, wilcoxon

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.gauss_newton import steps_of_all
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

Array = NDArray[np.float64]

# Constants begin where the fit to all rows has them, so that one short optimisation finds those of a fold.
_EFFORT = Effort(restarts=1, iterations=20)
# With few rows more folds, as each costs little and a fit to fewer rows says less about one to all.
_FEW_ROWS, _FOLDS_OF_FEW, _FOLDS = 200, 10, 5
# Steps after that where rows are few, which are not damped: constants far from one, such as a pair of 179,000
# and 97,500, are damped so much that they would stay near where the fit to all rows has them, and their form
# would seem to predict what it has seen.
_STEPS = 3
# A row is not predicted by rows that leave its value open to this many times their noise: where it is left
# out, nothing moves the constants that it alone has fixed, such as those of a peak that only it is in. With a
# hundred times, far rows that all others do predict, if badly, would count as open, too.
_OPEN = 1e6
# Shares of a row's slopes that are rounding errors.
_ROUNDING = 1e-9
# Standard errors that the sum of signed ranks must be above what chance gives it.
_CLEARLY = 3.0
# Partitions into folds whose losses are averaged: which rows are left out together is chance.
_REPEATS = 2


def held_out_losses(expressions: Sequence[Expression], task: Task, clock: Clock = Clock()) -> Array:
    """Loss of each row, weighted, when it was left out of the fit (Stone, J. R. Stat. Soc. B 36, 1974).

    Args:
        expressions: With the constants of the fit to all rows.
        task: What they explain; it has at least two rows.
        clock: Once it is over the constants of all rows stand for those of the folds that are left.

    Returns:
        Losses whose means over the rows compare the equations, shape (E, P); infinity where an equation has
        no value.
    """
    program = Program(list(expressions), task.n_threads)
    n_folds = min(task.n_rows, _FOLDS_OF_FEW if task.n_rows <= _FEW_ROWS else _FOLDS)
    total = np.zeros((len(expressions), task.n_rows))
    for repeat in range(_REPEATS):
        order = np.random.default_rng((task.seed, repeat)).permutation(task.n_rows)
        for fold in range(n_folds):
            total[:, order[fold::n_folds]] += _of_fold(program, task, order, fold, n_folds, clock)
    losses = total / _REPEATS
    if task.weights is not None:
        losses *= task.weights / np.mean(task.weights)
    return np.where(np.isfinite(losses), losses, np.inf)


class HeldOut:
    """Losses of rows that were left out, as `held_out_losses` has them; no equation is fitted twice.

    Attributes:
        task: What equations explain.

    Args:
        task: See above.
        clock: Once it is over, constants are not fitted again.
    """

    def __init__(self, task: Task, clock: Clock = Clock()) -> None:
        self.task = task
        self._clock = clock
        self._known: dict[Expression, Array] = {}

    def losses(self, expressions: Sequence[Expression]) -> Array:
        """Losses of expressions, at least one, with the constants of the fit to all rows; shape (E, P)."""
        new = [expression for expression in dict.fromkeys(expressions) if expression not in self._known]
        if new:
            self._known.update(zip(new, held_out_losses(new, self.task, self._clock), strict=True))
        return np.array([self._known[expression] for expression in expressions])


def is_as_good(losses: Array, best: Array, within: float, bits: float) -> bool:
    """Whether losses are within some standard errors of others, about as likely, and not more on most rows.

    Beside a pole one row may have nearly all of the mean, and of its standard error. Where a curve is wrong
    for few rows and right for all others, no standard error tells it, but how likely the rows are does.

    Args:
        losses: Of each row, shape (P,).
        best: Of each row by another equation, shape (P,).
        within: Standard errors of the mean difference.
        bits: By which the rows may be less likely.
    """
    difference = losses - best
    if not np.all(np.isfinite(difference)):
        return False
    error = float(np.std(difference)) / np.sqrt(len(difference))
    if np.mean(difference) > within * error or bits_lost(losses, best) > bits:
        return False
    return not is_mostly_more(difference, _CLEARLY)


def bits_lost(losses: Array, best: Array) -> float:
    """Bits by which rows are less likely, where the size of normal errors is told from them.

    Args:
        losses: Of each row, shape (P,).
        best: Of each row by another equation, shape (P,).
    """
    own, other = (max(float(np.mean(one)), math.ulp(0.0)) for one in (losses, best))
    return 0.5 * len(losses) * math.log2(own / other)


def is_mostly_more(differences: Array, errors: float) -> bool:
    """Whether most differences are above zero: Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945).

    Args:
        differences: Shape (P,), finite.
        errors: Standard errors by which the sum of signed ranks must be above what chance gives it.
    """
    told_apart = differences[differences != 0]
    if not len(told_apart):
        return False
    return not wilcoxon(told_apart, alternative="greater").pvalue > norm.sf(errors)


def _of_fold(
    program: Program, task: Task, order: NDArray[np.intp], fold: int, n_folds: int, clock: Clock
) -> Array:
    """Losses of the fold's rows, shape (E, rows); of what the others leave open, those of their level."""
    held_out = order[fold::n_folds]
    kept = np.setdiff1d(order, held_out)
    others = task.of_rows(kept)
    constants = refine(program, others, _EFFORT, clock).constants
    if task.n_rows <= _FEW_ROWS and task.space.constant_bounds is None and not clock.is_over:
        constants = steps_of_all(program, constants, others, _STEPS)
    with np.errstate(all="ignore"):
        predicted = np.asarray(program.values(task.X[held_out], constants), dtype=np.float64)
        if task.n_rows <= _FEW_ROWS:
            predicted[_are_open(program, constants, others, task.X[held_out])] = others.level
        return task.of_rows(held_out).elementwise(predicted)


def _are_open(program: Program, constants: Array, task: Task, X: Array) -> NDArray[np.bool_]:
    """Of which rows X the rows of a task leave the values open, by equation; shape (E, rows).

    The standard error of a value, over that of the noise, is the root of its leverage (Seber and Wild 1989,
    section 5.1).
    """
    slopes = program.jacobian(task.X, constants)[1] * task.root_weights
    others = program.jacobian(X, constants)[1]
    found = np.zeros((len(slopes), len(X)), dtype=np.bool_)
    for place, (own, other) in enumerate(zip(slopes, others, strict=True)):
        size = np.sqrt(np.sum(own**2, axis=1) + np.sum(other**2, axis=1))
        moving = size > 0
        if not moving.any() or not np.all(np.isfinite(size)):
            continue
        left, lengths, _ = np.linalg.svd(own[moving] / size[moving, None])
        along = np.abs(left.T @ (other[moving] / size[moving, None]))
        along[along <= _ROUNDING * np.linalg.norm(along, axis=0)] = 0.0
        known = np.zeros(len(left))
        known[: len(lengths)] = lengths
        found[place] = np.any(along > _OPEN * known[:, None], axis=0)
    return found
