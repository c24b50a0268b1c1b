"""What users know of a function's course, as they write it: texts in, shape constraints out."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.data.notes import tell
from nsr.expressions.shape import Bounded, Box, Constraint, Exchangeable, Mirrored, Shape, Sloped, Tending

Array = NDArray[np.float64]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?"
_BOUND = re.compile(rf"(?:({_NUMBER})\s*<=\s*)?f\s*(?:(<=|>=)\s*({_NUMBER}))?")
_COURSE = re.compile(r"(increasing|decreasing|convex|concave|even|odd)\s+in\s+(.+)")
_EXCHANGE = re.compile(r"symmetric\s+in\s+(.+?)\s*(?:,|\band\b)\s*(.+)")
_LIMIT = re.compile(rf"f\s*->\s*({_NUMBER})\s+as\s+(.+?)\s*->\s*({_NUMBER})")
# What is longer says nothing, and takes the patterns above long.
_MAX_LENGTH = 500
_COURSES: dict[str, Any] = {
    "increasing": lambda place: Sloped(place, 1, 1),
    "decreasing": lambda place: Sloped(place, 1, -1),
    "convex": lambda place: Sloped(place, 2, 1),
    "concave": lambda place: Sloped(place, 2, -1),
    "even": lambda place: Mirrored(place, 1),
    "odd": lambda place: Mirrored(place, -1),
}
_FORMS = (
    "'f >= 0', '0 <= f <= 1', 'increasing in x', 'decreasing in x', 'convex in x', 'concave in x', "
    "'even in x', 'odd in x', 'symmetric in x, y', 'f -> 0 as x -> inf'"
)


@dataclass(frozen=True)
class ShapeWishes:
    """Shape constraints over all columns of a table.

    Attributes:
        constraints: In the columns' places.
        domain: Ranges in which they hold, by the columns' places, where these are not those of the data.
    """

    constraints: tuple[Constraint, ...] = ()
    domain: Mapping[int, tuple[float, float]] | None = None

    def over(self, columns: Collection[int], X: Array, names: Names) -> Shape | None:
        """The constraints over those columns that are used; None where none is left.

        Args:
            columns: Their places in the table, in order.
            X: Their values, shape (P, D).
            names: Of all columns.
        """
        places = {int(column): place for place, column in enumerate(columns)}
        kept = [one for one in self.constraints if one.variables <= places.keys()]
        unused = {v for one in self.constraints for v in one.variables} - places.keys()
        if unused:
            told = ", ".join(names.columns[column] for column in sorted(unused))
            tell(f"shape: no equation has {told}, which is constant, or another column again")
        if not kept:
            return None
        box = Box(X.min(axis=0), X.max(axis=0))
        for column, (low, high) in (self.domain or {}).items():
            if column in places:
                box = box.with_range(places[column], low, high)
        return Shape(tuple(one.over(places) for one in kept), box)


def read_shape(
    shape: str | Iterable[str], domain: Mapping[str, tuple[float, float]] | None, names: Names
) -> ShapeWishes:
    """Reads shape constraints, as `nsr.regressor.SymbolicRegressor` describes them.

    Args:
        shape: Texts; several in one are separated by semicolons.
        domain: Ranges of columns in which they hold.
        names: The columns, by which users call variables.

    Raises:
        ValueError: If a text cannot be read, a name is unknown or a range makes no sense.
    """
    texts = [shape] if isinstance(shape, str) else list(shape)
    parts = [part.strip() for text in texts for part in text.split(";") if part.strip()]
    ranges = {_place(column, names, "domain"): _range(column, own) for column, own in (domain or {}).items()}
    if ranges and not parts:
        raise ValueError("domain says where shape holds: give shape, too, or leave out domain")
    return ShapeWishes(tuple(_constraint(part, names) for part in parts), ranges)


def domain_in_text(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Ranges of columns as they are written on a command line, such as `dose=0,100`.

    Raises:
        ValueError: If a text cannot be read.
    """
    found = {}
    for text in texts:
        column, _, ends = text.rpartition("=")
        try:
            low, high = (float(end) for end in ends.split(","))
        except ValueError:
            raise ValueError(f"domain: {text!r} cannot be read; write it as in dose=0,100") from None
        found[column.strip()] = (low, high)
    return found


def _constraint(text: str, names: Names) -> Constraint:
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"shape: {text[:20]!r}... is too long to be read; write one of {_FORMS}")
    if match := _COURSE.fullmatch(text):
        return _COURSES[match[1]](_place(match[2], names, "shape"))  # type: ignore[no-any-return]
    if match := _EXCHANGE.fullmatch(text):
        return Exchangeable(*(_place(word, names, "shape") for word in match.groups()))
    if match := _LIMIT.fullmatch(text):
        value = float(match[1])
        if not math.isfinite(value):
            raise ValueError(f"shape: {text!r} has a limit that is not finite; say 'increasing in x' instead")
        return Tending(_place(match[2], names, "shape"), float(match[3]), value)
    if (match := _BOUND.fullmatch(text)) and (match[1] or match[2]):
        return _bounded(text, *match.groups())
    with_ends = re.sub(r"([<>])(?!=)", r"\1=", text.replace("->", "\0")).replace("\0", "->")
    if with_ends != text and _BOUND.fullmatch(with_ends):
        raise ValueError(f"shape: {text!r}: bounds may be reached; write {with_ends!r}")
    raise ValueError(f"shape: {text!r} cannot be read; write one of {_FORMS}")


def _bounded(text: str, least: str | None, sign: str | None, bound: str | None) -> Bounded:
    low = -math.inf if least is None else float(least)
    high = math.inf
    if sign is not None and bound is not None:
        if sign == "<=":
            high = float(bound)
        elif least is None:
            low = float(bound)
        else:
            raise ValueError(f"shape: {text!r} has two lower bounds; write '0 <= f <= 1'")
    if not low < high or not (math.isfinite(low) or math.isfinite(high)):
        raise ValueError(
            f"shape: {text!r} leaves no value, or all; the lower bound must be less than the other"
        )
    return Bounded(low, high)


def _place(word: str, names: Names, what: str) -> int:
    own = word.strip()
    if own not in names.words and len(own) > 1 and own[0] == own[-1] and own[0] in "`'\"":
        own = own[1:-1]
    try:
        return names.place(own)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _range(column: str, ends: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError):
        raise ValueError(
            f"domain of {column!r} must be two numbers, such as (0, 100), not {ends!r}"
        ) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"domain of {column!r}: {ends!r} must be finite, the first less than the second")
    return low, high
