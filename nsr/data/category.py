"""A column that says which group each row belongs to: labels in, numbers of groups out."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names, did_you_mean

Codes = NDArray[np.intp]

# A constant of each group has to be fitted to the group's rows.
_LEAST_ROWS, _MOST_GROUPS = 2, 50
_MOST_SHOWN = 10
_NUMBER = re.compile(r"((?:(?<!\S)-)?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Category:
    """A column of groups, and the groups that a fit has seen.

    Attributes:
        name: Of the column.
        place: Where it is in the table.
        groups: Labels of the groups, in order.
    """

    name: str
    place: int
    groups: tuple[str, ...]

    @classmethod
    def of(cls, X: Any, column: str | int) -> Category:
        """The category that a column of a table is.

        Args:
            X: A data frame or an array, shape (n_rows, n_columns).
            column: Its name, or its place.

        Raises:
            ValueError: If there is no such column, or constants cannot be fitted to its groups.
        """
        place = _place(X, column)
        name = Names.of_table(_table(X)).columns[place]
        labels = _labels(X, place, name)
        groups, counts = np.unique(labels, return_counts=True)
        found = cls(name, place, tuple(sorted(groups.tolist(), key=_order)))
        if np.shape(X)[1] < 2:
            raise ValueError(f"there is no column beside {name!r}, which only says the group of each row")
        if len(groups) < 2:
            raise ValueError(f"column {name!r} has a single group, {labels[0]!r}: leave out category")
        few = [group for group, count in zip(groups.tolist(), counts, strict=True) if count < _LEAST_ROWS]
        if 2 * len(few) > len(groups) or len(groups) > _MOST_GROUPS:
            raise ValueError(
                f"column {name!r} has {len(groups)} groups in {len(labels)} rows: a category has at most "
                f"{_MOST_GROUPS}, with several rows in each; if its values are numbers, use it as any column"
            )
        if few:
            raise ValueError(
                f"group {few[0]!r} of column {name!r} has a single row, to which nothing can be fitted: "
                "leave the row out, or join the group with another one"
            )
        return found

    def split(self, X: Any) -> tuple[Any, Codes]:
        """A table without the column, and the number of each row's group, shape (n_rows,).

        Raises:
            ValueError: If the column is missing, or a group was not among those of the fit.
        """
        place = self.place
        if hasattr(X, "columns"):
            place = _place(X, self.name)
        elif np.ndim(X) != 2 or np.shape(X)[1] <= place:
            raise ValueError(f"X needs the column {self.name!r}, which says the group of each row")
        codes = self.codes(_labels(X, place, self.name))
        return _without(X, place), codes

    def left_out(self, X: Any, n_others: int) -> Any:
        """A table without the column, whatever that holds; as it is where it has none.

        Args:
            X: A data frame or an array.
            n_others: How many other columns an array has.
        """
        if hasattr(X, "columns"):
            is_there = self.name in Names.of_table(X).words
            return _without(X, _place(X, self.name)) if is_there else X
        return _without(X, self.place) if np.ndim(X) == 2 and np.shape(X)[1] == n_others + 1 else X

    def codes(self, labels: Sequence[str]) -> Codes:
        """Numbers of groups.

        Raises:
            ValueError: If a group was not among those of the fit.
        """
        known = {group: code for code, group in enumerate(self.groups)}
        for label in labels:
            if label not in known:
                raise ValueError(
                    f"group {label!r} of column {self.name!r} was not in the fit, so that its constants are "
                    f"not known; the groups are {self.shown}: fit again with rows of it"
                )
        return np.array([known[label] for label in labels], dtype=np.intp)

    def checked(self, codes: Codes) -> Codes:
        """Numbers of the groups of rows that count, as they are.

        Raises:
            ValueError: If a group has none.
        """
        left_out = np.flatnonzero(np.bincount(codes, minlength=len(self.groups)) == 0)
        if len(left_out):
            raise ValueError(
                f"group {self.groups[left_out[0]]!r} of column {self.name!r} has no row left that counts: "
                "leave its rows out, or give them weights above 0"
            )
        return codes

    def code(self, group: object) -> int:
        """The number of one group.

        Raises:
            ValueError: If there is no such group.
        """
        label = label_of(group)
        if label not in self.groups:
            raise ValueError(f"column {self.name!r} has no group {label!r}; the groups are {self.shown}")
        return self.groups.index(label)

    @property
    def shown(self) -> str:
        """The groups, the first few of many."""
        more = ", ..." if len(self.groups) > _MOST_SHOWN else ""
        return ", ".join(self.groups[:_MOST_SHOWN]) + more


def label_of(value: object) -> str:
    """A label as text: whole numbers are the same with and without a point; an empty one if there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and float(value).is_integer():
        return str(int(float(value)))
    return str(value).strip()


def checked_labels(values: Sequence[object], name: str, where: Sequence[str] | None = None) -> list[str]:
    """Labels of all rows.

    Args:
        values: As they were given.
        name: Of the column.
        where: Where each row is, for messages.

    Raises:
        ValueError: If a row has none.
    """
    labels = [label_of(value) for value in values]
    if "" in labels:
        row = labels.index("")
        place = f"row {row}" if where is None else where[row]
        raise ValueError(f"column {name!r} is empty in {place}: say which group it is of, or remove the row")
    return labels


def _table(X: Any) -> Any:
    """A data frame or an array, as it was given."""
    return X if hasattr(X, "columns") or isinstance(X, np.ndarray) else np.asarray(X, dtype=object)


def _without(X: Any, place: int) -> Any:
    """A table without a column."""
    if hasattr(X, "columns"):
        return X.iloc[:, [i for i in range(X.shape[1]) if i != place]]
    return np.delete(_table(X), place, axis=1)


def _place(X: Any, column: str | int) -> int:
    names = Names.of_table(_table(X))
    if isinstance(column, numbers.Integral) and not isinstance(column, bool):
        if 0 <= column < len(names.columns):
            return int(column)
        raise ValueError(f"category={column!r}: the columns are numbered 0 to {len(names.columns) - 1}")
    if column not in names.words:
        raise ValueError(f"category={column!r} is not a column; {did_you_mean(str(column), names.columns)}")
    return names.place(column)


def _labels(X: Any, place: int, name: str) -> list[str]:
    values = X.iloc[:, place] if hasattr(X, "iloc") else _table(X)[:, place]
    return checked_labels(list(values), name)


def _order(label: str) -> list[tuple[bool, float, str]]:
    """Numbers in labels count as such, so that s2 comes before s10."""
    parts = _NUMBER.split(label)
    return [(place % 2 == 0, float(part) if place % 2 else 0.0, part) for place, part in enumerate(parts)]
