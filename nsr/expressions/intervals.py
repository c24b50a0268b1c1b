"""Interval forms of operators: bounds of their values where only bounds of their arguments are known.

A form takes the bounds of each argument, pairs of arrays of shape (B,), and gives those of the values, for B
boxes at once (Moore, Interval Analysis, 1966). Rounded to nearest, sums, products and roots are monotone too,
so that what is computed stays between bounds that are; other functions are given a few last digits.

Where some of the arguments between the bounds have no finite value the bounds are infinite, and where none
has one they are NaN. Arguments may be infinite, but no lower bound is plus infinity and no upper one minus
infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bounds = tuple[Array, Array]
Form = Callable[..., Bounds]

# Functions of the C library and our own differ in their last digits; those that processors compute do not.
EXACT = 0.0
ROUNDING = 4 * np.finfo(np.float64).eps
# Beyond this the last digits of an angle are turns.
_LARGEST_ANGLE = 1e15


def unknown(*arguments: Bounds) -> Bounds:
    """Of an operator about which nothing is known."""
    low, _ = np.broadcast_arrays(arguments[0][0], arguments[-1][0])
    return np.full_like(low, -np.inf), np.full_like(low, np.inf)


def increasing(
    function: Callable[[Array], Any], low: float = -np.inf, high: float = np.inf, rounding: float = ROUNDING
) -> Form:
    """Of a function that rises with its argument, stays between two bounds, and is computed to `rounding`."""
    return lambda a: _widened(function(a[0]), function(a[1]), low, high, rounding)


def decreasing(function: Callable[[Array], Any], rounding: float = ROUNDING) -> Form:
    """Of a function that falls with its argument."""
    return lambda a: _widened(function(a[1]), function(a[0]), rounding=rounding)


def even(function: Callable[[Array], Any], low: float = -np.inf, rounding: float = ROUNDING) -> Form:
    """Of a function that rises with the size of its argument."""

    def form(a: Bounds) -> Bounds:
        nearest, farthest = absolute(a)
        return _widened(function(nearest), function(farthest), low, rounding=rounding)

    return form


def wave(function: Callable[[Array], Any], top: float) -> Form:
    """Of a sine whose highest value is at an angle, in turns."""

    def form(a: Bounds) -> Bounds:
        ends = function(np.stack(_angles(a)))
        low = np.where(_meets(a, 2 * np.pi, top + 0.5), -1.0, np.min(ends, axis=0))
        high = np.where(_meets(a, 2 * np.pi, top), 1.0, np.max(ends, axis=0))
        return _widened(low, high, -1.0, 1.0)

    return form


def tangent(a: Bounds) -> Bounds:
    """Of the tangent."""
    ends = np.tan(np.stack(_angles(a)))
    has_pole = _meets(a, np.pi, 0.5)
    return _widened(np.where(has_pole, -np.inf, ends[0]), np.where(has_pole, np.inf, ends[1]))


def absolute(a: Bounds) -> Bounds:
    """Of the size of a number."""
    low, high = a
    nearest = np.maximum(np.maximum(low, -high), 0.0)
    return nearest, np.maximum(-low, high)


def total(a: Bounds, b: Bounds) -> Bounds:
    """Of a sum."""
    return a[0] + b[0], a[1] + b[1]


def difference(a: Bounds, b: Bounds) -> Bounds:
    """Of a difference."""
    return a[0] - b[1], a[1] - b[0]


def product(a: Bounds, b: Bounds) -> Bounds:
    """Of a product."""
    corners = [x * y for x in a for y in b]
    return _extremes(np.nan_to_num(corners, nan=0.0, posinf=np.inf, neginf=-np.inf))  # 0 times infinity is 0


def ratio(a: Bounds, b: Bounds) -> Bounds:
    """Of a ratio."""
    below = reciprocal(b)
    low, high = product(a, below)
    return np.where(np.isnan(below[0]), np.nan, low), np.where(np.isnan(below[1]), np.nan, high)


def reciprocal(a: Bounds) -> Bounds:
    """Of one over a number."""
    low, high = a
    has_pole = (low <= 0) & (high >= 0)
    is_nothing = (low == 0) & (high == 0)
    return (
        np.where(is_nothing, np.nan, np.where(has_pole, -np.inf, 1 / high)),
        np.where(is_nothing, np.nan, np.where(has_pole, np.inf, 1 / low)),
    )


def power(a: Bounds, b: Bounds) -> Bounds:
    """Of a power: whole exponents take bases of any sign, all others only those that are not negative."""
    exponent = b[0]
    is_whole = (b[0] == b[1]) & (exponent == np.round(exponent))
    # Where bases are positive, values are monotone in base and exponent, so that the corners tell all.
    base = np.maximum(a[0], 0.0), a[1]
    corners = [x**y for x in base for y in b]
    low, high = _extremes(np.nan_to_num(corners, nan=1.0, posinf=np.inf))
    low, high = np.where(a[0] < 0, -np.inf, low), np.where(a[0] < 0, np.inf, high)
    low, high = np.where(a[1] < 0, np.nan, low), np.where(a[1] < 0, np.nan, high)
    if np.any(is_whole & (a[0] < 0)):
        whole = _whole_power(a, np.where(is_whole, exponent, 1.0))
        low, high = (np.where(is_whole, w, other) for w, other in zip(whole, (low, high), strict=True))
    return _widened(low, high)


def _whole_power(a: Bounds, exponent: Array) -> Bounds:
    size = np.abs(exponent)
    is_even = size % 2 == 0
    nearest, farthest = absolute(a)
    low = np.where(is_even, nearest**size, a[0] ** size)
    high = np.where(is_even, farthest**size, a[1] ** size)
    below = reciprocal((low, high))
    return np.where(exponent < 0, below[0], low), np.where(exponent < 0, below[1], high)


def _extremes(corners: Any) -> Bounds:
    return np.min(corners, axis=0), np.max(corners, axis=0)


def _widened(
    low: Array, high: Array, least: float = -np.inf, most: float = np.inf, rounding: float = ROUNDING
) -> Bounds:
    """Bounds that rounding does not pass, and none that the function has not."""
    return (
        np.maximum(low * (1 - rounding * np.sign(low)), least),
        np.minimum(high * (1 + rounding * np.sign(high)), most),
    )


def _angles(a: Bounds) -> Bounds:
    """The bounds, where they are angles that mean something."""
    low, high = a
    is_known = (np.abs(low) < _LARGEST_ANGLE) & (np.abs(high) < _LARGEST_ANGLE)
    return np.where(is_known, low, 0.0), np.where(is_known, high, 0.0)


def _meets(a: Bounds, period: float, phase: float) -> NDArray[np.bool_]:
    """Whether an angle of this phase, in periods, lies between the bounds."""
    low, high = a[0] / period - phase, a[1] / period - phase
    slack = ROUNDING * (np.abs(low) + np.abs(high) + 1)
    is_far = ~((np.abs(a[0]) < _LARGEST_ANGLE) & (np.abs(a[1]) < _LARGEST_ANGLE))
    return is_far | (np.floor(high + slack) >= np.ceil(low - slack))
