"""Tables and targets as users give them, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.data.names import Names

Array = NDArray[np.float64]


def table_and_target(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Names]:
    """Columns, shape (n_rows, n_columns), a target, shape (n_rows,), and the columns' names.

    Raises:
        ValueError: If X and y have other shapes, or values that are no numbers.
    """
    try:
        table, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X and y must be numbers, {error}: leave out columns of text") from None
    if table.ndim != 2 or target.shape != (len(table),):
        raise ValueError(
            f"X has the shape {table.shape}, and y {target.shape}: give (n_rows, n_columns) and (n_rows,)"
        )
    return table, target, Names.of_table(X if hasattr(X, "columns") else table)


def complete_rows(table: Array, target: Array, least: int) -> NDArray[np.intp]:
    """Rows whose values are all finite.

    Raises:
        ValueError: If there are fewer than `least`.
    """
    known = np.flatnonzero(np.isfinite(np.column_stack((table, target))).all(axis=1))
    if len(known) < least:
        raise ValueError(f"{len(known)} rows are complete, and {least} are needed: fill gaps before")
    return known
