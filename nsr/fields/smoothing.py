"""Smoothing of fields on regular grids: penalised least squares along all axes at once.

The penalty of each axis is on third differences (Eilers, Currie and Durban, Comput. Stat. Data Anal. 50,
2006); generalised cross-validation chooses how much each axis is smoothed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DIFFERENCES = 3
# Penalties that are tried: factors apart, from what smooths nothing to what leaves parabolas.
_TRIED: list[float] = np.geomspace(1e-4, 1e10, 29).tolist()
_ROUNDS = 3


def smoothed(field: Array) -> Array:
    """A smooth field of the same shape.

    Args:
        field: Shape (T, *grid).
    """
    roughness, vectors = zip(*map(_basis, field.shape), strict=True)
    parts = field
    for axis, own in enumerate(vectors):
        parts = _along(own.T, parts, axis)
    across = np.meshgrid(*roughness, indexing="ij", sparse=True)
    smooth = parts * (1 - _removed(_penalties(parts**2, across), across))
    for axis, own in enumerate(vectors):
        smooth = _along(own, smooth, axis)
    return smooth


def _penalties(squares: Array, roughness: Sequence[Array]) -> list[float]:
    """The penalty of each axis that predicts best what is left out, sought along all alike and then each."""

    def score(penalties: Sequence[float]) -> float:
        removed = _removed(penalties, roughness)
        return float(np.sum(removed**2 * squares) / np.sum(removed) ** 2)

    found = min(([penalty] * len(roughness) for penalty in _TRIED), key=score)
    for _ in range(_ROUNDS):
        before = found
        for axis in range(len(roughness)):
            found = min(([*found[:axis], penalty, *found[axis + 1 :]] for penalty in _TRIED), key=score)
        if found == before:
            break
    return found


def _removed(penalties: Sequence[float], roughness: Sequence[Array]) -> Array:
    """Shares that are taken away of each part."""
    rough = sum(penalty * own for penalty, own in zip(penalties, roughness, strict=True))
    return np.asarray(rough / (1 + rough))


def _basis(n: int) -> tuple[Array, Array]:
    """The parts that rows of n points are made of: how rough they are, shape (n,), and they, shape (n, n)."""
    D = np.diff(np.eye(n), _DIFFERENCES, axis=0)
    roughness, vectors = np.linalg.eigh(D.T @ D)
    roughness[:_DIFFERENCES] = 0.0  # parabolas, but for rounding
    return np.maximum(roughness, 0.0), vectors


def _along(matrix: Array, field: Array, axis: int) -> Array:
    return np.moveaxis(np.tensordot(matrix, field, axes=(1, axis)), 0, axis)
