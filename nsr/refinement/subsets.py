"""Sparse regression: subsets of columns tried exhaustively in compiled code, and elimination one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsr.kernels import kernel

# Added to the diagonal of unit columns' products, so that collinear columns do no harm.
_RIDGE = 1e-13
_TINY = 1e-300
# Square of a column's share, of unit length, in what its table's columns add up to nothing with.
_REDUNDANT = 1e-6


@dataclass(frozen=True)
class Breadth:
    """How many subsets of columns are tried.

    Attributes:
        most_terms: Columns of a subset at most.
        most_exhaustive: Size up to which all subsets are tried,
        most_subsets: unless there are more than this many of a size.
        n_subsets: The best of each size that are kept.
    """

    most_terms: int
    most_exhaustive: int
    most_subsets: int
    n_subsets: int


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


@cache
def combinations(n: int, size: int) -> NDArray[np.intp]:
    """All subsets of this many of n columns, shape (m, size)."""
    return np.array(list(itertools.combinations(range(n), size)), dtype=np.intp).reshape(-1, size)


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
        moments: As in `unexplained`.
        total: As in `unexplained`.
        subsets: As in `unexplained`.
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


def forward_selection(
    table: NDArray[np.float64], target: NDArray[np.float64], n_columns: int
) -> NDArray[np.intp]:
    """Indices, ascending, of columns that explain a target well, by orthogonal matching pursuit.

    Args:
        table: Columns to choose from, none of them zero, shape (P, n).
        target: Shape (P,).
        n_columns: How many to choose at most, fewer than P.
    """
    left = table / np.linalg.norm(table, axis=0)
    chosen: list[int] = []
    for _ in range(n_columns):
        norms = np.linalg.norm(left, axis=0)
        gains = np.where(norms > np.sqrt(_RIDGE), np.abs(left.T @ target) / np.maximum(norms, _TINY), -1.0)
        gains[chosen] = -1.0
        best = int(np.argmax(gains))
        if gains[best] < 0:  # the others are sums of those
            break
        chosen.append(best)
        direction = left[:, best] / norms[best]
        target = target - direction * (direction @ target)
        left = left - np.outer(direction, direction @ left)
    return np.sort(np.array(chosen, dtype=np.intp))


class Elimination(NamedTuple):
    """Least squares of a target by some columns of a table.

    Attributes:
        kept: Indices of the columns, ascending, shape (k,).
        coefficients: Of these columns, shape (k,).
        costs: What leaving each of them out would add to the sum of squared residuals, shape (k,); nothing
            for what the others add up to.
        unexplained: The sum of squared residuals.
    """

    kept: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    costs: NDArray[np.float64]
    unexplained: float


def backward_elimination(
    table: NDArray[np.float64], target: NDArray[np.float64], rcond: float
) -> Iterator[Elimination]:
    """Least squares by all columns, then without the one that matters least, and so on to a single one.

    Of columns that add up to others, as the indicators of all levels do to a constant, the one goes first
    that is farthest from mattering when all have the shortest coefficients.

    Args:
        table: Columns to choose from, none of them zero, shape (P, n).
        target: Shape (P,).
        rcond: Directions of smaller singular values than this share of the largest are left out.
    """
    scale = np.linalg.norm(table, axis=0)
    Q, R = np.linalg.qr(table / scale)
    projected, total = Q.T @ target, float(target @ target)
    kept = np.arange(table.shape[1])
    while len(kept):
        U, s, Vt = np.linalg.svd(R[:, kept], full_matrices=False)
        inverse = np.where(s > rcond * s[0], 1 / np.maximum(s, _TINY), 0.0)
        along = U.T @ projected
        weights = Vt.T @ (inverse * along)
        costs = weights**2 / np.maximum(np.sum((Vt.T * inverse) ** 2, axis=1), _TINY)
        unexplained = max(total - float(np.sum(along[inverse > 0] ** 2)), 0.0)
        is_redundant = np.sum(Vt[inverse > 0] ** 2, axis=0) < 1 - _REDUNDANT
        yield Elimination(kept, weights / scale[kept], np.where(is_redundant, 0.0, costs), unexplained)
        kept = np.delete(kept, np.lexsort((costs, ~is_redundant))[0])


def promising_subsets(
    table: NDArray[np.float64], target: NDArray[np.float64], breadth: Breadth
) -> list[tuple[int, ...]]:
    """Subsets of columns worth trying, each once: what elimination leaves, and the best of each small size.

    Args:
        table: Columns to choose from, none of them zero, shape (P, n).
        target: Shape (P,).
        breadth: How many are tried.
    """
    eliminations = backward_elimination(table, target, rcond=1e-12)
    found = dict.fromkeys(
        tuple(kept.tolist()) for kept, *_ in eliminations if len(kept) <= breadth.most_terms
    )
    scaled = table / np.linalg.norm(table, axis=0)
    gram, moments, total = scaled.T @ scaled, scaled.T @ target, float(target @ target) or 1.0
    for size in range(1, breadth.most_exhaustive + 1):
        if 0 < math.comb(table.shape[1], size) <= breadth.most_subsets:
            subsets = combinations(table.shape[1], size)
            best = best_subsets(gram, moments, total, subsets, breadth.n_subsets, math.inf)
            found |= dict.fromkeys(best)
    return list(found)
