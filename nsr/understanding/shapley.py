"""Shapley values: what each variable adds to a prediction, beside the mean prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Of more variables than this, so many random orders are averaged instead of all.
_MOST_EXACT, _N_ORDERS = 8, 64
# Rows that values of variables which are not told are taken from.
_N_BACKGROUND = 64


def shapley_values(
    function: Callable[[Array], Array], X: Array, used: Sequence[int], rng: np.random.Generator
) -> Array:
    """Shapley values of predictions, with variables that are not told taken from other rows.

    A variable's value is its mean gain over all orders in which variables can be told (Shapley 1953; as
    explanations of predictions Strumbelj and Kononenko, JMLR 11, 2010; Lundberg and Lee, arXiv:1705.07874).
    Values that are not told are drawn from the columns' rows together, whatever is told (Janzing et al.,
    arXiv:1910.13413): a variable that the function lacks has the value zero.

    Args:
        function: Of rows, shape (n, D), to values, shape (n,).
        X: Rows, shape (P, D).
        used: Columns that the function depends on.
        rng: Draws the background, and orders where there are too many.

    Returns:
        Shape (P, D); with the mean over the background they add up to the function's values.
    """
    background = X[rng.choice(len(X), min(_N_BACKGROUND, len(X)), replace=False)]
    told = _Told(function, X, background)
    result = np.zeros_like(X)
    steps = _all_steps(used) if len(used) <= _MOST_EXACT else _random_steps(used, rng)
    for column, before, weight in steps:
        result[:, column] += weight * (told.mean(before | {column}) - told.mean(before))
    return result


class _Told:
    """Mean predictions where only some columns are told, each computed once."""

    def __init__(self, function: Callable[[Array], Array], X: Array, background: Array) -> None:
        self._function, self._X, self._background = function, X, background
        self._known: dict[frozenset[int], Array] = {}

    def mean(self, columns: frozenset[int]) -> Array:
        """Shape (P,)."""
        if columns not in self._known:
            n, m = len(self._X), len(self._background)
            mixed = np.tile(self._background, (n, 1))
            for column in columns:
                mixed[:, column] = np.repeat(self._X[:, column], m)
            self._known[columns] = self._function(mixed).reshape(n, m).mean(axis=1)
        return self._known[columns]


def _all_steps(used: Sequence[int]) -> Iterator[tuple[int, frozenset[int], float]]:
    """Each column after each set of others, and the share of orders in which it comes just after them."""
    for column in used:
        others = [other for other in used if other != column]
        for mask in range(2 ** len(others)):
            before = frozenset(other for place, other in enumerate(others) if mask >> place & 1)
            yield column, before, 1 / (len(used) * comb(len(others), len(before)))


def _random_steps(
    used: Sequence[int], rng: np.random.Generator
) -> Iterator[tuple[int, frozenset[int], float]]:
    """The steps of random orders, each together with its reverse."""
    for _ in range(_N_ORDERS // 2):
        drawn = [int(column) for column in rng.permutation(used)]
        for order in (drawn, drawn[::-1]):
            ends = [frozenset(order[:n]) for n in range(len(order) + 1)]
            for column, (before, _) in zip(order, pairwise(ends), strict=True):
                yield column, before, 1 / _N_ORDERS
