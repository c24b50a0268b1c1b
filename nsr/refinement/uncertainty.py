"""How well data fix the constants of an equation and what it predicts: standard errors and intervals.

Linearised at the constants of greatest likelihood (Seber and Wild, Nonlinear Regression, Wiley 1989,
sections 2.1 and 5.1): their covariance is the noise's variance times the inverse of J^T W J, with the
Jacobian J of the equation by its constants and the weights W of the rows. For squared errors this is least
squares' covariance, for deviances that of their quasi-likelihood (McCullagh and Nelder 1989, section 9.2),
and for losses that make little of far rows Huber's of M-estimates. The noise is what the residuals say, or
what the user has given as standard deviations of the target, as in SciPy's `curve_fit` with `absolute_sigma`;
gross errors, which such losses are there for, are no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable
from nsr.refinement.blocks import ROWS_AT_A_TIME, blocks, triangle
from nsr.refinement.description import is_round
from nsr.refinement.gauss_newton import gauss_newton
from nsr.refinement.likelihood import Loss
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

Array = NDArray[np.float64]
Places = NDArray[np.intp]

# Directions of smaller singular values than this share of the largest are left open by the data: with columns
# of unit length, rounding errors alone reach 1e-15 or so.
_OPEN = 1e-12
# A constant, or a prediction, depends on an open direction where more than this share of it lies along it.
_ALONG = 1e-6
_STEPS = 20
_POLISHED = Effort(restarts=1, points=None, iterations=50)


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What data say about the fitted constants of an equation.

    Attributes:
        places: Which of `Expression.constants` were fitted, shape (K,); the others belong to the form.
        values: These constants, shape (K,).
        noise: Standard deviation of a residual of weight one: as the user knows it, or else as the residuals
            say; NaN where no rows are left to tell it.
        degrees: Degrees of freedom of that estimate: rows that count, less directions that they fix; infinite
            where the noise is known.
        root: A root of the constants' covariance over the noise's variance, on the directions that the data
            fix, shape (K, R).
        open_directions: Directions in which constants move and nothing on the data changes, shape (K, K - R).
        scale: Lengths of the weighted Jacobian's columns, shape (K,); 1 for what changes nothing.
        loss: What says how noise grows with the value.
        typical: Size of a residual like most: the median.
        weight: Weight of a row like most: the median.
    """

    places: Places
    values: Array
    noise: float
    degrees: float
    root: Array
    open_directions: Array
    scale: Array
    loss: Loss
    typical: float
    weight: float

    def of(self, constants: Sequence[int], places: Places) -> Uncertainty:
        """What is known of some of the constants, as those of another equation that has only these.

        Args:
            constants: Which of these.
            places: Where they are among that one's `Expression.constants`.
        """
        rows = list(constants)
        return replace(
            self, places=places, values=self.values[rows], root=self.root[rows],
            open_directions=self.open_directions[rows], scale=self.scale[rows],
        )  # fmt: skip

    def with_values(self, expression: Expression) -> Expression:
        """An equation of this form with these values of the constants that were fitted."""
        values = np.array(expression.constants)
        values[self.places] = self.values
        return expression.with_constants(values.tolist())

    @property
    def n_fixed(self) -> int:
        """How many directions the data fix: the rank of the Jacobian."""
        return int(self.root.shape[1])

    @property
    def covariance(self) -> Array:
        """Covariance of the constants, shape (K, K); NaN in rows and columns that the data leave open."""
        covariance = self.noise**2 * (self.root @ self.root.T)
        covariance[self._is_open] = np.nan
        covariance[:, self._is_open] = np.nan
        return covariance

    @property
    def errors(self) -> Array:
        """Standard errors of the constants, shape (K,); infinite where the data leave them open."""
        errors = self.noise * np.hypot.reduce(self.root, axis=1)  # whose squares may overflow
        return np.where(self._is_open, np.inf, errors)

    def intervals(self, level: float = 0.95) -> Array:
        """Bounds between which each constant lies with some probability, by Student's t, shape (K, 2)."""
        reach = self.quantile(level) * self.errors
        return np.column_stack((self.values - reach, self.values + reach))

    def quantile(self, level: float) -> float:
        """By how many standard errors intervals of constants of this probability reach to each side."""
        return float(stats.t.ppf((1 + level) / 2, self.degrees)) if self.degrees > 0 else math.nan

    def of_mean(self, expression: Expression, X: Array) -> Array:
        """Standard errors of an equation's values, by the delta method.

        Args:
            expression: Of this form; its fitted constants are taken to be `values`, and its variables may be
                numbered anew.
            X: Shape (P, D).

        Returns:
            Shape (P,); infinite where a value depends on what the data leave open, NaN where there is none.
        """
        return self._of_mean(*self._values_and_gradients(expression, X))

    def of_observation(self, expression: Expression, X: Array) -> Array:
        """Standard deviations of new observations around an equation's values: error of these and noise.

        A new observation is as precise as the median row. Arguments and result are those of `of_mean`.
        """
        values, gradients = self._values_and_gradients(expression, X)
        with np.errstate(all="ignore"):
            return np.hypot(self._of_mean(values, gradients), self._noise_at(values))

    def reach_of_observation(self, expression: Expression, X: Array, level: float = 0.95) -> Array:
        """How far on each side of an equation's values new observations lie with some probability.

        The errors of the values are normal; the tails of the noise are those that the loss is made for, but
        as much wider as fewer degrees of freedom make a normal distribution's.
        """
        values, gradients = self._values_and_gradients(expression, X)
        quantile = self.quantile(level)
        noise = quantile * self.loss.reach(level) / stats.norm.ppf((1 + level) / 2) * self._noise_at(values)
        with np.errstate(all="ignore"):
            return np.hypot(quantile * self._of_mean(values, gradients), noise)

    def _noise_at(self, values: Array) -> Array:
        """Standard deviations of the noise of new observations."""
        with np.errstate(all="ignore"):
            weights = self.weight * self.loss.curvature(values, values + self.typical)
            return np.asarray(self.noise / np.sqrt(weights))

    @property
    def _is_open(self) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):  # scales may overflow; what they leave unknown is open
            along = np.hypot.reduce(self.open_directions * self.scale[:, None], axis=1)
        return ~np.asarray(along <= _ALONG)

    def _values_and_gradients(self, expression: Expression, X: Array) -> tuple[Array, Array]:
        with np.errstate(all="ignore"):
            values, jacobian = Program([self.with_values(expression)]).jacobian(X)
        return np.asarray(values[0]), np.asarray(jacobian[0][self.places])

    def _of_mean(self, values: Array, gradients: Array) -> Array:
        with np.errstate(all="ignore"):
            errors = self.noise * np.sqrt(np.sum((gradients.T @ self.root) ** 2, axis=1))
            sizes = np.sum((gradients / self.scale[:, None]) ** 2, axis=0)
            along = np.sum((gradients.T @ self.open_directions) ** 2, axis=1)
        errors = np.where(along > _ALONG**2 * sizes, np.inf, errors)
        return np.where(np.isfinite(values), errors, np.nan)


