"""Simulations of a fitted system for the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nsr.data.table import Table, pass_over_units
from nsr.ode.trajectories import MIN_POINTS, Trajectory

if TYPE_CHECKING:
    from nsr.ode.regressor import ODERegressor

Array = NDArray[np.float64]

# Rows that initial velocities are fitted to, and deviations that a simulation is off by where it breaks off.
_MOST_ROWS, _BROKEN = 50, 3.0


def simulated(
    estimator: ODERegressor, table: Table, row: int | None = None, interval: float | None = None
) -> pd.DataFrame:
    """States that a system has at the times of a table, from the states of its earliest row on.

    Velocities that a system of order 2 begins with are fitted to the first states of the table.

    Args:
        estimator: Fitted.
        table: With the columns of times, inputs and groups of the fit, and those of states, which only the
            earliest row has to hold; with order 2 at least 8 rows.
        row: Of the front; the chosen one by default.
        interval: Probability with which the states lie between bounds, in two more columns for each.

    Returns:
        The times and the states, with the columns' own names.

    Raises:
        ValueError: If a column is missing or holds no numbers, or if bounds are asked of another row.
    """
    if interval is not None and estimator.row(row) != estimator.best_index_:
        raise ValueError("bounds are known of the chosen system: leave out the row, or the interval")
    pass_over_units(table)
    n_states, names, motion = estimator.n_features_in_, estimator.names_.columns, estimator.motion_
    times = table.numbers(table.place(estimator.time_name_))
    places = table.places(list(names[:n_states]))
    states = table.matrix(places, may_miss=True)
    first = motion.n_coordinates(n_states)
    n_inputs = motion.n_inputs - len(estimator.groups_)
    inputs = table.places(list(names[first : first + n_inputs])) if n_inputs else []
    acting = table.matrix(inputs) if inputs else None
    order = np.argsort(times, kind="stable")
    known = order[np.all(np.isfinite(states[order]), axis=1)]
    if not len(known) or times[known[0]] > times[order[0]]:
        raise ValueError(
            f"the earliest row, at time {times[order[0]]:g}, must hold {', '.join(names[:n_states])}"
        )
    label = _label(estimator, table)
    initial = states[known[0]]
    if motion.order > 1:
        seen = known[:_MOST_ROWS]
        initial = _with_velocities(
            estimator, row, times[seen], states[seen], None if acting is None else acting[seen], label
        )
    found = estimator.predict(times, initial, row, inputs=acting, category=label)
    columns = {estimator.time_name_: times} | dict(zip(names, found.T, strict=False))
    if interval is not None:
        between = estimator.bounds(times, initial, interval, inputs=acting, category=label)
        for name, own in zip(names, between.transpose(1, 2, 0), strict=False):
            columns |= {f"{name}_low": own[0], f"{name}_high": own[1]}
    return pd.DataFrame(columns)


def _label(estimator: ODERegressor, table: Table) -> str | None:
    """The group of the rows; None where there are no groups."""
    if not estimator.groups_:
        return None
    if not estimator.category_name_:
        raise ValueError(
            "the column of groups has no name: simulate in Python, with predict(t, x0, category=)"
        )
    labels = set(table.labels(table.place(estimator.category_name_)))
    if len(labels) > 1:
        raise ValueError(
            f"column {estimator.category_name_!r} has {len(labels)} groups: simulate rows of one at a time"
        )
    return labels.pop()


def _with_velocities(
    estimator: ODERegressor,
    row: int | None,
    times: Array,
    states: Array,
    inputs: Array | None,
    label: str | None,
) -> Array:
    """Initial states, and the velocities with which the system comes closest to the states that follow."""
    if len(times) < MIN_POINTS:
        raise ValueError(
            f"velocities at the beginning follow from {MIN_POINTS} rows with states, not {len(times)}: give "
            "them, or simulate in Python, with nsr.load(path).predict(t, x0)"
        )
    size = np.where(np.std(states, axis=0) > 0, np.std(states, axis=0), 1.0)

    def errors(velocities: Array) -> Array:
        begun = np.concatenate((states[0], velocities))
        found = estimator.predict(times, begun, row, inputs=inputs, category=label)
        return np.asarray(np.nan_to_num((found - states) / size, nan=_BROKEN)).ravel()

    _, slopes = Trajectory(times, states).left_sides()
    return np.concatenate((states[0], least_squares(errors, slopes[0]).x))
