"""What options of the command say of the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.column_units import constants_need_units, row_of_units, units_in_text, units_under_header
from nsr.data.names import Names
from nsr.data.nature import constants_in_text, read_constants
from nsr.data.notes import tell
from nsr.data.table import Table
from nsr.data.weights import check


def row_columns(table: Table, **columns: str | None) -> dict[str, int]:
    """Places of the columns that say how much rows count, by what `SymbolicRegressor.fit` calls them."""
    return {name: table.place(column) for name, column in columns.items() if column is not None}


def row_numbers(table: Table, places: dict[str, int]) -> dict[str, Any]:
    """These columns, checked while it is still known what users call them and where they find their rows."""
    if len(places) > 1:
        raise ValueError("give --weights or --error, not both: errors stand for the weights 1 / error^2")
    numbers = {name: table.numbers(place) for name, place in places.items()}
    for name, place in places.items():
        check(name, numbers[name], partial(_of_cell, table, place, numbers[name]))
    return numbers


def _of_cell(table: Table, place: int, numbers: NDArray[np.float64], row: int) -> str:
    return f"column {table.names[place]!r} holds {numbers[row]:g} in line {table.lines[row]}"


def feature_frame(
    table: Table, places: Sequence[int], grouped: int | None, may_miss: bool = False
) -> pd.DataFrame:
    """The explaining columns, and after them the column that tells groups, where there is one."""
    frame = table.frame(places, may_miss)
    if grouped is not None:
        frame.insert(len(places), table.names[grouped], table.labels(grouped), allow_duplicates=True)
    return frame


def column_units(table: Table, places: Sequence[int], target: int, text: str | None) -> dict[str, Any]:
    """Units for `SymbolicRegressor.fit`, from the option, or of columns that it leaves out from the table."""
    if text is not None:
        names = Names.of([table.names[place] for place in places])
        known = row_of_units(table, (*places, target))
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
