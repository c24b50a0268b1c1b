"""Where problems are sampled: support points from several families of distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Shares of the families; boxes of positive numbers dominate, as measured quantities do.
_POSITIVE, _SYMMETRIC, _SHIFTED, _LOG_UNIFORM, _MIXTURE = range(5)
_SHARES = (0.56, 0.14, 0.10, 0.10, 0.10)

Array = NDArray[np.float64]


def draw_supports(
    rng: np.random.Generator, n_problems: int, n_points: int, n_variables: int
) -> NDArray[np.float32]:
    """Draws points for a batch of problems.

    Args:
        rng: Source of randomness.
        n_problems: B.
        n_points: P.
        n_variables: D.

    Returns:
        Points, float32, shape (B, P, D); each variable of each problem has its own family and range, though
        half of the problems share one range among all variables.
    """
    shape = (n_problems, 1, n_variables)
    family = rng.choice(len(_SHARES), size=shape, p=_SHARES)
    low, high = _positive_box(rng, shape)
    shared = rng.random((n_problems, 1, 1)) < 0.5
    low, high = np.where(shared, low[..., :1], low), np.where(shared, high[..., :1], high)
    family = np.where(shared, family[..., :1], family)
    width = _log_uniform(rng, 0.5, 10.0, shape)
    center = rng.normal(0.0, 3.0, shape) * (family == _SHIFTED)
    signed = (family == _SYMMETRIC) | (family == _SHIFTED)
    low, high = np.where(signed, center - width, low), np.where(signed, center + width, high)
    log_uniform = family == _LOG_UNIFORM
    low = np.where(log_uniform, np.log(np.where(log_uniform, low, 1.0)), low)
    high = np.where(log_uniform, low + np.log(_log_uniform(rng, 3.0, 100.0, shape)), high)
    points = rng.random((n_problems, n_points, n_variables), dtype=np.float32)
    points *= (high - low).astype(np.float32)
    points += low.astype(np.float32)
    rows, columns = np.nonzero(log_uniform[:, 0])
    points[rows, :, columns] = np.exp(points[rows, :, columns])
    rows, columns = np.nonzero(family[:, 0] == _MIXTURE)
    points[rows, :, columns] = _mixture(rng, len(rows), n_points)
    return points


def _positive_box(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Boxes such as [1, 5]: round bounds in half of the cases."""
    low = _log_uniform(rng, 0.05, 6.0, shape)
    high = low + _log_uniform(rng, 0.5, 15.0, shape)
    round_low = rng.choice([0.0, 1.0, 1.0, 1.0, 2.0, 3.0], shape)
    round_high = round_low + rng.choice([1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 9.0], shape)
    is_round = rng.random(shape) < 0.5
    # A log-uniform range starts at its low end, which must not be zero.
    return np.where(is_round, round_low + 1e-3 * (round_low == 0), low), np.where(is_round, round_high, high)


def _mixture(rng: np.random.Generator, n_columns: int, n_points: int) -> NDArray[np.float32]:
    """Columns (n_columns, n_points) from Gaussian mixtures with up to three centres each."""
    centers = rng.normal(0.0, 2.0, (n_columns, 3)).astype(np.float32)
    spreads = _log_uniform(rng, 0.1, 3.0, (n_columns, 3)).astype(np.float32)
    component = rng.integers(0, 3, (n_columns, n_points))
    noise = rng.standard_normal((n_columns, n_points), dtype=np.float32)
    spread = np.take_along_axis(spreads, component, axis=1)
    return np.asarray(np.take_along_axis(centers, component, axis=1) + spread * noise)


def _log_uniform(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> Array:
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), shape)))
