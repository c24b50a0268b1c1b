"""Unit rules: the dimension of an operator's result, from those of its arguments.

A dimension is an array of exponents of the base dimensions (length, mass, time, ...), shape (k,); None
stands for one that a free constant can make any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Dimension = NDArray[np.float64] | None

_ROUNDING = 1e-9

# The dimension of a number; it has no axis, so that it goes with any number of base dimensions.
DIMENSIONLESS: NDArray[np.float64] = np.zeros(())


class UnitError(ValueError):
    """Units do not fit together."""


@dataclass(frozen=True)
class Quantity:
    """An argument as a unit rule sees it.

    Attributes:
        dimension: Shape (k,), or None where a free constant can make it any.
        value: Its value where it is a known number, otherwise None.
    """

    dimension: Dimension
    value: float | None = None


UnitRule = Callable[[Sequence[Quantity]], Dimension]


def are_equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether two dimensions are the same to rounding."""
    return bool(np.all(np.abs(a - b) < _ROUNDING))


def alike(arguments: Sequence[Quantity]) -> Dimension:
    """All arguments have the same unit, and so does the result.

    Raises:
        UnitError: If two units differ.
    """
    known = [argument.dimension for argument in arguments if argument.dimension is not None]
    if any(not are_equal(known[0], other) for other in known[1:]):
        raise UnitError("unlike units are added or compared")
    return known[0] if known else None


def numbers(arguments: Sequence[Quantity]) -> Dimension:
    """All arguments are dimensionless, and so is the result.

    Raises:
        UnitError: If an argument has a unit.
    """
    known = (argument.dimension for argument in arguments if argument.dimension is not None)
    if any(not are_equal(dimension, DIMENSIONLESS) for dimension in known):
        raise UnitError("a function of dimensionless numbers is taken of something with a unit")
    return DIMENSIONLESS


def product(arguments: Sequence[Quantity], exponents: Sequence[float]) -> Dimension:
    """The result is the product of the arguments raised to fixed exponents."""
    total = DIMENSIONLESS
    for argument, exponent in zip(arguments, exponents, strict=True):
        if argument.dimension is None:
            return None
        total = total + exponent * argument.dimension
    return total


def power(arguments: Sequence[Quantity]) -> Dimension:
    """The first argument raised to the second, which both are dimensionless unless the exponent is known.

    Raises:
        UnitError: If base or exponent has a unit and the exponent is not a known number.
    """
    base, exponent = arguments
    return numbers(arguments) if exponent.value is None else product([base], [exponent.value])
