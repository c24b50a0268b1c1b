"""Observed trajectories: checks, smoothing and thinning before any equation is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline
from scipy.ndimage import median_filter

from nsr.data.notes import tell
from nsr.ode.inputs import NOTHING, Inputs
from nsr.ode.motion import PLAIN, Motion
from nsr.ode.smoothing import smoothing_spline

Array = NDArray[np.float64]

MIN_POINTS = 8
# Times are taken by their number where steps, the medians of so many, grow or shrink by more than a factor,
# as those of logarithms do and those drawn at random do not.
_NEIGHBOURS, _UNEVEN, _LEAST_PACED = 7, 30.0, 20
# Weight of an observation far away that an interpolated value does not show.
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Trajectory:
    """One observed path of a system.

    Attributes:
        times: Ascending, shape (T,).
        states: Observed states, shape (T, D).
        start: Initial values where they are known better than by smoothing, shape (C,).
        scatter: How far observations scatter relative to the typical one, shape (T, D), infinitely far where
            they do not count; all alike by default.
        motion: What its equations are to say, of C coordinates and V variables.
        inputs: What acts on it.
    """

    times: Array
    states: Array
    start: Array | None = None
    scatter: Array | None = None
    motion: Motion = PLAIN
    inputs: Inputs = NOTHING

    @cached_property
    def smooth(self) -> CubicSpline:
        """A smoothing spline of all states, of the time in units of the mean step."""
        # In these units the search for a penalty is well scaled.
        return smoothing_spline(self._clock, self.states)

    @cached_property
    def smoothed(self) -> Array:
        """Smoothed states at the times of observation, shape (T, D); of maps as observed."""
        return self.states if self.motion.is_discrete else np.asarray(self.smooth(self._clock))

    @cached_property
    def coordinates(self) -> Array:
        """Smoothed states, and velocities where the order is 2, at the times of observation, shape (T, C)."""
        if self.motion.order == 1:
            return self.smoothed
        return np.column_stack((self.smoothed, self.derivative(self.times, 1)))

    @property
    def initial(self) -> Array:
        """Smoothed initial coordinates, shape (C,)."""
        return self.coordinates[0] if self.start is None else self.start

    @property
    def variables(self) -> Array:
        """Observed states, smoothed velocities, and inputs, at the times of observation, shape (T, V)."""
        return self.variables_at(self.times, self.states)

    def segments(self, n_points: int) -> list[Trajectory]:
        """Pieces of about this many points, each of which begins where the one before ends."""
        cuts = np.linspace(0, len(self.times) - 1, max(2, round(len(self.times) / n_points) + 1)).astype(int)
        return [
            self._part(slice(start, stop + 1), self.coordinates[start])
            for start, stop in pairwise(cuts.tolist())
        ]

    def thinned(self, stride: int) -> Trajectory:
        """Every `stride`-th observation, with initial values that are smoothed by all."""
        return self if stride == 1 else self._part(slice(None, None, stride), self.initial)

    def resampled(self, fine_steps: int, most_points: int) -> Grid:
        """Interpolated states on a grid that is even in time, or else in the number of the observation.

        Args:
            fine_steps: Steps of the grid between two observations,
            most_points: unless these would be more steps in all; but never fewer than there are observations.
        """
        n_steps = len(self.times) - 1
        n_fine = max(n_steps, min(fine_steps * n_steps, most_points))
        if self._pace is None:
            fine = np.linspace(self.times[0], self.times[-1], n_fine + 1)
            return Grid(fine, fine, np.asarray(CubicSpline(self.times, self.states)(fine)))
        clock = np.linspace(0.0, n_steps, n_fine + 1)
        states = np.asarray(CubicSpline(np.arange(n_steps + 1), self.states)(clock))
        return Grid(clock, np.asarray(self._pace(clock)), states, np.asarray(self._pace(clock, 1)))

    def interpolation(self, grid: Grid) -> Array:
        """What `resampled` makes of observations as a matrix, shape (N, T); next to nothing is left out."""
        knots = self.times if self._pace is None else np.arange(len(self.times))
        matrix = CubicSpline(knots, np.eye(len(knots)))(grid.clock)
        return np.where(np.abs(matrix) > _NEGLIGIBLE, matrix, 0.0)

    def variables_at(self, times: Array, states: Array) -> Array:
        """All variables of right-hand sides at N times at which the states are (N, D), shape (N, V)."""
        velocities = [self.derivative(times, 1)] if self.motion.order > 1 else []
        outer = [self.inputs.at(times)] if self.motion.n_outer else []
        return np.column_stack((states, *velocities, *outer)) if velocities or outer else states

    def left_sides(self) -> tuple[Array, Array]:
        """Smoothed variables (N, V) and the left-hand sides of the equations there (N, D).

        N is that of observations, for maps of those that the next step follows.
        """
        variables = self.variables_at(self.times, self.smoothed)
        if self.motion.is_discrete:
            followed = np.flatnonzero(np.diff(self.times) == 1)
            return variables[followed], self.states[followed + 1]
        return variables, self.derivative(self.times, self.motion.order)

    def derivative(self, times: Array, order: int) -> Array:
        """Derivatives of the smoothed states by time at some times, shape (N, D)."""
        if self._pace is not None:
            clock = np.interp(times, self.times, np.arange(len(self.times)))
            return np.asarray(self.smooth(clock, order)) / np.asarray(self._pace(clock, 1))[:, None] ** order
        rate = (len(self.times) - 1) / np.ptp(self.times)
        return np.asarray(self.smooth((times - self.times[0]) * rate, order)) * rate**order

    def interpolated_derivative(self, order: int, degree: int) -> Array:
        """Derivatives by time of splines of an odd degree through the observed states, shape (T, D).

        Args:
            order: Of the derivatives, 1 or 2; 1 where times are taken by their number.
            degree: Of the splines; less where observations are fewer.
        """
        clock = self._clock
        spline = make_interp_spline(clock, self.states, k=min(degree, (len(clock) - 1) // 2 * 2 - 1))
        if self._pace is not None:
            return np.asarray(spline(clock, 1) / self._pace(clock, 1)[:, None])
        return np.asarray(spline(clock, order)) * ((len(clock) - 1) / np.ptp(self.times)) ** order

    def _part(self, rows: slice, start: Array) -> Trajectory:
        scatter = None if self.scatter is None else self.scatter[rows]
        return replace(self, times=self.times[rows], states=self.states[rows], start=start, scatter=scatter)

    @property
    def _clock(self) -> Array:
        """Times from 0 in units of the mean step, or numbers of the observations."""
        if self._pace is not None:
            return np.arange(len(self.times), dtype=np.float64)
        clock: Array = (self.times - self.times[0]) * (len(self.times) - 1) / np.ptp(self.times)
        return clock

    @cached_property
    def _pace(self) -> PchipInterpolator | None:
        """Times as a function of the number of the observation, where their steps grow by far; else None.

        Equations of order 2 are not translated to that clock.
        """
        n = len(self.times)
        if self.motion.order > 1 or n < _LEAST_PACED:
            return None
        steps = median_filter(np.diff(self.times), _NEIGHBOURS, mode="nearest")
        if steps.max() < _UNEVEN * steps.min():
            return None
        return PchipInterpolator(np.arange(n), self.times)


@dataclass(frozen=True)
class Grid:
    """States at N times.

    Attributes:
        clock: On which the grid is even, shape (N,).
        times: Shape (N,).
        states: Shape (N, D).
        pace: Derivatives of the times by the clock, shape (N,); None where these are one.
    """

    clock: Array
    times: Array
    states: Array
    pace: Array | None = None


def as_trajectories(
    t: Any, X: Any, motion: Motion = PLAIN, inputs: Sequence[Inputs] | None = None, weights: Any = None
) -> list[Trajectory]:
    """Checks observations.

    Args:
        t: Times, shape (T,), or a list of such arrays.
        X: States, shape (T, D), or a list of such arrays, all of the same D; columns of data frames are
            matched by name.
        motion: What their equations are to say.
        inputs: What acts on each trajectory; nothing by default.
        weights: Of the states, shape (T, D), or a list of such tables; None for none.

    Raises:
        ValueError: If the observations cannot be used; the message says why.
    """
    several = is_several(X)
    tables = in_one_order(list(X), "states") if several else [X]
    clocks = list(t) if several else [t]
    if len(clocks) != len(tables):
        raise ValueError(f"{len(tables)} tables of states need as many arrays of times, not {len(clocks)}")
    acting = inputs or [NOTHING] * len(tables)
    counted = [None] * len(tables) if weights is None else list(weights) if several else [weights]
    result = [
        replace(_checked(times, states, own_weights, motion.is_discrete), motion=motion, inputs=own)
        for times, states, own, own_weights in zip(clocks, tables, acting, counted, strict=True)
    ]
    widths = {trajectory.states.shape[1] for trajectory in result}
    if len(widths) > 1:
        raise ValueError(f"trajectories must have the same states; these have {sorted(widths)} of them")
    if not moving(result).any():
        raise ValueError("no state ever moves, so there are no dynamics to find")
    return result


def is_several(X: Any) -> bool:
    """Whether these are tables of several trajectories."""
    return isinstance(X, list | tuple) and len(X) > 0 and np.ndim(X[0]) == 2


def in_one_order(tables: list[Any], what: str) -> list[Any]:
    """Tables of what they hold, with the columns of data frames in the order of the first one's."""
    frames = [table for table in tables if isinstance(table, pd.DataFrame)]
    if not frames:
        return tables
    columns = list(frames[0].columns)
    for frame in frames:
        if sorted(map(str, frame.columns)) != sorted(map(str, columns)):
            own, other = (", ".join(map(str, names)) for names in (columns, frame.columns))
            raise ValueError(f"trajectories must have the same {what}; one has {own}, another {other}")
        if len(set(columns)) < len(columns) and list(frame.columns) != columns:
            raise ValueError(f"two {what} have the same name; give each its own, or all tables one order")
    return [
        table[columns] if isinstance(table, pd.DataFrame) and list(table.columns) != columns else table
        for table in tables
    ]