def fitted_places(expression: Expression, task: Task) -> Places:
    """Which of its constants were fitted: neither round ones, which belong to the form, nor stated limits."""
    stated = task.space.stated_limits
    fitted = [not is_round(value) and abs(value) not in stated for value in expression.constants]
    return np.flatnonzero(fitted)


@np.errstate(all="ignore")
def uncertainty(
    expression: Expression, task: Task, places: Places | None = None, values: Array | None = None
) -> Uncertainty | None:
    """What a task says about constants of an expression; they should be the most likely ones.

    Args:
        expression: What was fitted.
        task: What it was fitted to.
        places: Which of its constants were fitted; those of `fitted_places` by default.
        values: Of all its constants; those that it has by default. Exponents that are whole by chance count
            as fitted only where they are given here.

    Returns:
        None where the equation, or how it changes with a constant, is not finite on all rows.
    """
    places = fitted_places(expression, task) if places is None else places
    values = np.array(expression.constants) if values is None else values
    program = Program([expression], task.n_threads)
    given = values[None] if len(values) else None
    predicted = np.asarray(program.values(task.X, given)[0])
    own = np.ones(task.n_rows) if task.weights is None else task.weights
    off = task.y - predicted
    # A residual like most tells how noise varies with the value, and nothing of how one's own is weighted.
    typical = float(np.median(np.abs(off)))
    weights = own * task.loss.curvature(predicted, predicted + typical)
    roots = np.sqrt(weights)
    J = _weighted_jacobian(program, given, places, task.X, roots)
    if not (np.all(np.isfinite(predicted)) and np.all(np.isfinite(J))):
        return None
    scale = np.sqrt(np.sum(J**2, axis=1))
    scale[~(scale > 0)] = 1.0
    root, open_directions = _split(np.asarray(J / scale[:, None]))
    total = float(weights @ task.loss.believed(off) ** 2)
    noise, degrees = _noise(total, int(np.count_nonzero(own)) - root.shape[1], task)
    root *= 1.0 if task.loss.is_quadratic else _efficiency(off, predicted, own, task, len(places))
    return Uncertainty(
        places,
        values[places],
        noise,
        degrees,
        root / scale[:, None],
        open_directions / scale[:, None],
        scale,
        task.loss,
        typical,
        float(np.median(own[own > 0])),
    )


