"""Columns of text: each value as a column of its own that is 1 in the value's rows and 0 elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.notes import listed, tell

Array = NDArray[np.float64]

# Text with more values than this names rows, or says what no short equation repeats.
MOST_LEVELS = 20
_MOST_SHOWN = 10


@dataclass(frozen=True)
class Indicators:
    """Columns of a table, and what those of text become.

    Of two values the first in the alphabet needs no column, as scikit-learn's `OneHotEncoder` has it with
    `drop="if_binary"`; of more each has its own, which keeps equations short.

    Attributes:
        columns: Names of the user's columns.
        levels: For each of them the values that it had in the fit; none for columns of numbers.
    """

    columns: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, X: Any) -> Indicators | None:
        """What a data frame's columns of text, or of pandas' categories, become; None where it has none.

        Args:
            X: A data frame; of anything else all columns are numbers.

        Raises:
            ValueError: If a column of text has more than `MOST_LEVELS` values.
        """
        if not isinstance(X, pd.DataFrame):
            return None
        is_text = [holds_labels(X.iloc[:, place]) for place in range(X.shape[1])]
        if not any(is_text):
            return None
        names = tuple(str(name) for name in X.columns)
        levels = tuple(
            _levels(X.iloc[:, place], name) if text else ()
            for place, (name, text) in enumerate(zip(names, is_text, strict=True))
        )
        return cls(names, levels)

    def tell_made(self) -> None:
        """Tells what has become of columns of text."""
        pairs = zip(self.columns, self.levels, strict=True)
        made = [(column, ", ".join(_made(column, own))) for column, own in pairs if own]
        if len(made) == 1:
            tell(f"column {made[0][0]!r} holds text: equations have {made[0][1]}, 0 or 1")
        else:
            said = listed([f"{column!r} becomes {own}" for column, own in made])
            tell(f"columns hold text, and equations have 0 or 1 for each value: {said}")

    @property
    def names(self) -> list[str]:
        """Names of the columns that they become, such as `sex=male`."""
        pairs = zip(self.columns, self.levels, strict=True)
        return [name for column, own in pairs for name in _made(column, own) or [column]]

    def places(self, column: int) -> range:
        """Where the columns are that one of the user's columns becomes."""
        widths = [max(1, len(_with_columns(own))) for own in self.levels]
        begin = sum(widths[:column])
        return range(begin, begin + widths[column])

    def encoded(self, X: pd.DataFrame) -> pd.DataFrame:
        """A table of these columns as numbers, NaN where a cell is empty.

        Raises:
            ValueError: If a value of a column of text was not in the fit.
        """
        made = [self.values(place, X.iloc[:, place]) for place in range(X.shape[1])]
        parts = [
            pd.DataFrame(own, index=X.index) if self.levels[place] else X.iloc[:, [place]]
            for place, own in enumerate(made)
        ]
        return pd.concat(parts, axis=1).set_axis(self.names, axis=1)

    def values(self, column: int, cells: pd.Series) -> Array:
        """What one of the user's columns of text becomes, shape (n_rows, n_made); nothing for numbers.

        Raises:
            ValueError: If a value was not in the fit.
        """
        levels = self.levels[column]
        if not levels:
            return np.empty((len(cells), 0))
        labels = _labels(cells)
        known = np.array([label is None or label in levels for label in labels], dtype=np.bool_)
        if not known.all():
            unknown = labels[int(np.argmin(known))]
            shown = ", ".join(levels[:_MOST_SHOWN]) + (", ..." if len(levels) > _MOST_SHOWN else "")
            raise ValueError(
                f"column {self.columns[column]!r} holds {unknown!r}, which it did not in the fit; the values "
                f"are {shown}: leave out such rows, or fit again with some of them"
            )
        codes = np.array([np.nan if label is None else levels.index(label) for label in labels])
        own = [levels.index(level) for level in _with_columns(levels)]
        made = np.asarray(codes[:, None] == own, dtype=np.float64)
        made[np.isnan(codes)] = np.nan
        return made

    def units(
        self, units: Mapping[str, str] | Sequence[str] | None
    ) -> Mapping[str, str] | Sequence[str] | None:
        """Units of the columns that they become: 1 for those of text, whatever the user says of these."""
        if units is None or isinstance(units, str):
            return units
        texts = {column for column, own in zip(self.columns, self.levels, strict=True) if own}
        if isinstance(units, Mapping):
            own = {name: unit for name, unit in units.items() if name not in texts}
            made = [name for name in self.names if name not in self.columns]
            return own | dict.fromkeys(made, "1")
        if len(units) != len(self.columns):
            return units
        pairs = zip(units, self.levels, strict=True)
        return [unit for one, own in pairs for unit in (["1"] * len(_with_columns(own)) or [one])]


def names_made(X: pd.DataFrame) -> list[object]:
    """Names of the columns that those of a data frame become."""
    found = Indicators.of(X)
    return list(X.columns if found is None else found.names)


def holds_labels(cells: pd.Series) -> bool:
    """Whether a column holds text, or what pandas calls categories, and no numbers."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return False
    known = cells.dropna()
    is_text = known.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=np.bool_)
    return len(known) > 0 and bool(is_text.all()) and bool(pd.to_numeric(known, errors="coerce").isna().all())


def is_categorical(cells: pd.Series) -> bool:
    """Whether a column of text has few values, most of which repeat."""
    n_levels = cells.nunique()
    return holds_labels(cells) and 2 <= n_levels <= min(MOST_LEVELS, len(cells) // 2)


def _levels(cells: pd.Series, name: str) -> tuple[str, ...]:
    levels = sorted({label for label in _labels(cells) if label is not None})
    if len(levels) > MOST_LEVELS:
        raise ValueError(
            f"column {name!r} holds text with {len(levels)} different values, and a column for each of at "
            f"most {MOST_LEVELS} can be made: leave it out, or join values"
        )
    return tuple(levels)


def _labels(cells: pd.Series) -> list[str | None]:
    """Values as text, None where a cell is empty; whole numbers are the same with and without a point."""
    values = cells.astype(object).to_numpy()
    return [
        None if missing else _label(value) for value, missing in zip(values, pd.isna(values), strict=True)
    ]


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value).strip()


def _with_columns(levels: tuple[str, ...]) -> tuple[str, ...]:
    """The values that have a column."""
    return levels[1:] if len(levels) == 2 else levels


def _made(column: str, levels: tuple[str, ...]) -> list[str]:
    """Names of the columns that one of text becomes."""
    return [f"{column}={level}" for level in _with_columns(levels)]
