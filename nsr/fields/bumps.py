"""Test functions: products of bumps along the axes, as wide as noise allows and the field's waves need.

A bump is (1 - s^2)^p for |s| < 1, of a half-width of m steps. Widths and powers follow appendix A of
Messenger and Bortz (arXiv:2007.02848): beyond the wavenumber at which the field's spectrum turns to noise,
the bump's spectrum has nothing left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]

# A bump's value one step inside its edge, at most, and deviations of its spectrum that reach to the corner.
_EDGE, _DEVIATIONS = 1e-10, 2.0
_LEAST_HALF, _LEAST_POWER = 3, 7
# Half-widths that an axis has at least.
_LEAST_WIDTHS = 3
# Bumps of one axis begin this share of a half-width apart.
_STEP = 0.25


@dataclass(frozen=True)
class Bumps:
    """Bumps along one axis.

    Attributes:
        n_points: Of the axis.
        spacing: From one point to the next.
        half: Half-width, in steps.
        power: p.
        centers: Points that they are centred on, shape (B,).
    """

    n_points: int
    spacing: float
    half: int
    power: int
    centers: NDArray[np.intp]

    def weights(self, order: int) -> Array:
        """What integrates against a derivative of each bump, shape (B, n_points)."""
        slope = Polynomial([1.0, 0.0, -1.0]) ** self.power
        slope = slope.deriv(order) if order else slope
        s = np.arange(-self.half, self.half + 1) / self.half
        values = slope(s) / (self.half * self.spacing) ** order * self.spacing
        table = np.zeros((len(self.centers), self.n_points))
        for row, center in enumerate(self.centers):
            table[row, center - self.half : center + self.half + 1] = values
        return table


def bumps(n_points: int, spacing: float, half: int, most: int) -> Bumps:
    """Bumps of a half-width, at most so many."""
    power = max(_LEAST_POWER, math.floor(math.log(_EDGE) / math.log(1 - (1 - 1 / half) ** 2)))
    room = n_points - 1 - 2 * half
    n = min(most, 1 + math.ceil(room / max(1.0, _STEP * half)))
    centers = half + np.round(np.linspace(0, room, n)).astype(np.intp)
    return Bumps(n_points, spacing, half, power, np.unique(centers))


def half_width(field: Array, axis: int) -> int:
    """The half-width, in steps, whose bumps see what a field does along an axis, and no more."""
    n = field.shape[axis]
    corner = max(_corner(field, axis), 1)
    most = (n - 1) // _LEAST_WIDTHS

    def excess(m: float) -> float:
        waves = 4 * math.pi**2 * corner**2 * m**2 - 3 * n**2 * _DEVIATIONS**2
        bent = math.log((2 * m - 1) / m**2) * waves
        return float(bent - 2 * n**2 * _DEVIATIONS**2 * math.log(_EDGE))

    low, high = 1.0 + 1e-9, 2 / math.sqrt(_EDGE)
    half = brentq(excess, low, high) if excess(low) * excess(high) < 0 else n / 2 / corner
    return int(min(max(math.ceil(half), _LEAST_HALF), most))


def _corner(field: Array, axis: int) -> int:
    """The wavenumber at which the cumulative spectrum along an axis bends."""
    n = field.shape[axis]
    others = tuple(i for i in range(field.ndim) if i != axis)
    sizes = np.mean(np.abs(np.fft.fft(field, axis=axis)), axis=others)
    rising = np.cumsum(sizes[n // 2 : 0 : -1])  # from the shortest waves to the longest
    rising /= rising[-1]
    misfits = [_misfit(rising[: place + 1]) + _misfit(rising[place:]) for place in range(1, len(rising) - 1)]
    return len(rising) - 1 - int(np.argmin(misfits))


def _misfit(values: Array) -> float:
    """Squared distance of values to the line between the first and the last, in shares of them."""
    line = np.linspace(values[0], values[-1], len(values))
    return float(np.sum(((values - line) / np.maximum(values, 1e-300)) ** 2))