def _weighted_jacobian(
    program: Program, values: Array | None, places: Places, X: Array, roots: Array
) -> Array:
    """Derivatives of one equation by some of its constants, each row times a root of its weight.

    Returns:
        Shape (K, P); of a long table (K, K), with the same products.
    """
    parts = ((program.jacobian(X[rows], values)[1][0][places] * roots[rows]).T for rows in blocks(len(roots)))
    return np.asarray(next(parts) if len(roots) <= ROWS_AT_A_TIME else triangle(parts)).T


def _noise(total: float, degrees: int, task: Task) -> tuple[float, float]:
    """Standard deviation of a residual of weight one, and the degrees of freedom of what is known of it.

    Args:
        total: Weighted sum of squared residuals.
        degrees: Its degrees of freedom.
        task: What was fitted.
    """
    if task.loss.is_quadratic and task.noise is not None:
        return task.noise, math.inf
    if degrees <= 0:
        return math.nan, 0.0
    # Below the precision of the data residuals are rounding errors, and say nothing.
    return math.sqrt(max(total / degrees, task.loss.rounding * task.spread**2)), float(degrees)


def _efficiency(off: Array, predicted: Array, own: Array, task: Task, n_fitted: int) -> float:
    """Errors of constants of least loss as a multiple of those that the noise alone would say.

    Of estimates that make the sum of a function of the residuals vanish, the variance is the function's over
    the square of its mean slope (Huber, Robust Statistics, Wiley 1981, section 7.6). The slope is taken over
    a bandwidth, as absolute error's is nowhere but at zero, and over the rows beyond those that fitted
    constants may have brought to lie on the curve. The multiple is 1 for deviances.
    """
    typical = float(np.median(np.abs(off)))
    weights = own * task.loss.curvature(predicted, predicted + typical)

    def pull(residual: Array) -> Array:
        return own * task.loss.curvature(predicted, predicted + residual) * residual

    step = typical * task.n_rows**-0.2
    free = np.argsort(np.abs(off))[min(n_fitted, task.n_rows - 1) :]
    slope = float(np.sum((pull(off + step) - pull(off - step))[free]) / (2 * step * np.sum(weights[free])))
    spread = float(np.sum(pull(off) ** 2 / weights) / np.sum(weights * task.loss.believed(off) ** 2))
    return math.sqrt(spread) / slope if slope > 0 and step > 0 else math.nan


def _split(J: Array) -> tuple[Array, Array]:
    """A root of the inverse of J J^T where it has one, and the directions where it has none.

    Args:
        J: Rows of unit length, or zero, shape (K, P).
    """
    K = len(J)
    if K == 0:
        return np.empty((0, 0)), np.empty((0, 0))
    padded = J.T if J.shape[1] >= K else np.vstack((J.T, np.zeros((K - J.shape[1], K))))
    _, sizes, directions = np.linalg.svd(np.linalg.qr(padded, mode="r"))
    is_fixed = sizes > _OPEN * max(sizes[0], 1e-300)
    return directions[is_fixed].T / sizes[is_fixed], directions[~is_fixed].T


def most_likely(expression: Expression, task: Task, places: Places | None = None) -> Expression:
    """The expression with its fitted constants where the loss is least nearby, all rows considered.

    Args:
        expression: With constants to begin with.
        task: What it explains.
        places: Which of its constants may move; those of `fitted_places` by default.

    Returns:
        The expression itself where nothing is gained.
    """
    places = fitted_places(expression, task) if places is None else places
    if not 0 < len(places) < task.n_rows:
        return expression
    form, own = with_the_rest_held(expression, task, places)
    refined = refine([form], own, _POLISHED)
    program, values = Program([expression]), np.array(expression.constants)
    with np.errstate(all="ignore"):
        before = float(task.mean_loss(program.values(task.X))[0])
    if refined.loss[0] < before:
        values[places] = refined.constants[0, : len(places)]
    # The optimiser stops where the loss hardly falls, some digits before constants are at their best.
    is_moving = np.isin(np.arange(len(values)), places)
    values, after = gauss_newton(program, values, is_moving, task, _STEPS)
    return expression.with_constants(values.tolist()) if after < before else expression


def with_the_rest_held(expression: Expression, task: Task, places: Places) -> tuple[Expression, Task]:
    """An expression and a task in which only some constants can be fitted.

    The others are variables that do not vary.

    Args:
        expression: Of the task's variables.
        task: What it explains.
        places: Which of its constants can be fitted.
    """
    positions = np.array(expression.free_positions)
    held = np.setdiff1d(np.arange(len(positions)), places)
    if not len(held):
        return expression, task
    tokens = list(expression.tokens)
    columns = [task.X]
    for number, place in enumerate(held):
        tokens[positions[place]] = variable(task.n_variables + number).tokens[0]
        columns.append(np.full((task.n_rows, 1), expression.constants[place]))
    return Expression(tuple(tokens)), replace(task, X=np.hstack(columns))
