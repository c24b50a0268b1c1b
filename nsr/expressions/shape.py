"""Shape constraints: what users know of a function's course in a box, and by how much it keeps to that.

After Kronberger, de Franca, Burlacu, Haider and Kommenda, "Shape-Constrained Symbolic Regression - Improving
Extrapolation with Prior Knowledge", Evolutionary Computation 30 (2022).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# This share of the coordinates of points that are drawn is at an end of its range.
_AT_ENDS = 0.1
# Lines are not shorter than this power of a tenth of the range.
_SHORTEST = 2.5
# Where a variable is on its way to infinity: this many times the largest of its range. There a power of -0.2
# has fallen to a 6th, a 40th and a 250th.
_FAR = (1e4, 1e8, 1e12)
# How near to a finite place it is on its way there, as a share of its range.
_NEAR = (1e-3, 1e-6, 1e-9)
# The ways there: as many times as far, or as near.
_WAYS = (1.0, math.sqrt(3), math.sqrt(7))
# What is left of a limit at the last of these may be this share of what a function is in the box.
_REACHED = 1e-2
# Changes on the way there that are less than this share of it are rounding.
_ROUNDING = 1e-9


class Look(NamedTuple):
    """How closely a function is looked at.

    Attributes:
        points: At which bounds and symmetries are looked at.
        lines: Along a variable.
        steps: Points on each line.
        off: By how much a limit may be missed, as a share of what a function is in the box.
    """

    points: int
    lines: int
    steps: int
    off: float = 0.0


# While a search goes on, and before anything is reported; what is bred need only come near to a limit, as its
# constants are not yet those that reach it.
GLANCE, CLOSE_LOOK = Look(256, 24, 13), Look(4_096, 192, 49)
_NEARLY = GLANCE._replace(off=1.0)


@dataclass(frozen=True)
class Box:
    """Where constraints hold: the ranges of D variables, shape (D,) each."""

    low: Array
    high: Array

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Points, shape (n, D), on faces, edges and corners too, the two ends of all ranges among them."""
        drawn = rng.uniform(self.low, self.high, (n, len(self.low)))
        end = rng.random(drawn.shape)
        drawn = np.where(end < _AT_ENDS, np.where(end < _AT_ENDS / 2, self.low, self.high), drawn)
        drawn[0], drawn[-1] = self.low, self.high
        return drawn

    def with_range(self, variable: int, low: float, high: float) -> Box:
        """The box with another range of a variable."""
        ends = self.low.copy(), self.high.copy()
        ends[0][variable], ends[1][variable] = low, high
        return Box(*ends)


class Constraint(Protocol):
    """One thing that is known of a function."""

    @property
    def variables(self) -> frozenset[int]:
        """Which variables it speaks of."""

    def over(self, places: Mapping[int, int], /) -> Constraint:
        """The same of variables that have other places."""

    def scaled(self, x_scale: Array, y_scale: float, /) -> Constraint:
        """The same of the function over `y_scale` of variables that are divided by `x_scale`."""

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Where the function is looked at, shape (N, D)."""

    def margins(self, values: Array, look: Look, /) -> Array:
        """By how much functions of values (R, N) keep to it, shape (R, M); negative where they fail."""


@dataclass(frozen=True)
class Bounded:
    """Values are between two bounds.

    Attributes:
        low: Least value; minus infinity for none.
        high: Largest value; infinity for none.
    """

    low: float = -math.inf
    high: float = math.inf

    @property
    def variables(self) -> frozenset[int]:
        """None in particular."""
        return frozenset()

    def over(self, _places: Mapping[int, int]) -> Bounded:
        """Itself."""
        return self

    def scaled(self, _x_scale: Array, y_scale: float) -> Bounded:
        """With bounds over `y_scale`."""
        return Bounded(self.low / y_scale, self.high / y_scale)

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Anywhere."""
        return box.draw(look.points, rng)

    def margins(self, values: Array, _look: Look) -> Array:
        """Distances from the bounds."""
        ends = [values - self.low] * math.isfinite(self.low) + [self.high - values] * math.isfinite(self.high)
        return np.concatenate(ends, axis=1)


@dataclass(frozen=True)
class _OfOne:
    """What speaks of one variable.

    Attributes:
        variable: Which one.
    """

    variable: int

    @property
    def variables(self) -> frozenset[int]:
        """The one."""
        return frozenset({self.variable})

    def over(self, places: Mapping[int, int]) -> Self:
        """Of the variable's new place."""
        return replace(self, variable=places[self.variable])


