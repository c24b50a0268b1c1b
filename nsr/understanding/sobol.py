"""Sobol indices: shares of a function's variance that variables cause, alone and together with others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

Array = NDArray[np.float64]

_N_POINTS = 4096  # a power of two, as Sobol sequences have


class _Spread:
    """A distribution, as SciPy takes them: that of observed values; of two ends, the uniform one between."""

    def __init__(self, values: Array) -> None:
        self._values = values

    def ppf(self, probabilities: Array) -> Array:
        """Values below which these shares of all are."""
        return np.asarray(np.quantile(self._values, probabilities), dtype=np.float64)


def sobol_indices(
    function: Callable[[Array], Array],
    X: Array,
    used: Sequence[int],
    ranges: Mapping[int, tuple[float, float]],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """First-order and total indices (Sobol 1993; estimators of Saltelli et al. 2010, as in SciPy).

    Variables are drawn independently of each other: columns that come together in the rows are taken apart.

    Args:
        function: Of rows, shape (n, D), to values, shape (n,).
        X: Rows, shape (P, D), from which each column is drawn that has no range.
        used: Columns that the function depends on; all others have zero.
        ranges: Of columns that are drawn uniformly instead.
        rng: Scrambles the sequence of points.

    Returns:
        Shares of the variance that each variable causes alone, and those that it takes part in, each of shape
        (D,); NaN for all that are used where the function has no value at some of the points.
    """
    first, total = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    if not used:
        return first, total
    middle = np.median(X, axis=0)

    def of_points(points: Array) -> Array:
        rows = np.tile(middle, (points.shape[-1], 1))
        rows[:, list(used)] = points.T
        return function(rows)

    dists: list[Any] = [_Spread(np.array(ranges[c]) if c in ranges else X[:, c]) for c in used]
    values = of_points(np.array([own.ppf(rng.random(_N_POINTS)) for own in dists]))
    if not np.isfinite(values).all():
        first[list(used)] = total[list(used)] = np.nan
        return first, total
    if np.ptp(values) == 0:
        return first, total
    if len(used) == 1:  # by definition, and SciPy has no indices of one variable
        first[used[0]] = total[used[0]] = 1.0
        return first, total
    with np.errstate(all="ignore"):  # of a value that is missing after all
        found = scipy.stats.sobol_indices(func=of_points, n=_N_POINTS, dists=dists, rng=rng)
    first[list(used)], total[list(used)] = found.first_order, found.total_order
    return first, total
