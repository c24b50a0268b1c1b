"""Derivatives of observations without noise, as exact as interpolation makes them, and how exact that is.

Smoothing splines are cubic and straight at both ends, where their slopes are off by a thousandth. Of states
that do not scatter splines of degree 7 know derivatives to eight digits, so that what explains these exactly
is no accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.ode.task import OdeTask
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Degrees of the splines that are used, and of those that they are compared with.
_DEGREE, _LOWER = 7, 5
# Observations at either end of a trajectory where splines know less, and the fewest that may go.
_AT_ENDS, _LEAST_POINTS = 4, 24
# With fewer rows sums of a few terms are exact by chance.
_LEAST_ROWS = 40
# Share of a derivative's spread that rounding errors of the observations leave at least.
_LEAST_ERROR = 1e-7


@dataclass(frozen=True)
class Derivatives:
    """A table of what right-hand sides are to be.

    Attributes:
        variables: Of right-hand sides, shape (N, V).
        values: What they should be, shape (N, D).
        errors: How far these are off, as shares of their spread, shape (D,); infinite where they have none,
            and where rows are too few.
    """

    variables: Array
    values: Array
    errors: Array


def derivatives_of(task: OdeTask, n_rows: int) -> Derivatives:
    """The derivatives of all trajectories.

    Args:
        task: What was observed.
        n_rows: Rows at most; more are thinned at random.

    Returns:
        Rows in random order.
    """
    parts = [_of_one(trajectory) for trajectory in task.trajectories]
    variables, values, lower = (np.concatenate(part) for part in zip(*parts, strict=True))
    spread = np.std(values, axis=0)
    with np.errstate(all="ignore"):
        errors = np.sqrt(np.mean((values - lower) ** 2, axis=0)) / spread
    is_known = (spread > 0) & (len(values) >= _LEAST_ROWS)
    errors = np.where(is_known, np.maximum(errors, _LEAST_ERROR), np.inf)
    rows = np.random.default_rng(task.seed).permutation(len(values))[:n_rows]
    return Derivatives(variables[rows], values[rows], errors)


def _of_one(trajectory: Trajectory) -> tuple[Array, Array, Array]:
    """Variables, left-hand sides, and these by splines of lower degree."""
    if trajectory.motion.is_discrete:
        variables, left = trajectory.left_sides()
        return variables, left, left
    n, order = len(trajectory.times), trajectory.motion.order
    variables = trajectory.variables.copy()
    if order > 1:
        n_states = trajectory.states.shape[1]
        variables[:, n_states : 2 * n_states] = trajectory.interpolated_derivative(1, _DEGREE)
    left, lower = (trajectory.interpolated_derivative(order, degree) for degree in (_DEGREE, _LOWER))
    inner = slice(_AT_ENDS, -_AT_ENDS) if n >= _LEAST_POINTS else slice(None)
    return variables[inner], left[inner], lower[inner]
