"""Columns that only name the rows, and columns that nobody named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from nsr.data.notes import tell
from nsr.data.table import Table


def without_row_names(table: Table) -> Table:
    """A table whose rows have one field more than its header, without that field.

    It is the last where all rows end with a separator, and the first where that names the rows, as R's
    `write.table` and `read.table` have it.

    Raises:
        ValueError: If it is neither.
    """
    last = len(table.names) - 1
    if table.cells[last].isna().all():
        return replace(table.without(last), names=table.names[1:])
    if not _names_rows(table.cells[0]):
        raise ValueError(
            f"rows of {table.source} have one field more than the header, and the first does not name the "
            "row: give each column a name"
        )
    tell(
        "rows have one field more than the header: the first is read as a name of the row, as R writes them, "
        "and left out"
    )
    return table.without(0)


def without_unnamed(table: Table) -> Table:
    """A table without unnamed columns that are empty or number the rows; others are named by their places."""
    for place in reversed(range(len(table.names))):
        if table.names[place].strip():
            continue
        if table.cells[place].isna().all() and len(table.names) > 1:
            table = table.without(place)
        elif place == 0 and _names_rows(table.cells[0]) and len(table.names) > 1:
            tell("the first column has no name and names or numbers the rows: it is left out")
            table = table.without(place)
        else:
            name = f"column {place + 1}"
            tell(f"{name} has no name in the header and is called {name!r}")
            table = replace(table, names=(*table.names[:place], name, *table.names[place + 1 :]))
    return table


def _names_rows(column: pd.Series) -> bool:
    """Whether a column holds different names or different whole numbers, one for each row."""
    if column.isna().any() or column.duplicated().any():
        return False
    numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    return bool(np.isnan(numbers).any() or (np.all(numbers >= 0) and np.all(numbers == np.floor(numbers))))
