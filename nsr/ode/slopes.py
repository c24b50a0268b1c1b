"""Local slopes of trajectories: what the network sees of a system.

Around a time, a parabola is fitted to the observations in a window; its value and slope there estimate the
state and its derivative (Savitzky and Golay, Anal. Chem. 36, 1964, 1627-1639, for uneven times). Narrow
windows follow fast motion, wide ones average noise away; the network is shown both, each with its width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.kernels import kernel

Array = NDArray[np.float64]

# Half-widths of windows, in points; a parabola needs three of them.
_NARROWEST, _WIDEST = 1, 24
# No window takes more than this share of a trajectory.
_LARGEST_SHARE = 0.125


@dataclass(frozen=True)
class Slopes:
    """N rows of B trajectories.

    Attributes:
        states: Smoothed states, shape (B, N, D).
        slopes: Their derivatives by time, shape (B, N, D).
        widths: Half-width of each row's window as a share of the trajectory's points, shape (B, N).
    """

    states: Array
    slopes: Array
    widths: Array


def local_slopes(times: Array, states: Array, n_rows: int, rng: np.random.Generator) -> Slopes:
    """Estimates slopes at random places of trajectories, with windows of random widths.

    Args:
        times: Ascending, shape (B, T), T at least 3.
        states: Observed states, shape (B, T, D).
        n_rows: N.
        rng: Draws places and widths.
    """
    n, n_points = times.shape
    widest = max(_NARROWEST, min(_WIDEST, int(n_points * _LARGEST_SHARE)))
    half = np.exp(rng.uniform(np.log(_NARROWEST), np.log(widest + 1), (n, n_rows))).astype(np.int64)
    centers = rng.integers(0, n_points, (n, n_rows))
    smoothed, slopes = _fit_parabolas(times, np.ascontiguousarray(states), centers, half)
    return Slopes(smoothed, slopes, half / n_points)


def as_targets(rows: Slopes) -> NDArray[np.float32]:
    """What stands beside the states in the network's input: widths, and slopes of root mean square 1.

    Returns:
        Shape (B, N, 1 + D); slopes of absent states are zero.
    """
    size = np.sqrt(np.mean(rows.slopes**2, axis=1, keepdims=True))
    scaled = rows.slopes / np.where(size > 0, size, 1.0)
    return np.concatenate((rows.widths[..., None], scaled), axis=2).astype(np.float32)


@kernel
def _fit_parabolas(times, states, centers, half):
    """Values and slopes, each (B, N, D), of parabolas around centers (B, N) of half-widths (B, N)."""
    n, n_rows = centers.shape
    n_points, width = states.shape[1], states.shape[2]
    value, slope = np.empty((n, n_rows, width)), np.empty((n, n_rows, width))
    for b in range(n):
        for row in range(n_rows):
            center, h = centers[b, row], half[b, row]
            # At the ends a window is not cut but moved, so that it keeps its points.
            start = min(max(center - h, 0), n_points - 2 * h - 1)
            t = times[b, start : start + 2 * h + 1] - times[b, center]
            unit = max(-t[0], t[-1])
            s0, s1, s2, s3, s4 = len(t) * 1.0, 0.0, 0.0, 0.0, 0.0
            for j in range(len(t)):
                u = t[j] / unit
                s1 += u
                s2 += u**2
                s3 += u**3
                s4 += u**4
            # First two rows of the inverse of the normal matrix, by cofactors.
            c00, c01, c02 = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
            c11, c12 = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3
            det = s0 * c00 + s1 * c01 + s2 * c02
            for d in range(width):
                m0, m1, m2 = 0.0, 0.0, 0.0
                for j in range(len(t)):
                    u, x = t[j] / unit, states[b, start + j, d]
                    m0 += x
                    m1 += u * x
                    m2 += u * u * x
                value[b, row, d] = (c00 * m0 + c01 * m1 + c02 * m2) / det
                slope[b, row, d] = (c01 * m0 + c11 * m1 + c12 * m2) / det / unit
    return value, slope
