"""What a table holds, column by column, and how much columns tell of a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.indicators import is_categorical
from nsr.data.table import Table


@dataclass(frozen=True)
class ColumnLine:
    """A column, as a page shows it.

    Attributes:
        name: As it stands in the header.
        holds: `numbers`, or what else, and how many cells are empty.
        least: Least number, as text.
        median: Median, in the same way.
        most: Largest number, in the same way.
        unit: What the row under the header says; empty without one.
        explains: Whether it can explain a target.
        is_numeric: Whether it holds numbers alone.
        has_numbers: Whether it holds any, so that it is meant to.
    """

    name: str
    holds: str
    least: str
    median: str
    most: str
    unit: str
    explains: bool
    is_numeric: bool
    has_numbers: bool


def column_lines(table: Table) -> list[ColumnLine]:
    """All columns, in the order of the table."""
    return [_line(table, place) for place in range(len(table.names))]


def likely_target(lines: list[ColumnLine]) -> str | None:
    """The last column of numbers, which most tables have as their target; None without any."""
    return next((line.name for line in reversed(lines) if line.is_numeric), None)


def likely_time(lines: list[ColumnLine]) -> str | None:
    """The first column that is called like a time, or else the first of numbers; None without any."""
    numeric = [line.name for line in lines if line.is_numeric]
    called = [name for name in numeric if name.strip().lower().split(" ")[0] in {"t", "time", "year", "date"}]
    return next(iter([*called, *numeric]), None)


def information_about(table: Table, target: str) -> dict[str, float]:
    """Mutual information, in nats, of each column of numbers with a target; 0 where it is not above noise.

    Args:
        table: What was read.
        target: One of its columns.

    Raises:
        ValueError: If the target is not of numbers, or fewer than 20 rows are complete.
    """
    from nsr.understanding.information import information

    explained = table.place(target)
    places = [place for place in range(len(table.names)) if place != explained and _is_numeric(table, place)]
    if not places:
        return {}
    y = table.numbers(explained, may_miss=True)
    X = pd.DataFrame(table.matrix(places, may_miss=True))
    told = information(X, y, [str(place) for place in places], pairs=False)
    return {
        table.names[int(row["columns"])]: max(0.0, row["information"])
        if row["information"] > row["noise"]
        else 0.0
        for row in told.to_dict("records")
    }


def _line(table: Table, place: int) -> ColumnLine:
    cells = table.cells[place]
    n_empty = int(cells.isna().sum())
    is_numeric, is_text = _is_numeric(table, place), is_categorical(cells)
    no_numbers = table.without_numbers(place)
    kind = no_numbers.removeprefix("holds ") or _numbers(table, place)
    numbers = table.numbers(place, may_miss=True) if is_numeric else np.array([np.nan])
    said = [f", {n_empty} empty" if n_empty and n_empty < len(cells) else ""]
    return ColumnLine(
        table.names[place],
        ("text of a few values" if is_text else kind) + said[0],
        *_texts(numbers),
        "" if table.units is None else table.units[place],
        is_numeric or is_text,
        is_numeric,
        not no_numbers,
    )


def _numbers(table: Table, place: int) -> str:
    """That a column holds numbers, and the first cell that does not."""
    try:
        table.numbers(place, may_miss=True)
    except ValueError as error:
        said = str(error).partition(";")[0].removeprefix(f"column {table.names[place]!r} holds ")
        return f"numbers, but {said}"
    return "numbers"


def _is_numeric(table: Table, place: int) -> bool:
    """Whether all cells that are not empty, at least one, are finite numbers."""
    return not table.without_numbers(place) and _numbers(table, place) == "numbers"


def _texts(numbers: NDArray[np.float64]) -> tuple[str, str, str]:
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return "", "", ""
    least, median, most = (f"{value:.4g}" for value in (known.min(), np.median(known), known.max()))
    return least, median, most
