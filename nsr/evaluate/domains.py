"""Where equations have no value: poles and domain errors between the rows of a table.

An equation that is finite on every row may still have a pole between them. First it is evaluated at points
drawn from the box of the table; then interval arithmetic tries to prove that it has a value everywhere in the
box; then what could not be proved is looked at ever more closely along lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.intervals import Boxes, enclosure, hazards
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression

Array = NDArray[np.float64]

_N_POINTS = 256
# How often a proof may halve each variable, and the boxes that it may leave open at a time.
_MOST_HALVINGS, _MOST_OPEN = 10, 300
# Lines begin in this many boxes; cells on a line at first, in how many each is cut, how often, and how many
# are looked at in all: the last ones are 1e-13 of a column's range wide.
_N_STARTS, _N_CELLS, _N_CUTS, _N_ROUNDS, _MOST_CELLS = 4, 16, 8, 14, 32
# Beside a pole an equation is farther from its values on the rows than these are from each other, this many
# times.
_FAR = 1e4
# At a jump it changes by more than this share of the range of its values on the rows.
_JUMP = 0.02


class Safety(StrEnum):
    """Whether an equation has a value everywhere in the box of a table.

    Attributes:
        SAFE: Proved by interval arithmetic.
        UNDECIDED: Neither proved nor was anything wrong found.
        POLE: Its values grow without bounds somewhere.
        JUMP: Its values are others on both sides of a point where it has none, as those of atan(1/x).
        UNDEFINED: It has no value in a part of the box.
    """

    SAFE = "safe"
    UNDECIDED = "undecided"
    POLE = "pole"
    JUMP = "jump"
    UNDEFINED = "undefined"

    @property
    def is_wrong(self) -> bool:
        """Whether an equation is known to have no value somewhere."""
        return self in (Safety.POLE, Safety.JUMP, Safety.UNDEFINED)


@dataclass(frozen=True)
class Region:
    """The box of a table; of a column with two values, these alone.

    Attributes:
        X: The table, shape (P, D).
        box: Its ranges, a single box.
        is_level: Which columns have no more than two values, shape (D,).
        levels: The combinations of their values that occur, shape (L, D); other columns are not meant.
        points: Drawn from the box, shape (N, D), with levels as they occur.
    """

    X: Array
    box: Boxes
    is_level: NDArray[np.bool_]
    levels: Array
    points: Array

    @classmethod
    def of(cls, X: Array, beyond: float = 0.0, seed: int = 0) -> Region:
        """The region of a table.

        Args:
            X: Shape (P, D), finite.
            beyond: Share of a column's range by which the box goes on, where more rows may be; not across
                zero, and no more than half the way there.
            seed: Of the points.
        """
        low, high = X.min(axis=0), X.max(axis=0)
        is_level = np.all((low == X) | (high == X), axis=0)
        if beyond:
            width = np.where(is_level, 0.0, beyond * (high - low))
            low = low - np.where(low >= 0, np.minimum(width, low / 2), width)
            high = high + np.where(high <= 0, np.minimum(width, -high / 2), width)
        levels = np.unique(np.where(is_level, X, 0.0), axis=0)
        rng = np.random.default_rng(seed)
        drawn = rng.uniform(low, high, (_N_POINTS, X.shape[1]))
        points = np.where(is_level, X[rng.integers(len(X), size=_N_POINTS)], drawn)
        return cls(X, Boxes(low[None], high[None]), is_level, levels, points)

    def halved(self, boxes: Boxes, used: Sequence[int]) -> Boxes:
        """Two boxes of each, cut along the widest variable; none that no combination of levels is in."""
        columns = np.array(used)
        rows = np.arange(len(boxes.low))
        width = boxes.high[:, columns] - boxes.low[:, columns]
        range_ = (self.box.high - self.box.low)[0, columns]
        widest = columns[np.argmax(width / np.where(range_ > 0, range_, 1.0), axis=1)]
        low, high = boxes.low[rows, widest], boxes.high[rows, widest]
        middle = low + (high - low) / 2
        lower, upper = boxes.high.copy(), boxes.low.copy()
        lower[rows, widest] = np.where(self.is_level[widest], low, middle)
        upper[rows, widest] = np.where(self.is_level[widest], high, middle)
        halves = Boxes(np.concatenate((boxes.low, upper)), np.concatenate((lower, boxes.high)))
        return halves.where(self._is_occupied(halves, [i for i in used if self.is_level[i]]))

    def _is_occupied(self, boxes: Boxes, columns: Sequence[int]) -> NDArray[np.bool_]:
        """Which boxes some combination of levels is in, of those of these columns."""
        if not columns:
            return np.ones(len(boxes.low), dtype=np.bool_)
        levels = np.unique(self.levels[:, columns], axis=0)
        is_in = (boxes.low[:, None, columns] <= levels) & (levels <= boxes.high[:, None, columns])
        return np.asarray(np.any(np.all(is_in, axis=2), axis=1))


def is_safe(expression: Expression, X: Array) -> Safety:
    """Whether an equation has a value everywhere in the box of a table of shape (P, D)."""
    return next(safeties([expression], X))


def warnings(expressions: Sequence[Expression], X: Array) -> list[str]:
    """What is wrong with equations in the box of a table, in a word each; empty where nothing is known.

    Args:
        expressions: Without placeholders, finite on the rows.
        X: Variables, shape (P, D), finite.
    """
    return [verdict.value if verdict.is_wrong else "" for verdict in safeties(expressions, X)]


def safeties(expressions: Sequence[Expression], X: Array, beyond: float = 0.0) -> Iterator[Safety]:
    """Whether equations have values everywhere in the box of a table, one after the other.

    Args:
        expressions: Without placeholders, finite on the rows.
        X: Variables, shape (P, D), finite.
        beyond: As in `Region.of`.
    """
    region = Region.of(X, beyond)
    values = Program(list(expressions)).values(region.points)
    return (_judged(e, row, region) for e, row in zip(expressions, values, strict=True))


@np.errstate(all="ignore")
def _judged(expression: Expression, values: Array, region: Region) -> Safety:
    if np.any(np.isnan(values)):
        return Safety.UNDEFINED
    if np.any(np.isinf(values)):
        return Safety.POLE
    found = [_of_part(part, expression, region) for part in hazards(expression, region.box)]
    for verdict in (Safety.UNDEFINED, Safety.POLE, Safety.JUMP, Safety.UNDECIDED):
        if verdict in found:
            return verdict
    return Safety.SAFE


def _of_part(part: Expression, whole: Expression, region: Region) -> Safety:
    """What a part without a value somewhere makes of the whole."""
    boxes = region.box
    for _ in range(_MOST_HALVINGS * len(part.variables) + 1):
        known = enclosure(part, boxes)
        if np.any(known.is_empty):
            return Safety.UNDEFINED
        open_ = boxes.where(~known.is_total)
        if len(open_.low) == 0:
            return Safety.SAFE
        if len(open_.low) > _MOST_OPEN:
            break
        boxes = region.halved(open_, part.variables)
    return _closely(part, whole, open_, region)


def _closely(part: Expression, whole: Expression, boxes: Boxes, region: Region) -> Safety:
    """What lines through some boxes meet, along each variable."""
    program = Program([part, whole])
    cells, axes = _lines(program, boxes, part.variables, region)
    for _ in range(_N_ROUNDS):
        known = enclosure(part, cells)
        if np.any(known.is_empty):
            return Safety.UNDEFINED
        open_ = np.flatnonzero(~known.is_total)
        if len(open_) == 0:
            return Safety.UNDECIDED
        cells, axes = cells.where(open_), axes[open_]
        best = _largest(program, cells, _MOST_CELLS)
        cells, axes = _cut(cells.where(best), axes[best], _N_CUTS)
    rows = np.arange(len(axes))
    width = (cells.high - cells.low)[rows, axes]
    cells.low[rows, axes] -= width  # lest an end is where there is no value
    cells.high[rows, axes] += width
    return _across(program.values(np.concatenate(cells), index=np.array([1]))[0], program, region)


def _across(ends: Array, program: Program, region: Region) -> Safety:
    """What the second expression's values at both ends of short cells, shape (2 * cells,), say about it."""
    usual = program.values(region.X, index=np.array([1]))[0]
    usual = usual[np.isfinite(usual)]
    known = ~np.isnan(ends)
    if len(usual) == 0 or not known.any():
        return Safety.UNDECIDED
    range_ = max(float(np.ptp(usual)), float(np.finfo(np.float64).tiny))
    if np.max(np.abs(ends[known] - np.median(usual))) > _FAR * range_:
        return Safety.POLE
    below, above = np.split(ends, 2)
    return Safety.JUMP if np.any(np.abs(above - below) > _JUMP * range_) else Safety.UNDECIDED


