"""Files to tables: CSV text in, checked columns of numbers out."""

from __future__ import annotations

import difflib
import keyword
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import CONSTANTS


def read_table(path: Path) -> pd.DataFrame:
    """Reads a CSV file; comma, semicolon and tab are recognised.

    Raises:
        ValueError: If the file is missing, empty or no table.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}; check the name and the folder")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8 text; save the table as CSV (UTF-8)") from None
    header = text.lstrip().partition("\n")[0]
    if not header:
        raise ValueError(f"{path} is empty; it needs a header line and rows of numbers")
    delimiter = max(",;\t", key=header.count)
    try:
        table = pd.read_csv(path, sep=delimiter, encoding="utf-8-sig", skipinitialspace=True, index_col=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} is no CSV table: {str(error).strip()}") from None
    table.columns = [str(column).strip() for column in table.columns]
    return table


def label_columns(table: pd.DataFrame, target: str) -> list[str]:
    """Columns other than the target that hold no number at all, such as names."""
    others = [column for column in table.columns if column != target]
    return [
        column
        for column in others
        if table[column].notna().any() and pd.to_numeric(table[column], errors="coerce").isna().all()
    ]


def select_columns(
    table: pd.DataFrame, target: str, features: Sequence[str] | None
) -> tuple[pd.DataFrame, pd.Series]:
    """The explaining columns and the target, as finite numbers.

    Raises:
        ValueError: If a column is missing, not numeric or not finite.
    """
    columns = [c for c in table.columns if c != target] if features is None else [f.strip() for f in features]
    for column in (target, *columns):
        check_present(table, column)
    if not columns or target in columns:
        raise ValueError("choose at least one feature, and not the target itself, with --features")
    numeric = pd.DataFrame({column: finite_numbers(table[column], column) for column in (*columns, target)})
    return numeric[columns], numeric[target]


def column_units(text: str, columns: Sequence[str], target: str) -> dict[str, Any]:
    """Units as `SymbolicRegressor.fit` takes them, from text such as `mass=kg,v=m/s,energy=J`.

    Raises:
        ValueError: If a column's unit is missing, or a name is no column.
    """
    pairs = [entry.partition("=") for entry in text.split(",")]
    given = {name.strip(): unit.strip() for name, _, unit in pairs}
    needed = {*columns, target}
    if given.keys() != needed:
        wrong = ", ".join(sorted(given.keys() ^ needed))
        raise ValueError(
            f"--units must give each used column and the target one unit, '1' for none, as in "
            f"'{columns[0]}=m/s'; look at {wrong}"
        )
    return {"X_units": [given[column] for column in columns], "y_units": given[target]}


def identifiers(columns: Sequence[str]) -> dict[str, str]:
    """Names for columns that equations can use: identifiers, unique, and no function's name."""
    functions = {*OPERATORS.words, *CONSTANTS}
    result: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"\W+", "_", column).strip("_") or "x"
        if name[0].isdigit():
            name = f"x_{name}"
        if keyword.iskeyword(name) or name in functions:
            name = f"{name}_"
        unique, count = name, 2
        while unique in result.values():
            unique, count = f"{name}_{count}", count + 1
        result[column] = unique
    return result


def check_present(table: pd.DataFrame, column: str) -> None:
    """Raises a `ValueError` that names the nearest column where there is none of this name."""
    if column not in table.columns:
        close = difflib.get_close_matches(column, list(table.columns), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"the columns are {', '.join(table.columns)}"
        raise ValueError(f"there is no column {column!r}; {hint}")


def finite_numbers(values: pd.Series, column: str) -> pd.Series:
    """A column as float64, with an error that names the first row that is no finite number."""
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    for row, (value, number) in enumerate(zip(values.tolist(), numbers.tolist(), strict=True), start=2):
        if math.isfinite(number):
            continue
        what = "is empty" if pd.isna(value) else f"holds {str(value)[:30]!r}"
        raise ValueError(f"column {column!r} {what} in line {row}; remove the row or give a finite number")
    return numbers
