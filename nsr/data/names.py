"""Names of columns: the user's own, and the identifiers that stand for them in equations."""

from __future__ import annotations

import difflib
import keyword
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nsr.expressions.expression import VARIABLE_PREFIX
from nsr.expressions.operators import OPERATORS, of_vocabulary
from nsr.expressions.parsing import CONSTANTS

# Equations repeat their identifiers, and the parser reads texts of limited length.
_MAX_LENGTH = 64
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """The columns of a table, one identifier for each.

    Attributes:
        columns: Names as the user wrote them; two columns may have the same.
        identifiers: What stands for them in equations: words that the parser, Python and SymPy read, each
            different from all others and from the names of functions and constants.
    """

    columns: tuple[str, ...]
    identifiers: tuple[str, ...]

    @classmethod
    def of(cls, columns: Sequence[object]) -> Names:
        """Names of columns, of which those that can stand in equations as they are do so.

        Args:
            columns: In the order of the table; whatever is not text is turned into text.
        """
        texts = tuple(str(column) for column in columns)
        taken: set[str] = set()
        found: dict[int, str] = {}
        # Names that need no change come first, so that no other column can take them.
        for place in sorted(range(len(texts)), key=lambda place: identifier(texts[place]) != texts[place]):
            name, count = identifier(texts[place]), 2
            while name in taken:
                name, count = f"{identifier(texts[place])}_{count}", count + 1
            taken.add(name)
            found[place] = name
        return cls(texts, tuple(found[place] for place in range(len(texts))))

    @classmethod
    def of_table(cls, X: Any) -> Names:
        """Names of a data frame's columns; `x_0`, `x_1`, ... for arrays.

        Args:
            X: A data frame, or anything with `shape` (n_rows, n_columns).
        """
        columns = getattr(X, "columns", None)
        return cls.of(
            [f"{VARIABLE_PREFIX}{i}" for i in range(X.shape[1])] if columns is None else list(columns)
        )

    @property
    def changed(self) -> list[tuple[str, str]]:
        """Columns that equations call by another name, each with that name."""
        return [pair for pair in zip(self.columns, self.identifiers, strict=True) if pair[0] != pair[1]]

    @cached_property
    def words(self) -> dict[str, str]:
        """Every name that means one column in a text, with its identifier; the user's own names go first."""
        own = {
            column: identifier
            for column, identifier in zip(self.columns, self.identifiers, strict=True)
            if self.columns.count(column) == 1
        }
        return {identifier: identifier for identifier in self.identifiers} | own

    def place(self, name: object) -> int:
        """Where the column of this name is, by the user's name or the identifier.

        Raises:
            ValueError: If there is none, or several have the name.
        """
        word = self.words.get(str(name))
        if word is None:
            count = self.columns.count(str(name))
            if count > 1:
                raise ValueError(f"{count} columns have the name {str(name)!r}: give each its own name")
            raise ValueError(f"there is no column {str(name)!r}; {did_you_mean(str(name), self.columns)}")
        return self.identifiers.index(word)

    def check_order(self, X: Any) -> None:
        """Raises where a data frame has these columns in another order.

        Raises:
            ValueError: If so; for names that are text scikit-learn raises the same.
        """
        columns = [str(column) for column in getattr(X, "columns", self.columns)]
        if columns != list(self.columns) and sorted(columns) == sorted(self.columns):
            raise ValueError(f"the columns are in another order than in fit: {', '.join(self.columns)}")


def places_of(before: Names, now: Names) -> dict[int, int]:
    """Where the columns of one table are in another one that has the same, perhaps in another order.

    Raises:
        ValueError: If it has not.
    """
    if before.columns == now.columns:
        return {place: place for place in range(len(before.columns))}
    if sorted(before.columns) != sorted(now.columns):
        raise ValueError(
            f"a fit that begins with another one needs its columns, {', '.join(before.columns)}: give these, "
            "or leave out warm_start, or --resume"
        )
    return {old: now.place(column) for old, column in enumerate(before.columns)}


def with_text_names(X: Any) -> Any:
    """A data frame with names that scikit-learn takes: identifiers where they are partly text, or repeat."""
    columns = list(getattr(X, "columns", ()))
    if len({isinstance(column, str) for column in columns}) < 2 and len(set(columns)) == len(columns):
        return X
    return X.set_axis(Names.of(columns).identifiers, axis=1)


def identifier(column: str) -> str:
    """A word that equations can use for a column, as near to its name as can be: `m²` is `m2`."""
    # The compatible form is the one in which Python itself compares identifiers.
    name = unicodedata.normalize("NFKC", column)
    if not _is_word(name) or len(name) > _MAX_LENGTH:
        kept = "".join(c if _is_word(f"a{c}") else "_" for c in name)
        name = re.sub("_+", "_", kept).strip("_")[:_MAX_LENGTH] or "x"
    if not _is_word(name):
        name = f"{VARIABLE_PREFIX}{name}"
    if keyword.iskeyword(name) or name in CONSTANTS or _is_common_function(name):
        name = f"{name}_"
    return name


def _is_common_function(name: str) -> bool:
    """Whether equations may have a function of this name wherever they come from.

    Piecewise and special functions (step, gamma, min ...) are rare in equations, and common names of columns;
    parentheses tell which is meant.
    """
    operator = OPERATORS.words.get(name)
    return operator is not None and operator.name in of_vocabulary()


def _is_word(text: str) -> bool:
    """Whether both Python and the parser read the text as one name."""
    return text.isidentifier() and _WORD.fullmatch(text) is not None


def did_you_mean(name: str, known: Sequence[str], cutoff: float = 0.5) -> str:
    """The remedy for a name that is not known: the nearest that is, or all of them."""
    by_folded = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=cutoff)
    longer = [other for other in by_folded if name and other.startswith(name.casefold())]
    close = close or (longer if len(longer) == 1 else [])  # as x of x [m]
    if close:
        return f"did you mean {by_folded[close[0]]!r}?"
    return listed(known)


def listed(names: Sequence[str]) -> str:
    """The columns that there are, or the first of them."""
    shown = ", ".join(repr(name) for name in names[:20])
    return f"the columns are {shown}{', ...' if len(names) > 20 else ''}"
