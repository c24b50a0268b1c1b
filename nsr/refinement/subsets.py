"""How much small subsets of columns explain, for very many subsets, in compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.kernels import kernel

# Added to the diagonal of unit columns' products, so that collinear columns do no harm.
_RIDGE = 1e-13


@kernel
def unexplained(gram, moments, total, subsets):
    """Share of a target that each subset of columns leaves unexplained by least squares.

    Args:
        gram: Inner products of columns of unit length, shape (n, n).
        moments: Inner products of the columns and the target, shape (n,).
        total: Inner product of the target with itself.
        subsets: Indices of columns, shape (m, k).

    Returns:
        Shape (m,).
    """
    m, k = subsets.shape
    result = np.empty(m)
    L = np.empty((k, k))
    z = np.empty(k)
    for s in range(m):
        explained = 0.0
        for i in range(k):
            a = subsets[s, i]
            value = moments[a]
            for j in range(i):
                product = gram[a, subsets[s, j]]
                for q in range(j):
                    product -= L[i, q] * L[j, q]
                L[i, j] = product / L[j, j]
                value -= L[i, j] * z[j]
            pivot = gram[a, a] + _RIDGE
            for j in range(i):
                pivot -= L[i, j] * L[i, j]
            L[i, i] = np.sqrt(max(pivot, _RIDGE))
            z[i] = value / L[i, i]
            explained += z[i] * z[i]
        result[s] = 1.0 - explained / total
    return result


def best_subsets(
    gram: NDArray[np.float64],
    moments: NDArray[np.float64],
    total: float,
    subsets: NDArray[np.intp],
    n_best: int,
    largest: float,
) -> list[tuple[int, ...]]:
    """The subsets that leave least unexplained, the best first.

    Args:
        gram: As in `unexplained`.
        moments: As in `best_subsets`.
        total: As in `best_subsets`.
        subsets: As in `best_subsets`.
        n_best: How many at most.
        largest: Share that a subset may leave unexplained.
    """
    if not len(subsets):
        return []
    # One layout and one kernel: for any other it would be compiled again.
    left = unexplained(
        np.ascontiguousarray(gram), moments, total, np.ascontiguousarray(subsets, dtype=np.int64)
    )
    n_best = min(n_best, len(left))
    order = np.argpartition(left, n_best - 1)[:n_best]
    order = order[np.argsort(left[order])]
    return [tuple(int(i) for i in subsets[k]) for k in order if left[k] < largest]
