"""Periodograms of rows at any places, by products of matrices.

On a grid of frequencies exp(i w x) is a product of two factors, one for a block of frequencies and one for
the place in it, so that sums over rows become products of matrices, a hundred times as fast as one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Points of a grid for each cycle over the span of the rows, which is half the width of a peak.
_PER_CYCLE = 6
# Uneven rows see frequencies beyond the Nyquist frequency of their mean distance, which is where even ones
# end (VanderPlas, Astrophysical Journal Supplement 236, 2018); frequencies beyond this many times cost much.
_BEYOND_MEAN = 10
# Distances below this share of the span are rounding errors.
_SAME_PLACE = 1e-9
# Rows within less than this have frequencies that are not finite numbers.
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Grid:
    """Angular frequencies, evenly spaced.

    Attributes:
        first: The lowest.
        step: Between neighbours.
        count: How many.
    """

    first: float
    step: float
    count: int

    @classmethod
    def of(cls, x: Array, most_cycles: float = math.inf, per_cycle: int = _PER_CYCLE) -> Grid:
        """What rows at these places tell apart: from half a cycle over their span to the closest rows' limit.

        Args:
            x: Places, shape (P,).
            most_cycles: Over the span, at most.
            per_cycle: Points of the grid for each.
        """
        places = np.unique(x)
        with np.errstate(over="ignore"):
            span, distances = float(places[-1] - places[0]), np.diff(places)
        closest = float(np.min(distances[distances > _SAME_PLACE * span], initial=span))
        if not _SMALLEST < span < math.inf:
            return cls(0.0, 0.0, 0)
        half_cycles = min(span / closest, _BEYOND_MEAN * (len(places) - 1), 2 * most_cycles)
        step = 2 * np.pi / (per_cycle * span)
        return cls(np.pi / span, step, max(0, math.ceil(0.5 * (half_cycles - 1) * per_cycle - 1e-6)))

    @property
    def values(self) -> Array:
        """The frequencies, shape (F,)."""
        return np.asarray(self.first + self.step * np.arange(self.count))


def transform(x: Array, Y: Array, grid: Grid) -> NDArray[np.complex128]:
    """Sums of y exp(i w x) over the rows, shape (M, F), for columns Y of shape (P, M)."""
    blocks, within = _factors(x, grid)
    return np.stack([((blocks * y) @ within).ravel()[: grid.count] for y in Y.T])


def _factors(x: Array, grid: Grid) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Factors of exp(i w x): for each block of frequencies, (B, P), and each place in one, (P, F / B)."""
    width = max(1, math.isqrt(grid.count))
    blocks = _rising(grid.first, grid.step * width, math.ceil(grid.count / width), x)
    return blocks, _rising(0.0, grid.step, width, x).T


def _rising(first: float, step: float, count: int, x: Array) -> NDArray[np.complex128]:
    """exp(i w x) of evenly spaced frequencies, shape (F, P), each a product of the one before."""
    steps = np.empty((count, len(x)), np.complex128)
    steps[:1], steps[1:] = np.exp(1j * first * x), np.exp(1j * step * x)
    return np.asarray(np.cumprod(steps, axis=0))


def transform_of_two(
    x: Array, z: Array, y: Array, grid: Grid, other: Grid
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Sums of y exp(i (w x + v z)), and of y exp(i (w x - v z)), over the rows, both of shape (F, G)."""
    own, others = (np.exp(1j * np.outer(g.values, u)) for g, u in ((grid, x), (other, z)))
    return (own * y) @ others.T, (own * y) @ others.conj().T


def floating_mean(x: Array, y: Array, grid: Grid) -> Array:
    """Share of the variance that a sine and a constant explain, shape (F,), for each frequency.

    The generalised periodogram of Zechmeister and Kuerster, "The generalised Lomb-Scargle periodogram",
    Astronomy and Astrophysics 496 (2009), equations 4 to 13, with equal weights.

    Args:
        x: Places, shape (P,).
        y: Values, shape (P,), not all the same.
        grid: The frequencies.
    """
    n = len(y)
    deviation = y - y.mean()
    blocks, within = _factors(x, grid)
    sums = (blocks * deviation) @ within, blocks @ within, blocks**2 @ within**2
    of_y, of_one, twice = (one.ravel()[: grid.count] / n for one in sums)
    cosine, sine = of_one.real, of_one.imag
    cc = 0.5 * (1 + twice.real) - cosine**2
    ss = 0.5 * (1 - twice.real) - sine**2
    cs = 0.5 * twice.imag - cosine * sine
    yc, ys = of_y.real, of_y.imag
    determinant = cc * ss - cs**2
    with np.errstate(all="ignore"):
        power = (ss * yc**2 + cc * ys**2 - 2 * cs * yc * ys) / (np.mean(deviation**2) * determinant)
    return np.where((determinant > 1e-9) & np.isfinite(power), power, 0.0)


def peaks(power: Array, n_best: int) -> list[int]:
    """Places of the highest local maxima, the highest first."""
    padded = np.concatenate(([-np.inf], power, [-np.inf]))
    tops = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    return [int(top) for top in tops[np.argsort(power[tops])[::-1][:n_best]]]
