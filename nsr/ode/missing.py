"""Observations of which a state is missing: left out, or filled in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from nsr.data.notes import tell
from nsr.ode.trajectories import is_several, numbers

Array = NDArray[np.float64]

# Values that a curve can be laid through.
_LEAST = 2


def without_missing(t: Any, X: Any, missing: str, weights: Any = None) -> tuple[Any, Any, Any]:
    """Observations without missing states, which the user is told.

    Args:
        t: Times, shape (T,), or one such array for each trajectory.
        X: States, shape (T, D), or one such table for each trajectory, NaN where one is missing.
        missing: `error` leaves everything as it is; `drop` leaves out the times at which a state is missing;
            `impute` lays a monotone cubic curve (Fritsch and Butland, SIAM Journal on Scientific Computing 5,
            1984) through the others in time, and leaves out what is before the first or after the last.
        weights: Of the observations, shape (T, D), or one such table for each trajectory; None for none.

    Returns:
        Times, states and weights. What is filled in has a weight of 0; None where nothing has weights.
    """
    if missing == "error":
        return t, X, weights
    several = is_several(X)
    tables, clocks = (list(X), list(t)) if several else ([X], [t])
    given = [None] * len(tables) if weights is None else list(weights) if several else [weights]
    parts = [_complete(*own, missing) for own in zip(clocks, tables, given, strict=False)]
    n_rows, n_left = (sum(map(len, own)) for own in (tables, [table for _, table, _ in parts]))
    n_missing = sum(int(np.isnan(np.asarray(table, dtype=np.float64)).sum()) for table in tables)
    if n_missing and missing == "impute":
        tell(f"{n_missing} missing values of states are filled by interpolation in time, and do not count")
    if n_left < n_rows:
        tell(f"{n_rows - n_left} of {n_rows} observations are left out, as states are missing")
    if len(parts) != len(clocks) or len(clocks) != len(tables):
        return t, X, weights  # which is refused
    if not several:
        return parts[0]
    times, states, own_weights = (list(own) for own in zip(*parts, strict=True))
    if all(own is None for own in own_weights):
        return times, states, None
    weighted = [np.ones(np.shape(x)) if w is None else w for x, w in zip(states, own_weights, strict=True)]
    return times, states, weighted


def _complete(t: Any, X: Any, weights: Any, missing: str) -> tuple[Any, Any, Any]:
    states = np.array(X, dtype=np.float64)
    if states.ndim == 1:
        states = states[:, None]
    times = np.asarray(t, dtype=np.float64)
    is_missing = np.isnan(states)
    if len(times) != len(states) or not is_missing.any():
        return t, X, weights
    if missing == "impute":
        for state in states.T:
            _fill(times, state)
        weights = np.where(is_missing, 0.0, np.ones(states.shape) if weights is None else weights)
    is_complete = np.asarray(~np.isnan(states).any(axis=1), dtype=np.bool_)
    kept = states[is_complete]
    clock = t[is_complete] if isinstance(t, pd.Series) else times[is_complete]
    counted = None if weights is None else weights[is_complete]
    return clock, pd.DataFrame(kept, columns=X.columns) if isinstance(X, pd.DataFrame) else kept, counted


def with_weights(t: Any, X: Any, weights: Any) -> tuple[Any, Any]:
    """States, filled in time where their weight is 0, and weights of every single one.

    Args:
        t: Times, shape (T,), or one such array for each trajectory.
        X: States, shape (T, D), or one such table for each trajectory.
        weights: Of each time, shape (T,), or of each state at each time, shape (T, D); or a list of those.

    Raises:
        ValueError: If there is not a finite number for each, one is negative, or a state has none above 0.
    """
    several = is_several(X)
    tables, clocks, given = (list(X), list(t), list(weights)) if several else ([X], [t], [weights])
    if not len(tables) == len(clocks) == len(given):
        raise ValueError(f"{len(tables)} trajectories need as many arrays of weights, not {len(given)}")
    pairs = [_weighted(*own) for own in zip(clocks, tables, given, strict=True)]
    return ([table for table, _ in pairs], [own for _, own in pairs]) if several else pairs[0]


def _weighted(t: Any, X: Any, weights: Any) -> tuple[Any, Array]:
    times, states, own = (
        np.asarray(t, dtype=np.float64),
        np.array(X, dtype=np.float64),
        numbers(weights, "weights"),
    )
    states = states[:, None] if states.ndim == 1 else states
    own = np.repeat(own[:, None], states.shape[1], axis=1) if own.ndim == 1 else own
    if own.shape != states.shape or len(times) != len(states):
        raise ValueError(f"weights of shape {own.shape} do not fit states of shape {states.shape}")
    if not np.all(np.isfinite(own)) or np.any(own < 0):
        raise ValueError("weights must be finite and not negative; a weight of 0 leaves an observation out")
    if np.any(np.sum(own > 0, axis=0) < _LEAST):
        raise ValueError(f"each state needs {_LEAST} weights above 0, or there is nothing to fit")
    for state, counts in zip(states.T, own.T > 0, strict=True):
        known = np.flatnonzero(counts & ~np.isnan(state))
        order = known[np.argsort(times[known], kind="stable")]
        places, first = np.unique(times[order], return_index=True)
        if len(places) >= _LEAST:
            # Before the first and after the last the nearest one does, as nothing of it counts.
            inside = np.clip(times[~counts], places[0], places[-1])
            state[~counts] = PchipInterpolator(places, state[order][first])(inside)
    return pd.DataFrame(states, columns=X.columns) if isinstance(X, pd.DataFrame) else states, own


def _fill(times: Array, state: Array) -> None:
    """Fills the gaps of one state between its first and its last value."""
    known = np.flatnonzero(~np.isnan(state))
    places, first = np.unique(times[known], return_index=True)
    if len(known) == len(state) or len(places) < _LEAST:
        return
    gaps = np.isnan(state)
    state[gaps] = PchipInterpolator(places, state[known][first], extrapolate=False)(times[gaps])
