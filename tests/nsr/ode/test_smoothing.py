"""Smoothing splines are SciPy's, at a small share of the cost."""

import numpy as np
import pytest
from scipy.interpolate import make_smoothing_spline

from nsr.ode.smoothing import smoothing_spline


def seen(n_points: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    clock = np.arange(n_points, dtype=np.float64)
    phase = clock[:, None] / n_points
    states = np.column_stack((np.sin(30 * phase), 3 * np.cos(7 * phase), np.exp(-5 * phase)))
    return clock, states + noise * np.random.default_rng(0).standard_normal(states.shape)


@pytest.mark.parametrize("n_points", [8, 60, 300])
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
def test_curves_are_scipys(n_points, noise):
    clock, states = seen(n_points, noise)
    found = smoothing_spline(clock, states)
    for place, column in enumerate(states.T):
        expected = make_smoothing_spline(clock, column)
        np.testing.assert_allclose(found(clock)[:, place], expected(clock), atol=0.03 * noise + 1e-4)
        np.testing.assert_allclose(found(clock, 1)[:, place], expected(clock, 1), atol=0.03 * noise + 1e-4)


def test_uneven_times():
    rng = np.random.default_rng(0)
    clock = np.sort(rng.uniform(0, 80, 80))
    column = np.sin(clock / 8) + 0.1 * rng.standard_normal(80)
    expected = make_smoothing_spline(clock, column)(clock)
    np.testing.assert_allclose(smoothing_spline(clock, column[:, None])(clock)[:, 0], expected, atol=0.01)


def test_penalties_of_long_tables_are_chosen_by_some_of_their_points():
    clock, states = seen(1_500, 0.05)
    expected = make_smoothing_spline(clock, states[:, 0])(clock)
    np.testing.assert_allclose(smoothing_spline(clock, states)(clock)[:, 0], expected, atol=0.01)
