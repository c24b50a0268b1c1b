"""A table as it was read: cells, the user's names, and where in the file each row stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.category import checked_labels
from nsr.data.indicators import is_categorical
from nsr.data.names import did_you_mean
from nsr.data.notes import listed, tell

_REMEDY = ", or fit with --missing drop or --missing impute"


@dataclass(frozen=True)
class Table:
    """Columns of a file; their places, not their names, tell them apart, as names can repeat.

    Attributes:
        source: What was read, as messages call it.
        names: Names of the columns as they stand in the header, spaces included.
        cells: The columns, named by their places 0, 1, ...; numbers where all of a column are.
        lines: Line of the file in which each row begins, counted from 1, shape (n_rows,).
        units: What a row of units under the header says of each column; None without such a row.
        units_line: Line of the file of that row.
    """

    source: str
    names: tuple[str, ...]
    cells: pd.DataFrame
    lines: NDArray[np.intp]
    units: tuple[str, ...] | None = None
    units_line: int = 0

    def __len__(self) -> int:
        return len(self.cells)

    def place(self, name: str) -> int:
        """Where the column of this name is; spaces around it matter only if the names differ in nothing else.

        Raises:
            ValueError: If there is none, or several have the name.
        """
        return self.places([name])[0]

    def places(self, names: Sequence[str]) -> list[int]:
        """Where columns are; a name that is given twice means its first and its second column.

        Raises:
            ValueError: If there is no such column, or more of them than are asked for.
        """
        result: list[int] = []
        for name in names:
            found = self._named(name)
            asked = sum(self._named(other) == found for other in names)
            if asked > len(found):
                raise ValueError(f"column {name!r} is asked for {asked} times; once is enough")
            if asked < len(found):
                raise ValueError(
                    f"{self.source} has {len(found)} columns {name!r}: give each its own name in the header"
                )
            result.append(next(place for place in found if place not in result))
        return result

    def without_numbers(self, place: int) -> str:
        """What a column holds instead of numbers, as a phrase; an empty one if it holds any."""
        column = self.cells[place]
        if column.isna().all():
            return "is empty"
        if not _as_numbers(column).isna().all():
            return ""
        first = str(column.dropna().iloc[0])
        # Who sees '3.1 mm' knows what to mend.
        return f"holds text ({first[:20]!r})" if any(map(str.isdigit, first)) else "holds text"

    def numbers(self, place: int, may_miss: bool = False) -> NDArray[np.float64]:
        """A column as finite numbers, shape (n_rows,).

        Args:
            place: Of the column.
            may_miss: Whether cells may be empty, which are NaN then.

        Raises:
            ValueError: If a cell is not a finite number; the message names the first one and its line.
        """
        column = self.cells[place]
        numbers = np.asarray(_as_numbers(column), dtype=np.float64)
        is_wrong = ~np.isfinite(numbers)
        wrong = np.flatnonzero(is_wrong & column.notna().to_numpy() if may_miss else is_wrong)
        if len(wrong):
            row = int(wrong[0])
            value = column.iloc[row]
            what = "is empty" if pd.isna(value) else f"holds {str(value)[:30]!r}"
            raise ValueError(
                f"column {self.names[place]!r} {what} in line {self.lines[row]}; remove the row or give a "
                f"finite number{_REMEDY if pd.isna(value) else ''}"
            )
        return numbers

    def text(self, place: int, may_miss: bool = False) -> pd.Series:
        """A column of text, as it was read.

        Args:
            place: Of the column.
            may_miss: Whether cells may be empty.

        Raises:
            ValueError: If one is; the message names the first one and its line.
        """
        column = self.cells[place]
        empty = np.flatnonzero(column.isna())
        if len(empty) and not may_miss:
            raise ValueError(
                f"column {self.names[place]!r} is empty in line {self.lines[empty[0]]}; remove the row"
                f"{_REMEDY}"
            )
        return column

    def frame(self, places: Sequence[int], may_miss: bool = False) -> pd.DataFrame:
        """Columns as a data frame: numbers, and text of a few values; errors as in `numbers`."""
        columns = [
            self.text(place, may_miss)
            if is_categorical(self.cells[place])
            else pd.Series(self.numbers(place, may_miss))
            for place in places
        ]
        names = [self.names[place] for place in places]
        return pd.DataFrame(dict(enumerate(columns))).set_axis(names, axis=1)

    def labels(self, place: int) -> list[str]:
        """A column as labels of groups, none of them empty, one for each row.

        Raises:
            ValueError: If a cell is empty; the message names the first one and its line.
        """
        lines = [f"line {line}" for line in self.lines]
        return checked_labels(self.cells[place].tolist(), self.names[place], lines)

    def matrix(self, places: Sequence[int], may_miss: bool = False) -> NDArray[np.float64]:
        """Columns as finite numbers, shape (n_rows, n_places); errors as in `numbers`."""
        return np.column_stack([self.numbers(place, may_miss) for place in places])

    def without(self, place: int) -> Table:
        """The table without a column."""
        kept = [other for other in range(len(self.names)) if other != place]
        return Table(
            self.source,
            tuple(self.names[other] for other in kept),
            self.cells[kept].set_axis(range(len(kept)), axis=1),
            self.lines,
            None if self.units is None else tuple(self.units[other] for other in kept),
            self.units_line,
        )

    def _named(self, name: str) -> list[int]:
        """Places of the columns that a name means."""
        exact = [place for place, other in enumerate(self.names) if other == name]
        bare = [place for place, other in enumerate(self.names) if other.strip() == name.strip()]
        found = exact or bare
        if not found:
            raise ValueError(f"there is no column {name!r}; {did_you_mean(name, self.names)}")
        return found


def _as_numbers(column: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(column, errors="coerce")
    except OverflowError:  # whole numbers beyond floats, which as text are infinite
        return pd.to_numeric(column.astype(str), errors="coerce")


def pass_over_units(table: Table) -> None:
    """Tells of a row under the header that holds no numbers, where units are of no use."""
    if table.units is not None:
        tell(f"line {table.units_line} of {table.source} holds no numbers and is passed over, as if of units")


def with_numbers(table: Table, places: Sequence[int]) -> list[int]:
    """The columns that hold any number; the others are told."""
    phrases = {place: table.without_numbers(place) for place in places}
    said = [f"{table.names[place]!r} {phrase}" for place, phrase in phrases.items() if phrase]
    if len(said) == 1:
        tell(f"column {said[0]} and is left out")
    elif said:
        tell(f"columns are left out: {listed(said)}")
    return [place for place, phrase in phrases.items() if not phrase]


def select_columns(
    table: Table,
    target: str,
    features: Sequence[str] | None = None,
    apart: Sequence[int] = (),
    with_text: bool = False,
) -> tuple[list[int], int]:
    """Places of the explaining columns and of the target.

    Args:
        table: What was read.
        target: Name of the explained column.
        features: Names of the explaining columns; by default all others that can be.
        apart: Places of columns that say something of the rows, such as their weights, and explain nothing.
        with_text: Whether text of a few values can explain as well; numbers always can.

    Raises:
        ValueError: If a column is missing, or there is nothing to explain the target with.
    """
    explained = table.place(target)
    if explained in apart:
        raise ValueError(
            f"column {target!r} is the target; --weights, --error and --category are columns beside it"
        )
    if features is not None:
        places = table.places(features)
        if not places or explained in places:
            raise ValueError("choose at least one feature, and not the target itself, with --features")
        return places, explained
    others = [place for place in range(len(table.names)) if place != explained and place not in apart]
    is_text = {place: with_text and is_categorical(table.cells[place]) for place in others}
    with_any = with_numbers(table, [place for place in others if not is_text[place]])
    places = sorted([*with_any, *(place for place in others if is_text[place])])
    if not places:
        raise ValueError(f"{table.source} has no column of numbers beside {target!r} to explain it with")
    return places, explained
