"""Inverses of operators: what an argument must be for a wanted value, the others staying as they are.

Each takes the wanted values and the present ones of the operator's arguments, all of shape (P,), and gives
NaN where no argument has the wanted value. Where several have it, the one nearest to the present is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def of_one_branch(function: Callable[[Array], Any], low: float = -np.inf, high: float = np.inf) -> Any:
    """The inverse of an operator whose values lie between two bounds and are taken once each."""
    if np.isinf(low) and np.isinf(high):
        return lambda wanted, _: function(wanted)
    return lambda wanted, _: np.where((wanted >= low) & (wanted <= high), function(wanted), np.nan)


def of_even(function: Callable[[Array], Any]) -> Any:
    """The inverse of an operator that takes each value at an argument and at its negative."""
    return lambda wanted, now: np.copysign(function(wanted), now)


def periodic(period: float, *branches: Callable[[Array], Any]) -> Any:
    """The inverse of a periodic operator, from its inverses within one period."""

    def nearest(wanted: Array, now: Array) -> Array:
        values = [branch(wanted) for branch in branches]
        shifted = np.stack([value + period * np.round((now - value) / period) for value in values])
        best = np.argmin(np.abs(shifted - now), axis=0)
        return np.asarray(np.take_along_axis(shifted, best[None], axis=0)[0])

    return nearest
