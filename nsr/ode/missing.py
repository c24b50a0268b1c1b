"""Observations of which a state is missing: left out, or filled in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from nsr.data.notes import tell
from nsr.ode.trajectories import is_several

Array = NDArray[np.float64]

# Values that a curve can be laid through.
_LEAST = 2


def without_missing(t: Any, X: Any, missing: str) -> tuple[Any, Any]:
    """Observations without missing states, which the user is told.

    Args:
        t: Times, shape (T,), or one such array for each trajectory.
        X: States, shape (T, D), or one such table for each trajectory, NaN where one is missing.
        missing: `error` leaves everything as it is; `drop` leaves out the times at which a state is missing;
            `impute` lays a monotone cubic curve (Fritsch and Butland, SIAM Journal on Scientific Computing 5,
            1984) through the others in time, and leaves out what is before the first or after the last.
    """
    if missing == "error":
        return t, X
    several = is_several(X)
    tables, clocks = (list(X), list(t)) if several else ([X], [t])
    pairs = [_complete(clock, table, missing) for clock, table in zip(clocks, tables, strict=False)]
    n_rows, n_left = (sum(map(len, own)) for own in (tables, [table for _, table in pairs]))
    n_missing = sum(int(np.isnan(np.asarray(table, dtype=np.float64)).sum()) for table in tables)
    if n_missing and missing == "impute":
        tell(f"{n_missing} missing values of states are filled by interpolation in time")
    if n_left < n_rows:
        tell(f"{n_rows - n_left} of {n_rows} observations are left out, as states are missing")
    if len(pairs) != len(clocks) or len(clocks) != len(tables):
        return t, X  # which is refused
    return ([clock for clock, _ in pairs], [table for _, table in pairs]) if several else pairs[0]


def _complete(t: Any, X: Any, missing: str) -> tuple[Any, Any]:
    states = np.array(X, dtype=np.float64)
    if states.ndim == 1:
        states = states[:, None]
    times = np.asarray(t, dtype=np.float64)
    if len(times) != len(states) or not np.isnan(states).any():
        return t, X
    if missing == "impute":
        for state in states.T:
            _fill(times, state)
    is_complete = np.asarray(~np.isnan(states).any(axis=1), dtype=np.bool_)
    kept = states[is_complete]
    clock = t[is_complete] if isinstance(t, pd.Series) else times[is_complete]
    return clock, pd.DataFrame(kept, columns=X.columns) if isinstance(X, pd.DataFrame) else kept


def _fill(times: Array, state: Array) -> None:
    """Fills the gaps of one state between its first and its last value."""
    known = np.flatnonzero(~np.isnan(state))
    places, first = np.unique(times[known], return_index=True)
    if len(known) == len(state) or len(places) < _LEAST:
        return
    gaps = np.isnan(state)
    state[gaps] = PchipInterpolator(places, state[known][first], extrapolate=False)(times[gaps])