@dataclass(frozen=True)
class Sloped(_OfOne):
    """The first or second derivative by a variable has a sign: monotone, or convex and concave.

    Attributes:
        variable: Which one.
        order: 1 or 2.
        sign: 1 or -1.
    """

    order: int
    sign: int

    def scaled(self, _x_scale: Array, _y_scale: float) -> Sloped:
        """Itself, as scales are positive."""
        return self

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Evenly spaced on lines along the variable; most are shorter, half of these at an end of it."""
        starts = np.repeat(box.draw(look.lines, rng), look.steps, axis=0)
        low, high = box.low[self.variable], box.high[self.variable]
        lengths = 10.0 ** -rng.uniform(0, _SHORTEST, look.lines)
        lengths[: GLANCE.lines] = 1.0
        begin = rng.uniform(0, 1 - lengths)
        begin[GLANCE.lines :: 4], begin[GLANCE.lines + 1 :: 4] = 0.0, 1 - lengths[GLANCE.lines + 1 :: 4]
        shares = begin[:, None] + lengths[:, None] * np.linspace(0, 1, look.steps)
        starts[:, self.variable] = low + shares.ravel() * (high - low)
        return starts

    def margins(self, values: Array, look: Look) -> Array:
        """Differences of neighbours, first or second ones."""
        lines = values.reshape(len(values), look.lines, look.steps)
        return self.sign * np.diff(lines, self.order, axis=2).reshape(len(values), -1)


@dataclass(frozen=True)
class Mirrored(_OfOne):
    """Even or odd in a variable.

    Attributes:
        variable: Which one.
        sign: 1 where it is even, -1 where it is odd.
    """

    sign: int

    def scaled(self, _x_scale: Array, _y_scale: float) -> Mirrored:
        """Itself, as variables are not moved."""
        return self

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Anywhere, and on the other side."""
        drawn = box.draw(look.points, rng)
        other = drawn.copy()
        other[:, self.variable] *= -1
        return np.concatenate((drawn, other))

    def margins(self, values: Array, _look: Look) -> Array:
        """Differences of both sides, in both directions."""
        own, other = np.split(values, 2, axis=1)
        off = own - self.sign * other
        return np.concatenate((off, -off), axis=1)


@dataclass(frozen=True)
class Exchangeable:
    """The same value where two variables change places.

    Attributes:
        first: One of them.
        second: The other.
    """

    first: int
    second: int

    @property
    def variables(self) -> frozenset[int]:
        """Both."""
        return frozenset({self.first, self.second})

    def over(self, places: Mapping[int, int]) -> Exchangeable:
        """Of the variables' new places."""
        return Exchangeable(places[self.first], places[self.second])

    def scaled(self, _x_scale: Array, _y_scale: float) -> Exchangeable:
        """Itself: both variables have one scale (`nsr.data.scaling.Scaler.alike`)."""
        return self

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Anywhere in the smallest range that has both of theirs, and with both in each other's place."""
        pair = [self.first, self.second]
        low, high = float(np.min(box.low[pair])), float(np.max(box.high[pair]))
        drawn = (
            box.with_range(self.first, low, high).with_range(self.second, low, high).draw(look.points, rng)
        )
        other = drawn.copy()
        other[:, pair] = drawn[:, pair[::-1]]
        return np.concatenate((drawn, other))

    def margins(self, values: Array, _look: Look) -> Array:
        """Differences, in both directions."""
        own, other = np.split(values, 2, axis=1)
        return np.concatenate((own - other, other - own), axis=1)


@dataclass(frozen=True)
class Tending(_OfOne):
    """The limit of the function as a variable goes somewhere, whatever the others are.

    Attributes:
        variable: Which one.
        place: Where it goes; may be infinite.
        value: The limit, finite.
    """

    place: float
    value: float

    def scaled(self, x_scale: Array, y_scale: float) -> Tending:
        """With the place and the limit as they are scaled."""
        return replace(self, place=self.place / x_scale[self.variable], value=self.value / y_scale)

    def points(self, box: Box, rng: np.random.Generator, look: Look) -> Array:
        """Anywhere, and with the variable ever nearer to where it goes."""
        low, high = box.low[self.variable], box.high[self.variable]
        drawn = box.draw(look.points, rng)
        if math.isinf(self.place):
            size = math.copysign(max(abs(low), abs(high), 1.0), self.place)
            on_the_way = [np.full(len(drawn), far * size * way) for way in _WAYS for far in _FAR]
        else:
            sides = [1.0] if self.place <= low else [-1.0] if self.place >= high else [1.0, -1.0]
            side = np.resize(sides, len(drawn))
            on_the_way = [self.place + near * side * (high - low) / way for way in _WAYS for near in _NEAR]
        parts = [drawn, *(drawn.copy() for _ in on_the_way)]
        for part, there in zip(parts[1:], on_the_way, strict=True):
            part[:, self.variable] = there
        return np.concatenate(parts)

    @np.errstate(all="ignore")
    def margins(self, values: Array, look: Look) -> Array:
        """What the limit may be off, less what it is.

        The limit is what three values on the way there tend to, which is exact for a power that vanishes
        (Aitken's delta-squared process). It may be off by the share that the next power has of what it adds
        to the last value. There are several ways, as constants of a wave can be fitted to the ends of few.
        """
        here, *there = np.split(values, 1 + 3 * len(_WAYS), axis=1)
        size = np.max(np.abs(here - self.value), axis=1, keepdims=True)
        ways = [self._margins_of_way(there[3 * k : 3 * k + 3], size, look) for k in range(len(_WAYS))]
        return np.concatenate(ways, axis=1)

    def _margins_of_way(self, way: list[Array], size: Array, look: Look) -> Array:
        first, second, last = way
        with np.errstate(all="ignore"):
            before, after = second - first, last - second
            is_falling = np.abs(after) < np.abs(before)
            ratio = np.where(is_falling, after / np.where(is_falling, before, 1.0), 0.0)
            rest = after * ratio / (1 - ratio)
            may = np.maximum(np.minimum(np.abs(rest * ratio), _REACHED * size), look.off * size)
            off = last + rest - self.value
            astray = np.where(is_falling, 0.0, np.abs(after))
            may = np.where(astray > _ROUNDING * size, -astray, may)
        return np.concatenate((may - off, may + off), axis=1)


