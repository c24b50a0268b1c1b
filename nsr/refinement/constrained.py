"""Constants fitted under shape constraints."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import NonlinearConstraint, minimize

from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import holds
from nsr.expressions.expression import Expression
from nsr.expressions.shape import Shape
from nsr.expressions.simplify import simplify
from nsr.task import FEW_ROWS, Task

Array = NDArray[np.float64]

# Steps of a fit, the share of the best constant's loss by which they must lessen it, and of each constraint
# the margins that it minds: those that are least where a step begins.
_MOST_STEPS, _LEAST_GAIN, _MOST_MARGINS = 30, 1e-9, 8
# Constants are moved by this share of their size for slopes.
_STEP = 1e-6
# Newton steps to what must hold exactly; the share of its size to which a constant that has to vanish falls,
# and by which one may differ from the limit that it is.
_NEWTON_STEPS, _VANISHED, _SAME = 4, 1e-3, 1e-6
# More constants, of each group, are not fitted.
_MOST_CONSTANTS = 12
# What stands for a number that is not finite.
_HUGE = 1e12


def fitted_to_shape(expression: Expression, task: Task, n_rows: int = FEW_ROWS) -> Expression | None:
    """An equation with constants of little loss that give it the shape which the task's space asks for.

    By sequential least squares programming (Kraft, DFVLR-FB 88-28, 1988), and from there to the nearest
    constants that keep to it, as limits are to be met to rounding.

    Args:
        expression: With constants to begin with.
        task: What it is to explain; its space has a shape.
        n_rows: How many of its rows are looked at.

    Returns:
        None where no such constants are found.
    """
    assert task.space.shape is not None
    own, some, shape = np.array(expression.constants), task.first(n_rows), task.space.shape
    if not 0 < len(own) <= _MOST_CONSTANTS * max(shape.n_groups, 1) or np.any(own == 0):
        return None
    for look in (shape, shape.closely):  # which takes longer
        fitted = _fitted(expression, some, look)
        if fitted is None or not holds([fitted], look)[0]:
            return None
        if holds([fitted], shape.closely)[0]:
            return with_limits(fitted, shape)
        expression = fitted
    return None


def without_vanished(before: Expression, fitted: Expression, shape: Shape) -> Expression | None:
    """A fitted equation, without the constants that had to vanish where that leaves it its shape.

    Args:
        before: With the constants that it had.
        fitted: With those that give it the shape.
        shape: That shape.

    Returns:
        None where nothing is left but a constant.
    """
    pairs = zip(before.constants, fitted.constants, strict=True)
    values = [0.0 if abs(own) <= _VANISHED * abs(start) else own for start, own in pairs]
    if 0.0 not in values:
        return fitted
    shorter = simplify(fitted.with_constants(values))
    if not holds([shorter], shape.closely)[0]:
        return fitted
    return shorter if shorter.variables else None


def with_limits(expression: Expression, shape: Shape | None) -> Expression:
    """An equation, with constants that are stated limits but for rounding as they were stated."""
    if shape is None or not shape.limits:
        return expression
    values = [
        next((math.copysign(one, own) for one in shape.limits if abs(abs(own) - one) <= _SAME * one), own)
        for own in expression.constants
    ]
    if values == list(expression.constants):
        return expression
    stated = expression.with_constants(values)
    return stated if holds([stated], shape.closely)[0] else expression


def _fitted(expression: Expression, task: Task, shape: Shape) -> Expression | None:
    own, problem = np.array(expression.constants), _Problem(expression, task, shape)
    with np.errstate(all="ignore"):
        found = minimize(
            problem.loss,
            np.ones(len(own)),
            jac=True,
            method="SLSQP",
            constraints=NonlinearConstraint(problem.margins, 0.0, np.inf, jac=problem.margin_slopes),
            options={"maxiter": _MOST_STEPS, "ftol": _LEAST_GAIN},
        )
    if not np.all(np.isfinite(found.x)):
        return None
    fitted = expression.with_constants((own * found.x).tolist())
    if holds([fitted], shape)[0]:
        return fitted
    return expression.with_constants((own * problem.corrected(found.x)).tolist())


class _Problem:
    """Losses and margins by factors of an equation's constants, with slopes by differences.

    Args:
        expression: With constants other than 0.
        task: What it explains.
        shape: Which it is to have.
    """

    def __init__(self, expression: Expression, task: Task, shape: Shape) -> None:
        self._task, self._shape = task, shape
        self._program = Program([expression])
        self._constants = np.array(expression.constants)
        self._rows = np.concatenate((task.X, self._shape.points))
        self._factors: Array = np.empty(0)
        self._loss: Array = np.empty(0)
        self._margins: Array = np.empty(0)

    def loss(self, factors: Array) -> tuple[float, Array]:
        """Loss as a share of that of the best constant, and its slopes, shape (K,)."""
        self._look(factors)
        return float(self._loss[0]), np.asarray((self._loss[1:] - self._loss[0]) / _STEP)

    def margins(self, factors: Array) -> Array:
        """Margins that are least, as shares of the equation's size, shape (M,)."""
        self._look(factors)
        return np.asarray(self._margins[0])

    def margin_slopes(self, factors: Array) -> Array:
        """Their slopes, shape (M, K)."""
        self._look(factors)
        return np.asarray((self._margins[1:] - self._margins[0]) / _STEP).T

    def corrected(self, factors: Array) -> Array:
        """Factors, moved as little as leads to where margins are not negative, by Newton's method."""
        for _ in range(_NEWTON_STEPS):
            margins, slopes = self.margins(factors), self.margin_slopes(factors)
            missed = margins < 0
            if not missed.any() or not np.all(np.isfinite(slopes)):
                break
            factors = factors + np.linalg.lstsq(slopes[missed], -margins[missed], rcond=1e-9)[0]
        return factors

    def _look(self, factors: Array) -> None:
        """Values at these factors, and with each of them moved a little."""
        if np.array_equal(factors, self._factors):
            return
        self._factors = factors.copy()
        moved = factors + _STEP * np.concatenate((np.zeros((1, len(factors))), np.eye(len(factors))))
        index = np.zeros(len(moved), dtype=np.intp)
        values = self._program.values(self._rows, moved * self._constants, index)
        values = np.nan_to_num(values, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE)
        n_rows = self._task.n_rows
        losses = self._task.mean_loss(values[:, :n_rows]) / (self._task.null_loss or 1.0)
        self._loss = np.minimum(losses, _HUGE)
        at_points = values[:, n_rows:]
        margins = self._shape.margins(np.asarray(at_points, dtype=np.float64))
        parts = [part[:, np.argsort(part[0], kind="stable")[:_MOST_MARGINS]] for part in margins]
        self._margins = np.concatenate(parts, axis=1) / np.max(np.abs(at_points[0]), initial=1e-300)
