"""Several targets of the same rows as one target in groups, so that they share a form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nsr.expressions.expression import VARIABLE_PREFIX

TARGET = "target"


def stack_targets(X: ArrayLike, Y: ArrayLike) -> tuple[pd.DataFrame, pd.Series, NDArray[np.float64]]:
    """A table with a row for each target, for `SymbolicRegressor(category="target")`.

    That then looks for one form, with constants that are others for each target where the data say so.

    Args:
        X: Variables, shape (n_rows, n_columns).
        Y: Targets, shape (n_rows, n_targets), at least two.

    Returns:
        X once for each target, with a column `target` that says which; the targets, one below the other; and
        weights, one over the target's variance, so that each counts alike whatever its unit is.

    Raises:
        ValueError: If there are not several targets for the same rows, or a column is called `target`.
    """
    table, targets = _frame(X, VARIABLE_PREFIX), _frame(Y, "y_")
    if targets.shape[1] < 2 or len(table) != len(targets):
        raise ValueError(
            f"{targets.shape[1]} targets in {len(targets)} rows, and {len(table)} of X: give two targets "
            "or more for the same rows"
        )
    if TARGET in table.columns:
        raise ValueError(f"X has a column {TARGET!r}, which is to say which target a row is of: rename it")
    stacked = pd.concat([table.assign(**{TARGET: str(name)}) for name in targets.columns], ignore_index=True)
    values = targets.to_numpy(dtype=np.float64)
    variances = np.var(values, axis=0)
    weights = 1 / np.where(variances > 0, variances, 1.0)
    return stacked, pd.Series(values.T.ravel(), name="y"), np.repeat(weights, len(table))


def _frame(values: Any, prefix: str) -> pd.DataFrame:
    """A data frame, columns of an array under a prefix and their numbers."""
    if isinstance(values, pd.DataFrame):
        return values.set_axis([str(name) for name in values.columns], axis=1).reset_index(drop=True)
    array = np.asarray(values)
    if array.ndim != 2:
        raise ValueError(f"give tables of rows and columns, not an array of the shape {array.shape}")
    return pd.DataFrame(array, columns=[f"{prefix}{i}" for i in range(array.shape[1])])