def _lines(
    program: Program, boxes: Boxes, used: Sequence[int], region: Region
) -> tuple[Boxes, NDArray[np.intp]]:
    """Cells of lines through boxes, over the whole range of a variable, and along which variable each is.

    Variables that do not matter are somewhere else on each line, lest the whole vanishes there.
    """
    starts = boxes.where(np.resize(_largest(program, boxes, _N_STARTS), _N_STARTS))
    points = region.points[:_N_STARTS].copy()
    columns = np.array(used)
    middles = np.where(region.is_level, starts.low, starts.low + (starts.high - starts.low) / 2)
    points[:, columns] = middles[:, columns]
    free = columns[~region.is_level[columns]]
    axes = np.repeat(free, _N_STARTS)
    low, rows = np.tile(points, (len(free), 1)), np.arange(len(axes))
    high = low.copy()
    low[rows, axes], high[rows, axes] = region.box.low[0, axes], region.box.high[0, axes]
    return _cut(Boxes(low, high), axes, _N_CELLS)


def _largest(program: Program, boxes: Boxes, n: int) -> NDArray[np.intp]:
    """The boxes in whose middle the first expression has its largest values."""
    if len(boxes.low) <= n:
        return np.arange(len(boxes.low))
    middle = boxes.low + (boxes.high - boxes.low) / 2
    size = np.abs(program.values(middle, index=np.array([0]))[0])
    return np.argsort(-np.nan_to_num(size, nan=np.inf), kind="stable")[:n]


def _cut(cells: Boxes, axes: NDArray[np.intp], n: int) -> tuple[Boxes, NDArray[np.intp]]:
    """Each cell in n along its variable."""
    rows = np.arange(len(axes))
    ends = np.linspace(cells.low[rows, axes], cells.high[rows, axes], n + 1)
    low, high = np.tile(cells.low, (n, 1)), np.tile(cells.high, (n, 1))
    rows, axes = np.arange(n * len(axes)), np.tile(axes, n)
    low[rows, axes], high[rows, axes] = ends[:-1].ravel(), ends[1:].ravel()
    return Boxes(low, high), axes
