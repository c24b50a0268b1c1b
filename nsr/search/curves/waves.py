"""Frequencies and phases of oscillations, from periodograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.search.periodogram import Grid, floating_mean, peaks

Array = NDArray[np.float64]

# Peaks of a periodogram that are looked at, rates of decay for each, in multiples of the span's inverse.
_N_PEAKS, _DECAYS = 5, (0.3, 1.0, 3.0, 10.0)


def frequencies(x: Array, y: Array) -> list[float]:
    """Angular frequencies of the highest peaks of the periodogram, the highest one first, and slow ones.

    None is faster than the rows tell apart, so that none is an alias of another.

    Args:
        x: The variable, shape (P,).
        y: The target, shape (P,).
    """
    places = np.unique(x)
    if len(places) < 4 or np.ptp(y) == 0:
        return []
    span = float(places[-1] - places[0])
    grid = Grid.of(x)
    if not grid.count:
        return []
    best = peaks(floating_mean(x, y, grid), _N_PEAKS)
    return [*(float(grid.values[top]) for top in best), np.pi / span, 2 * np.pi / span]


def waves(x: Array, y: Array) -> list[tuple[float, ...]]:
    """Frequency and phase of a sine for each peak of the periodogram."""
    return [(w, _phase(x, y, w, np.ones_like(x))) for w in frequencies(x, y)]


def damped_waves(x: Array, y: Array) -> list[tuple[float, ...]]:
    """Decay, frequency and phase."""
    span = float(np.ptp(x))
    return [
        (share / span, w, _phase(x, y, w, np.exp(-share * (x - x.min()) / span)))
        for w in frequencies(x, y)[:3]
        for share in _DECAYS
    ]


def _phase(x: Array, y: Array, frequency: float, envelope: Array) -> float:
    """Of the sine that explains the target best, beside a constant."""
    columns = np.column_stack(
        (envelope * np.sin(frequency * x), envelope * np.cos(frequency * x), np.ones_like(x))
    )
    a, b, _ = np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(np.arctan2(b, a))
