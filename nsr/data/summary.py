"""What is kept of a table when the table itself is not: its size, and where its columns lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnSummary:
    """Where the values of a column lie.

    Attributes:
        name: As the user wrote it.
        low: The least.
        mean: Their mean.
        high: The greatest.
    """

    name: str
    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, name: str, values: Array) -> ColumnSummary:
        """Summarises values, shape (P,)."""
        with np.errstate(over="ignore"):  # a mean may be beyond floating point
            return cls(name, float(np.min(values)), float(np.mean(values)), float(np.max(values)))


@dataclass(frozen=True)
class DataSummary:
    """What a fit has seen.

    Attributes:
        n_rows: Rows of the table.
        n_rows_used: Rows that were looked at, which the columns are summarised by.
        columns: The explaining columns, in order.
        target: The explained one; it is called `y` where it came without a name.
    """

    n_rows: int
    n_rows_used: int
    columns: tuple[ColumnSummary, ...]
    target: ColumnSummary

    @classmethod
    def of(cls, X: Array, y: Array, names: Sequence[str], target: str, n_rows: int) -> DataSummary:
        """Summarises a table.

        Args:
            X: The rows that were looked at, shape (P, D).
            y: Their target, shape (P,).
            names: Of the columns of X.
            target: Name of the explained column.
            n_rows: Rows of the whole table.
        """
        columns = tuple(ColumnSummary.of(name, X[:, place]) for place, name in enumerate(names))
        return cls(n_rows, len(y), columns, ColumnSummary.of(target, y))


def name_of_target(y: ArrayLike) -> str:
    """What a series calls its values, or a data frame its only column; `y` where it says nothing."""
    columns = getattr(y, "columns", None)
    name = getattr(y, "name", None) if columns is None else next(iter(columns), None)
    return "y" if name is None else str(name)
