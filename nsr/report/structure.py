"""Whether residuals vary with something: statistics of neighbours and trends, against random signs.

Residuals that are noise are as likely to have either sign, each on its own. So their signs are drawn anew
many times (the wild bootstrap; Wu, Annals of Statistics 14, 1986; for tests of a model's form Stute, Gonzalez
Manteiga and Presedo Quindimil, JASA 93, 1998), which keeps whatever their sizes vary with, and what was drawn
loses what the equation's constants would have taken up. The largest of many statistics is compared with the
largest of each draw, so that looking at many columns is no way to find something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Statistics of residuals: of shape (P, B) to (B,).
Statistic = Callable[[Array], Array]

N_DRAWS = 999
_DEGREE = 3
_N_NEIGHBOURS = 6
# Few outliers must not drown what all other rows say: residuals count up to this many deviations.
_LARGEST = 5.0


@dataclass(frozen=True)
class Comparison:
    """How sure it is that residuals vary with each of several things.

    Attributes:
        p_value: Probability that noise varies as much with any of them.
        p_values: With each of them, all others having been looked at as well.
    """

    p_value: float
    p_values: tuple[float, ...]


def compared(
    residuals: Array, slopes: Array, groups: Sequence[Sequence[Statistic]], rng: np.random.Generator
) -> Comparison:
    """Compares statistics of residuals with those of residuals of random sign.

    Args:
        residuals: Shape (P,).
        slopes: Derivatives of the predictions by the constants that were fitted, shape (P, K).
        groups: Statistics that are large where residuals vary with something, a group for each such thing.
        rng: Draws signs.
    """
    taken_up = _basis(slopes)
    leverage = np.sum(taken_up**2, axis=1)
    limit = _LARGEST * 1.4826 * float(np.median(np.abs(residuals)))
    own = np.clip(residuals, -limit, limit) if limit > 0 else residuals
    sizes = own / np.sqrt(np.maximum(1 - leverage, 0.05))
    drawn = sizes[:, None] * rng.choice((-1.0, 1.0), (len(own), N_DRAWS))
    both = np.column_stack((own, drawn))
    both = both - taken_up @ (taken_up.T @ both)
    scores = np.stack([np.max([_standardised(s(both)) for s in group], axis=0) for group in groups])
    largest = scores.max(axis=0)
    p_values = tuple(_share_above(score[0], largest[1:]) for score in scores)
    return Comparison(min(p_values), p_values)


def along(column: Array, rng: np.random.Generator) -> list[Statistic]:
    """Whether residuals vary with a column: in a trend, or from neighbours to neighbours.

    Args:
        column: Shape (P,).
        rng: Orders rows that have the same value.
    """
    ranks = scipy.stats.rankdata(column)
    degree = min(_DEGREE, len(np.unique(column)) - 1)
    terms = np.polynomial.chebyshev.chebvander(2 * ranks / len(ranks) - 1, degree)
    trend = np.asarray(terms[:, 1:], dtype=np.float64)
    order = np.lexsort((rng.random(len(column)), column))
    return [
        _explained_by(np.asarray(trend, dtype=np.float64)),
        _alike_in(order, 1),
        _alike_in(order, max(2, len(order) // 20)),
    ]


def jointly(X: Array) -> list[Statistic]:
    """Whether residuals vary with several columns together: with products of two, or among near points.

    Args:
        X: Shape (P, D), each of the columns varying.
    """
    from scipy.spatial import cKDTree

    ranks = scipy.stats.rankdata(X, axis=0)
    scaled = (ranks - ranks.mean(axis=0)) / ranks.std(axis=0)
    first, second = np.triu_indices(X.shape[1], 1)
    found = []
    if 0 < len(first) <= len(X) // 4:
        found.append(_explained_by(scaled[:, first] * scaled[:, second]))
    n_near = min(_N_NEIGHBOURS, len(X) - 1)
    near = np.asarray(cKDTree(scaled).query(scaled, n_near + 1)[1])[:, 1:]
    found.append(
        lambda residuals: np.sum(residuals * sum(residuals[near[:, k]] for k in range(n_near)), axis=0)
    )
    return found


def _explained_by(columns: Array) -> Statistic:
    """Squares that a linear model of columns explains."""
    basis = _basis(np.column_stack((np.ones(len(columns)), columns)))
    return lambda residuals: np.sum((basis.T @ residuals) ** 2, axis=0)


def _alike_in(order: NDArray[np.intp], width: int) -> Statistic:
    """Products of each row's residual and those of the next few in some order."""

    def statistic(residuals: Array) -> Array:
        ordered = residuals[order]
        sums = np.cumsum(np.vstack((np.zeros((1, ordered.shape[1])), ordered)), axis=0)
        ends = np.minimum(np.arange(len(order)) + width + 1, len(order))
        following = sums[ends] - sums[1:]
        return np.asarray(np.sum(ordered * following, axis=0))

    return statistic


def _basis(columns: Array) -> Array:
    """Orthonormal columns that span the same, shape (P, rank)."""
    scale = np.linalg.norm(columns, axis=0)
    usable = np.isfinite(scale) & (scale > 0)
    if not usable.any():
        return np.zeros((len(columns), 0))
    left, singular, _ = np.linalg.svd(columns[:, usable] / scale[usable], full_matrices=False)
    return np.asarray(left[:, singular > 1e-8 * singular[0]])


def _standardised(values: Array) -> Array:
    """By the mean and the deviation of the draws, which follow the first value."""
    deviation = float(np.std(values[1:]))
    return (values - np.mean(values[1:])) / deviation if deviation > 0 else np.zeros_like(values)


def _share_above(value: float, drawn: Array) -> float:
    return float((1 + np.sum(drawn >= value)) / (1 + len(drawn)))
