"""Cells without a value: refused, left out with their rows, or filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.data.names import did_you_mean
from nsr.data.notes import tell

Array = NDArray[np.float64]

# What may be done about them.
WAYS = ("error", "drop", "impute")
_MOST_SHOWN = 5


@dataclass(frozen=True)
class Filling:
    """What missing values become: the column's median, as of scikit-learn's `SimpleImputer`.

    Attributes:
        values: One for each column, shape (D,); 0 for a column without any value.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, X: Array) -> Filling:
        """The medians of a table, shape (P, D)."""
        is_empty = np.isnan(X).all(axis=0)
        medians = np.zeros(X.shape[1])
        medians[~is_empty] = np.nanmedian(X[:, ~is_empty], axis=0)
        return cls(tuple(medians.tolist()))

    def filled(self, X: Array) -> Array:
        """The table with these values where it has none."""
        return np.where(np.isnan(X), np.array(self.values), X)


def check_way(missing: object) -> None:
    """Refuses what is not one of `WAYS`.

    Raises:
        ValueError: If so.
    """
    if missing not in WAYS:
        hint = did_you_mean(str(missing), WAYS, 0.7)
        remedy = hint if "mean" in hint else f"it must be one of {', '.join(WAYS)}"
        raise ValueError(f"missing={missing!r}: {remedy}")


def with_gaps_filled(y: ArrayLike) -> tuple[ArrayLike, NDArray[np.bool_]]:
    """A target with zeros where it has no value, and where that is; what is not numbers stays."""
    try:
        numbers = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        return y, np.zeros(np.shape(y)[:1], dtype=np.bool_)
    is_missing = np.isnan(numbers)
    if not numbers.ndim or not is_missing.any():
        return y, np.zeros(numbers.size, dtype=np.bool_)
    return np.where(is_missing, 0.0, numbers), is_missing.ravel()


def tell_filled(X: Array, names: Sequence[str]) -> None:
    """Tells how many values were missing in which columns and are filled."""
    missing = np.isnan(X)
    if not missing.any():
        return
    n_complete = int(np.count_nonzero(~missing.any(axis=1)))
    tell(
        f"{int(missing.sum())} missing values are replaced by the medians of their columns: "
        f"{counted(missing, names)}; a law is blurred by that, and {n_complete} of {len(X)} rows have none "
        "missing: missing='drop' uses these alone"
    )


def counted(missing: NDArray[np.bool_], names: Sequence[str]) -> str:
    """How many values each column misses, as a phrase; those that miss most come first.

    Args:
        missing: Which values are missing, shape (P, D).
        names: Of the columns.
    """
    counts = missing.sum(axis=0)
    order = [int(place) for place in np.argsort(-counts, kind="stable") if counts[place]]
    more = len(order) - _MOST_SHOWN
    shown = ", ".join(f"{names[place]} ({counts[place]})" for place in order[:_MOST_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
