"""Checks and preparation of data before the network sees them; every surprise is told."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

MAX_ROWS = 10_000
MIN_ROWS = 3
_ROWS_FOR_RELEVANCE = 2_000

Array = NDArray[np.float64]


class DataWarning(UserWarning):
    """Something about the data that the user should know; the fit goes on."""


@dataclass(frozen=True)
class Prepared:
    """Data reduced to what the search works on.

    Attributes:
        X: Variables, shape (n_rows, n_used).
        y: Target, shape (n_rows,).
        columns: Which of the user's columns these are, ascending, shape (n_used,).
    """

    X: Array
    y: Array
    columns: NDArray[np.intp]


def prepare(X: Array, y: Array, max_variables: int, seed: int) -> Prepared:
    """Drops repeated and constant columns, surplus variables and surplus rows, with a warning for each.

    Args:
        X: Finite, shape (n_rows, n_columns).
        y: Finite, shape (n_rows,).
        max_variables: Variables that the network knows.
        seed: Seed of the draw of rows and of the choice of variables.

    Raises:
        ValueError: If there are fewer than 3 rows.
    """
    if len(y) < MIN_ROWS:
        raise ValueError(
            f"n_samples={len(y)} rows are too few to tell equations apart: give at least {MIN_ROWS}"
        )
    rows = np.arange(len(y))
    if len(y) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), MAX_ROWS, replace=False))
        tell(f"{len(y)} rows: a random {MAX_ROWS} of them are used")
    columns = _distinct_columns(X[rows])
    if len(columns) > max_variables:
        columns = _most_relevant(X[rows], y[rows], columns, max_variables, seed)
    return Prepared(np.ascontiguousarray(X[np.ix_(rows, columns)]), y[rows], columns)


def _distinct_columns(X: Array) -> NDArray[np.intp]:
    """Columns that vary and repeat no earlier one; the first column if there are none."""
    varying = np.flatnonzero(np.ptp(X, axis=0) > 0)
    seen: dict[bytes, int] = {}
    for column in varying:
        first = seen.setdefault(X[:, column].tobytes(), int(column))
        if first != column:
            tell(f"column {column} repeats column {first} and is left out")
    return np.array(sorted(seen.values()) or [0], dtype=np.intp)


def _most_relevant(
    X: Array, y: Array, columns: NDArray[np.intp], max_variables: int, seed: int
) -> NDArray[np.intp]:
    """The columns that a forest of randomised trees relies on most."""
    rows = np.arange(len(y))[:_ROWS_FOR_RELEVANCE]
    forest = ExtraTreesRegressor(n_estimators=100, min_samples_leaf=3, random_state=seed)
    forest.fit(X[np.ix_(rows, columns)], y[rows])
    order = np.argsort(-forest.feature_importances_)[:max_variables]
    chosen = np.sort(columns[order])
    tell(
        f"{len(columns)} variables, the network knows {max_variables}: columns "
        f"{', '.join(map(str, chosen))} matter most and are used"
    )
    return chosen


def tell(message: str) -> None:
    """Warns the user about the data."""
    warnings.warn(message, DataWarning, stacklevel=4)
