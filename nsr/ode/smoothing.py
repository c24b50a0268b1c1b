"""Smoothing splines of all states of a trajectory at once (Green and Silverman 1994, chapter 2).

SciPy's `make_smoothing_spline` finds the same curves, one state at a time and by a loop over the points for
each smoothness that it tries; a table of ten states and ten thousand rows would take it half a minute.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh, solveh_banded

Array = NDArray[np.float64]

# Penalties tried, evenly spaced in their logarithm, up to one for each point as SciPy has it.
_LEAST_PENALTY, _N_PENALTIES = 1e-6, 200
# Points that penalties are chosen by: the cost grows with their cube.
_MOST_POINTS = 300


def smoothing_spline(clock: Array, states: Array) -> CubicSpline:
    """Natural cubic splines f that minimise sum (x - f)^2 + penalty * int f''^2 dt, for each state.

    Generalised cross-validation chooses each state's penalty, by evenly spread points where there are many.

    Args:
        clock: Ascending times in units of their mean step, shape (T,).
        states: Shape (T, D).
    """
    stride = -(-len(clock) // _MOST_POINTS)
    chosen = slice(None, None, stride)
    # Of points further apart fewer hold a curve back that is bent as much.
    penalties = stride * _penalties(clock[chosen], states[chosen], len(clock) / stride)
    return CubicSpline(clock, _smoothed(clock, states, penalties), bc_type="natural")


def _penalties(clock: Array, states: Array, largest: float) -> Array:
    """The penalty of each state that predicts points best which were left out, shape (D,)."""
    Q, R = _second_differences(clock)
    eigenvalues, modes = eigh(Q @ np.linalg.solve(R, Q.T))
    squares = (modes.T @ states) ** 2
    tried = np.geomspace(_LEAST_PENALTY, max(largest, 1.0), _N_PENALTIES)
    rough = tried[:, None] * np.maximum(eigenvalues, 0.0)
    removed = rough / (1.0 + rough)
    with np.errstate(all="ignore"):
        scores = (removed**2 @ squares) / np.sum(removed, axis=1)[:, None] ** 2
    return np.asarray(tried[np.argmin(np.where(np.isfinite(scores), scores, np.inf), axis=0)])


def _second_differences(clock: Array) -> tuple[Array, Array]:
    """The matrices Q (T, T - 2) and R (T - 2, T - 2) of the penalty f^T Q R^-1 Q^T f."""
    steps = np.diff(clock)
    n = len(clock)
    inner = np.arange(n - 2)
    Q = np.zeros((n, n - 2))
    Q[inner, inner] = 1 / steps[:-1]
    Q[inner + 1, inner] = -1 / steps[:-1] - 1 / steps[1:]
    Q[inner + 2, inner] = 1 / steps[1:]
    R = np.diag((steps[:-1] + steps[1:]) / 3) + np.diag(steps[1:-1] / 6, 1) + np.diag(steps[1:-1] / 6, -1)
    return Q, R


def _smoothed(clock: Array, states: Array, penalties: Array) -> Array:
    """The splines' values at the points, by Reinsch's pentadiagonal equations; shape (T, D)."""
    steps = np.diff(clock)
    before, after = 1 / steps[:-1], 1 / steps[1:]
    middle = -before - after
    # Diagonals of R and of Q^T Q, from the main one outwards, as `solveh_banded` takes them.
    n = len(clock) - 2
    R, QQ = np.zeros((3, n)), np.zeros((3, n))
    R[0], R[1, :-1] = (steps[:-1] + steps[1:]) / 3, steps[1:-1] / 6
    QQ[0] = before**2 + middle**2 + after**2
    QQ[1, :-1] = middle[:-1] * before[1:] + after[:-1] * middle[1:]
    QQ[2, :-2] = after[:-2] * before[2:]
    slopes = np.diff(states, axis=0) / steps[:, None]
    result = np.empty_like(states)
    for place, penalty in enumerate(penalties):
        bent = solveh_banded(R + penalty * QQ, np.diff(slopes[:, place]), lower=True)
        pull = np.zeros(len(clock))
        pull[:-2] += before * bent
        pull[1:-1] += middle * bent
        pull[2:] += after * bent
        result[:, place] = states[:, place] - penalty * pull
    return result
