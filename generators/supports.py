"""Where problems are sampled: support points from several families of distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.kernels import kernel

# Shares of the families; boxes of positive numbers dominate, as measured quantities do.
_POSITIVE, _SYMMETRIC, _SHIFTED, _LOG_UNIFORM, _MIXTURE = range(5)
_SHARES = np.cumsum((0.56, 0.14, 0.10, 0.10, 0.10))
_N_CENTERS = 3

Array = NDArray[np.float64]


class Supports:
    """Distributions of the variables of a batch of problems.

    Each variable of each problem has its own family and range, though half of the problems share one
    range among all variables. All arrays below have one entry for each variable of each problem, in order.

    Args:
        rng: Source of randomness.
        n_variables: Variables of each problem, shape (B,).
    """

    def __init__(self, rng: np.random.Generator, n_variables: NDArray[np.int64]) -> None:
        self.rng = rng
        self.problem = np.repeat(np.arange(len(n_variables)), n_variables)
        first = np.cumsum(n_variables) - n_variables
        self.column = np.arange(len(self.problem)) - first[self.problem]
        size = len(self.problem)
        low, high = _positive_box(rng, size)
        family = np.searchsorted(_SHARES, rng.random(size), side="right")
        shared = rng.random(len(n_variables)) < 0.5
        source = np.where(shared[self.problem], first[self.problem], np.arange(size))
        low, high, family = low[source], high[source], family[source]
        width = _log_uniform(rng, 0.5, 10.0, size)
        center = rng.normal(0.0, 3.0, size) * (family == _SHIFTED)
        signed = (family == _SYMMETRIC) | (family == _SHIFTED)
        low, high = np.where(signed, center - width, low), np.where(signed, center + width, high)
        self._is_log = family == _LOG_UNIFORM
        low = np.where(self._is_log, np.log(np.where(self._is_log, low, 1.0)), low)
        high = np.where(self._is_log, low + np.log(_log_uniform(rng, 3.0, 100.0, size)), high)
        self._low, self._width = low.astype(np.float32), (high - low).astype(np.float32)
        self._is_mixture = family == _MIXTURE
        self._centers = rng.normal(0.0, 2.0, (size, _N_CENTERS)).astype(np.float32)
        self._spreads = _log_uniform(rng, 0.1, 3.0, (size, _N_CENTERS)).astype(np.float32)

    def draw(self, n_points: int, n_columns: int, problems: NDArray[np.int64]) -> NDArray[np.float32]:
        """Draws points for some of the problems.

        Args:
            n_points: P.
            n_columns: D, the most variables of any problem; absent ones are zero.
            problems: Which problems, ascending, shape (R,).

        Returns:
            Points, float32, shape (R, D, P): one contiguous row for each variable.
        """
        entries = np.flatnonzero(np.isin(self.problem, problems))
        points = self.rng.random((len(entries), n_points), dtype=np.float32)
        rows = np.flatnonzero(self._is_mixture[entries])
        mixture = self._mixture(entries[rows], n_points)
        tables = np.zeros((len(problems), n_columns, n_points), np.float32)
        places = np.searchsorted(problems, self.problem[entries]), self.column[entries]
        _stretch(points, self._low[entries], self._width[entries], *places, tables)
        log, places_of_mixture = np.flatnonzero(self._is_log[entries]), tuple(p[rows] for p in places)
        places_of_log = tuple(p[log] for p in places)
        tables[places_of_log] = np.exp(tables[places_of_log])
        tables[places_of_mixture] = mixture
        return tables

    def _mixture(self, entries: NDArray[np.int64], n_points: int) -> NDArray[np.float32]:
        """Points (R, n_points) of Gaussian mixtures with up to three centres each."""
        component = self.rng.integers(0, _N_CENTERS, (len(entries), n_points))
        noise = self.rng.standard_normal((len(entries), n_points), dtype=np.float32)
        rows = entries[:, None]
        return np.asarray(self._centers[rows, component] + self._spreads[rows, component] * noise)


@kernel
def _stretch(points, low, width, row, column, tables):
    """Sets row `column` of table `row` to low + width * points, for each row of points."""
    for entry in range(len(points)):
        target = tables[row[entry], column[entry]]
        for j in range(points.shape[1]):
            target[j] = low[entry] + width[entry] * points[entry, j]


def _positive_box(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Boxes such as [1, 5]: round bounds in half of the cases."""
    low = _log_uniform(rng, 0.05, 6.0, size)
    high = low + _log_uniform(rng, 0.5, 15.0, size)
    round_low = rng.choice([0.0, 1.0, 1.0, 1.0, 2.0, 3.0], size)
    round_high = round_low + rng.choice([1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 9.0], size)
    is_round = rng.random(size) < 0.5
    # A log-uniform range starts at its low end, which must not be zero.
    return np.where(is_round, round_low + 1e-3 * (round_low == 0), low), np.where(is_round, round_high, high)


def _log_uniform(rng: np.random.Generator, low: float, high: float, size: int | tuple[int, ...]) -> Array:
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), size)))
