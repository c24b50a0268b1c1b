"""What options of the command say of the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.column_units import (
    constants_need_units,
    row_of_units,
    split_by_comma,
    units_in_text,
    units_under_header,
)
from nsr.data.indicators import names_made
from nsr.data.names import Names
from nsr.data.nature import constants_in_text, read_constants
from nsr.data.notes import tell
from nsr.data.reading import read_table
from nsr.data.table import Table, select_columns
from nsr.data.weights import check


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table that a command looks at.

    Attributes:
        table: What was read.
        places: Of the explaining columns.
        explained: Place of the target.
        X: The explaining columns, and after them the one that tells groups, where there is one.
        y: The target.
        names: Of the explaining columns, as equations call them.
        of_rows: How much each row counts, by what `SymbolicRegressor.fit` calls it.
    """

    table: Table
    places: list[int]
    explained: int
    X: pd.DataFrame
    y: pd.Series
    names: Names
    of_rows: dict[str, Any]


def read_columns(
    path: Path,
    target: str,
    features: str | None,
    *,
    category: str | None = None,
    weights: str | None = None,
    error: str | None = None,
    may_miss: bool = False,
    with_text: bool = False,
) -> Columns:
    """The columns of a file that options name; see `columns_of`."""
    return columns_of(
        read_table(path), target, None if features is None else split_by_comma(features),
        category=category, weights=weights, error=error, may_miss=may_miss, with_text=with_text,
    )  # fmt: skip


def columns_of(
    table: Table,
    target: str,
    features: Sequence[str] | None = None,
    *,
    category: str | None = None,
    weights: str | None = None,
    error: str | None = None,
    may_miss: bool = False,
    with_text: bool = False,
) -> Columns:
    """The columns of a table that options name.

    Args:
        table: What was read.
        target: Name of the explained column.
        features: Names of the explaining columns; by default all others that can be.
        category: Name of the column that tells groups.
        weights: Name of the column of weights.
        error: Name of the column of the target's errors.
        may_miss: Whether cells may be empty, which are NaN then.
        with_text: Whether text of a few values can explain as well.

    Raises:
        ValueError: If a column is missing, or holds what it may not.
    """
    chosen = None if features is None else [name for name in features if name != category]
    of_rows = {
        name: table.place(column)
        for name, column in (("sample_weight", weights), ("y_err", error))
        if column is not None
    }
    grouped = [] if category is None else [table.place(category)]
    places, explained = select_columns(table, target, chosen, [*of_rows.values(), *grouped], with_text)
    X = table.frame(places, may_miss)
    names = Names.of(names_made(X))
    for place in grouped:
        X.insert(len(places), table.names[place], table.labels(place), allow_duplicates=True)
    y = pd.Series(table.numbers(explained, may_miss), name=table.names[explained])
    return Columns(table, places, explained, X, y, names, _row_numbers(table, of_rows))


def _row_numbers(table: Table, places: dict[str, int]) -> dict[str, Any]:
    """These columns, checked while it is still known what users call them and where they find their rows."""
    if len(places) > 1:
        raise ValueError("give --weights or --error, not both: errors stand for the weights 1 / error^2")
    numbers = {name: table.numbers(place) for name, place in places.items()}
    for name, place in places.items():
        check(name, numbers[name], partial(_of_cell, table, place, numbers[name]))
    return numbers


def _of_cell(table: Table, place: int, numbers: NDArray[np.float64], row: int) -> str:
    return f"column {table.names[place]!r} holds {numbers[row]:g} in line {table.lines[row]}"


def column_units(columns: Columns, text: str | None) -> dict[str, Any]:
    """Units for `SymbolicRegressor.fit`, from the option, or of columns that it leaves out from the table."""
    table, places, target = columns.table, columns.places, columns.explained
    if text is not None:
        names = Names.of([table.names[place] for place in places])
        of_text = columns.X.iloc[:, : len(places)].select_dtypes(exclude="number")  # 0 or 1 in equations
        known = dict.fromkeys(of_text.columns, "1") | row_of_units(table, (*places, target))
        X_units, y_units = units_in_text(text, names, table.names[target], known)
    elif table.units is not None:
        X_units, y_units = units_under_header(table, places, target)
        pairs = zip((*places, target), (*X_units, y_units), strict=True)
        shown = ", ".join(f"{table.names[place]} = {unit}" for place, unit in pairs)
        tell(f"line {table.units_line} is read as units: {shown}")
    else:
        return {}
    return {"X_units": X_units, "y_units": y_units}


def constant_units_for(text: str | None, units: dict[str, Any], constants: Sequence[str]) -> str:
    """Whether constants have units where the user does not say: if units that nobody asked for need it.

    Args:
        text: The option of units.
        units: What comes of it, or of the row under the header.
        constants: What the user says of constants of known value, which may have units.
    """
    if text is not None or not units:
        return "dimensionless"
    own = [constant.unit or "1" for constant in read_constants(constants_in_text(constants), Names.of([]))]
    if constants_need_units([*units["X_units"], *own], units["y_units"]):
        tell("no product of powers of the columns has the target's unit, so that constants may have units")
        return "free"
    return "dimensionless"