@dataclass(frozen=True)
class Shape:
    """Constraints, all of which a function keeps to.

    Attributes:
        constraints: At least one.
        box: Where.
        look: How closely functions are looked at.
        n_groups: Further columns, of which one is 1 and the others are 0: where each is the one it holds.
    """

    constraints: tuple[Constraint, ...]
    box: Box
    look: Look = GLANCE
    n_groups: int = 0

    @cached_property
    def closely(self) -> Shape:
        """The same, looked at closely."""
        return replace(self, look=CLOSE_LOOK)

    @cached_property
    def nearly(self) -> Shape:
        """The same with limits that may be missed by as much as a function varies in the box."""
        return replace(self, look=_NEARLY)

    @property
    def is_finite(self) -> bool:
        """Whether functions have a value everywhere in the box, as one with a pole is not monotone."""
        return any(isinstance(one, Bounded | Sloped) for one in self.constraints)

    def scaled(self, x_scale: Array, y_scale: float) -> Shape:
        """The shape of the function over `y_scale` of variables that are divided by `x_scale`."""
        own = tuple(one.scaled(x_scale, y_scale) for one in self.constraints)
        return replace(self, constraints=own, box=Box(self.box.low / x_scale, self.box.high / x_scale))

    def with_numbers(self, values: Sequence[float]) -> Shape:
        """The shape of a function of further variables, each of which has one value."""
        return replace(self, box=Box(np.append(self.box.low, values), np.append(self.box.high, values)))

    @property
    def has_limits(self) -> bool:
        """Whether functions have limits that it states."""
        return bool(self.levels)

    @cached_property
    def only_limits(self) -> Shape:
        """The shape without its other constraints."""
        return replace(self, constraints=tuple(one for one in self.constraints if isinstance(one, Tending)))

    @property
    def levels(self) -> tuple[float, ...]:
        """The limits that it states, each once."""
        return tuple(dict.fromkeys(one.value for one in self.constraints if isinstance(one, Tending)))

    @cached_property
    def limits(self) -> frozenset[float]:
        """The sizes of the limits that it states, but for zero."""
        return frozenset(map(abs, self.levels)) - {0.0}

    @property
    def exchanged(self) -> tuple[tuple[int, int], ...]:
        """Pairs of variables that may change places."""
        return tuple((one.first, one.second) for one in self.constraints if isinstance(one, Exchangeable))

    @cached_property
    def points(self) -> Array:
        """Where the function is looked at, shape (N, D), for each constraint in turn."""
        return np.concatenate(self._parts)

    def margins(self, values: Array) -> list[Array]:
        """For each constraint by how much functions with these values (R, N) keep to it, shape (R, M)."""
        ends = np.cumsum([len(part) for part in self._parts])[:-1]
        parts = np.split(values, ends, axis=1)
        n_groups = max(self.n_groups, 1)
        alone = [part.reshape(len(values) * n_groups, -1) for part in parts]
        pairs = zip(self.constraints, alone, strict=True)
        return [one.margins(part, self.look).reshape(len(values), -1) for one, part in pairs]

    @cached_property
    def _parts(self) -> list[Array]:
        rng = np.random.default_rng(0)
        parts = [one.points(self.box, rng, self.look) for one in self.constraints]
        if not self.n_groups:
            return parts
        groups = np.eye(self.n_groups)
        return [np.vstack([np.hstack((p, np.tile(one, (len(p), 1)))) for one in groups]) for p in parts]
