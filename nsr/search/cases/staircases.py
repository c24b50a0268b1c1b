"""Targets that are an affine function of the variables and a staircase, floor((x - t)/s), of one of them.

Widths and places of the steps are looked for on a grid, and then ever more closely; the coefficients are
those of least squares. Sawtooths, mod(x, s) = x - s*floor(x/s), are such targets, and so are ceil and round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.search.cases.linear import Affine, fitted
from nsr.search.cases.splits import round_between
from nsr.task import FEW_ROWS

Array = NDArray[np.float64]

# Steps over a variable's range at least and at most, how many widths are looked at, and places of each.
_FEWEST, _MOST, _N_WIDTHS, _N_PLACES = 1.5, 25.0, 64, 8
# A staircase on the grid leaves at most this share of what affine functions do.
_HOPEFUL = 0.7
# Looks at ever smaller neighbourhoods: rounds, points along each direction, and by how much they shrink.
_N_ROUNDS, _N_NEAR, _SHRINK = 14, 9, 0.4
# Share of what affine functions leave that is rounding.
_ROUNDING = 1e-14
# Widths of steps at whole multiples that are looked at.
_N_LINE = 201
# Numbers between two widths, or places, that leave the same rows on each step are looked for this many times.
_N_HALVINGS = 40


@dataclass(frozen=True)
class _Stairs:
    """Steps along one variable.

    Attributes:
        column: The variable's values, shape (P,).
        target: What affine functions leave, times weights, shape (P,).
        basis: Orthonormal columns of affine functions, times weights, shape (P, D + 1).
        weights: Shape (P,).
    """

    column: Array
    target: Array
    basis: Array
    weights: Array

    def losses(self, widths: Array, places: Array) -> Array:
        """What staircases of these widths and places, shape (N,) each, leave, shape (N,)."""
        steps = np.floor((self.column - places[:, None]) / widths[:, None]) * self.weights
        steps -= (steps @ self.basis) @ self.basis.T
        sizes = np.square(steps).sum(axis=1)
        gains = np.square(steps @ self.target) / np.where(sizes > 1e-9 * len(self.column), sizes, np.inf)
        return np.asarray(np.maximum(self.target @ self.target - gains, 0.0))


def staircases(X: Array, y: Array, weights: Array) -> tuple[list[Expression], float]:
    """Forms of the best staircase, and the sum of squares that it leaves; infinity where there is none.

    Args:
        X: Shape (P, D), the rows in random order.
        y: Shape (P,).
        weights: Shape (P,).
    """
    best, loss = None, np.inf
    for place in range(X.shape[1]):
        some = slice(FEW_ROWS)
        glance = _stairs(X[some], y[some], weights[some], place)
        start = _on_grid(glance)
        if start is None:
            continue
        stairs = _stairs(X, y, weights, place)
        width, offset, left = _closely(stairs, *start)
        if left < loss:
            best, loss = (place, stairs, width, offset), left
    if best is None:
        return [], np.inf
    place, stairs, width, offset = best
    forms = []
    for name, own_width, own_offset in _in_words(stairs, width, offset, loss):
        steps = _steps(variable(place), name, own_width, own_offset)
        values = _VALUES[name]((stairs.column - own_offset) / own_width)
        affine, _ = fitted(np.column_stack((np.ones(len(y)), X, values)), y, weights)
        forms.append(_with_steps(affine, steps))
    return list(dict.fromkeys(forms)), loss


_VALUES = {"floor": np.floor, "ceil": np.ceil, "round": np.rint}


def _stairs(X: Array, y: Array, weights: Array, place: int) -> _Stairs:
    table = np.column_stack((np.ones(len(y)), X)) * weights[:, None]
    basis = np.linalg.qr(table)[0]
    target = y * weights
    return _Stairs(X[:, place], target - basis @ (basis.T @ target), basis, weights)


def _on_grid(stairs: _Stairs) -> tuple[float, float] | None:
    """The best width and place on a grid, where they explain something."""
    span = float(np.ptp(stairs.column))
    if span == 0 or len(np.unique(stairs.column)) < 5:
        return None
    widths = np.repeat(np.geomspace(span / _MOST, span / _FEWEST, _N_WIDTHS), _N_PLACES)
    places = np.tile(np.arange(_N_PLACES) / _N_PLACES, _N_WIDTHS) * widths
    losses = stairs.losses(widths, places)
    best = int(np.argmin(losses))
    if not losses[best] < _HOPEFUL * float(stairs.target @ stairs.target):
        return None
    return float(widths[best]), float(places[best])


def _closely(stairs: _Stairs, width: float, place: float) -> tuple[float, float, float]:
    """Width and place after ever closer looks around these, and the sum of squares that they leave."""
    middle = float(np.median(stairs.column))  # where a change of the width moves no step
    place += np.round((middle - place) / width) * width
    near = np.linspace(-1, 1, _N_NEAR)
    reach = np.array([width * width / max(float(np.ptp(stairs.column)), width), width / _N_PLACES])
    loss = float(stairs.losses(np.array([width]), np.array([place]))[0])
    for _ in range(_N_ROUNDS):
        widths, places = (
            axis.ravel() for axis in np.meshgrid(width + reach[0] * near, place + reach[1] * near)
        )
        losses = stairs.losses(np.maximum(widths, 1e-300), places)
        best = int(np.argmin(losses))
        if losses[best] < loss:
            width, place, loss = float(widths[best]), float(places[best]), float(losses[best])
        reach = reach * _SHRINK
    return width, place, loss


def _in_words(stairs: _Stairs, width: float, place: float, loss: float) -> list[tuple[str, float, float]]:
    """Names, widths and places of staircases that leave no more, with round numbers; short ones first."""
    enough = loss * (1 + 1e-6) + _ROUNDING * float(stairs.target @ stairs.target)

    def is_as_good(own_width: float, own_place: float) -> bool:
        return bool(stairs.losses(np.array([own_width]), np.array([own_place]))[0] <= enough)

    found = []
    for name, shift in (("floor", 0.0), ("round", 0.5), ("ceil", 0.0)):
        # Of all widths near this one those with steps at whole multiples of it, or half of one beside these.
        multiple = np.round(place / width - shift) + shift
        near = place / multiple if multiple and place / multiple > 0.5 * width else width
        reach = near * min(0.5, width / max(float(np.ptp(stairs.column)), width))
        widths = near + reach * np.linspace(-1, 1, _N_LINE)
        good = np.flatnonzero(stairs.losses(widths, shift * widths) <= enough)
        if len(good):
            begin = float(widths[good[len(good) // 2]])
            ends = (-0.5 * begin, 0.5 * begin)
            low, high = (_end(partial(_at_multiples, is_as_good, shift), begin, end) for end in ends)
            found.append((name, round_between(low, high), 0.0))
    low, high = (_end(partial(is_as_good, width), place, d) for d in (-0.5 * width, 0.5 * width))
    found.append(("floor", width, round_between(low, high)))
    return [one for one in found if one[1] > 0]


def _at_multiples(is_as_good: Callable[[float, float], bool], shift: float, width: float) -> bool:
    """Whether steps at multiples of a width, or beside these, are as good."""
    return is_as_good(width, shift * width)


def _end(is_right: Callable[[float], bool], begin: float, reach: float) -> float:
    """How far from a number on one side others are right."""
    low, high = 0.0, 1.0
    if is_right(begin + reach * high):
        return begin + reach
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_right(begin + reach * middle) else (low, middle)
    return begin + reach * low


def _steps(x: Expression, name: str, width: float, place: float) -> Expression:
    moved = apply("sub", x, constant(place)) if place else x
    return apply(name, moved if width == 1 else apply("div", moved, constant(width)))


def _with_steps(affine: Affine, steps: Expression) -> Expression:
    last = len(affine.coefficients) - 2
    return affine.expression.substitute({last: steps})