def moving(trajectories: Sequence[Trajectory]) -> NDArray[np.bool_]:
    """Which states ever move, shape (D,)."""
    spread = np.max([np.ptp(trajectory.states, axis=0) for trajectory in trajectories], axis=0)
    return np.asarray(spread > 0)


def _checked(t: ArrayLike, X: ArrayLike, weights: Array | None, is_discrete: bool) -> Trajectory:
    times, states = numbers(t, "times"), numbers(X, "states")
    states = states[:, None] if states.ndim == 1 else states
    if times.ndim != 1 or states.ndim != 2 or len(times) != len(states):
        raise ValueError(
            f"times of shape {times.shape} and states of shape {states.shape} do not fit: give one time for "
            "each row"
        )
    if not (np.all(np.isfinite(times)) and np.all(np.isfinite(states))):
        raise ValueError("times and states must be finite numbers: drop the rows that are not")
    if len(times) < MIN_POINTS:
        raise ValueError(
            f"{len(times)} points are too few to see how a state moves: give at least {MIN_POINTS}"
        )
    as_given, order = times, np.argsort(times, kind="stable")
    times, states = times[order], states[order]
    if np.any(np.diff(times) == 0):
        repeated = times[np.flatnonzero(np.diff(times) == 0)[0]]
        raise ValueError(
            f"time {repeated:g} occurs more than once: say which rows are one trajectory, with --trajectory "
            "or in a list of them, or average them"
        )
    _tell_of_several(as_given)
    if is_discrete:
        check_steps(times)
    if weights is None:
        return Trajectory(times, states)
    with np.errstate(divide="ignore"):
        return Trajectory(times, states, scatter=1 / np.sqrt(weights[order]))


def _tell_of_several(times: Array) -> None:
    """Warns of times that begin anew now and then, as those of trajectories below each other do."""
    back = np.flatnonzero(np.diff(times) < 0)
    if 0 < len(back) <= len(times) / MIN_POINTS:
        before, after = times[back[0]], times[back[0] + 1]
        tell(
            f"the time goes back {len(back)} {'time' if len(back) == 1 else 'times'}, first from {before:g} "
            f"to {after:g}: rows are taken in the order of time; of several trajectories say which rows are "
            "one, with --trajectory or in a list of them"
        )


def check_steps(times: Array) -> None:
    """Raises where times are not numbers of steps, as those of maps are.

    Raises:
        ValueError: If so.
    """
    if np.any(times != np.round(times)):
        raise ValueError(
            "with discrete=True times count steps: give whole numbers, such as 0, 1, 2, ...; gaps are allowed"
        )


def numbers(values: ArrayLike, what: str) -> Array:
    """Values as floats; `what` says what they are, for whoever is told that they are none."""
    table = np.asarray(values)
    if table.dtype.kind in "mM":
        raise ValueError(f"{what} are dates: give numbers, such as days since the first of them")
    try:
        return table.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be numbers: convert or leave out what is text") from None
