"""Local slopes against scipy's Savitzky-Golay filter and against polynomials whose slopes are known."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from nsr.ode import slopes
from nsr.ode.slopes import as_targets, local_slopes


def test_parabolas_are_exact_at_uneven_times():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 5, (4, 100)), axis=1)
    rows = local_slopes(times, np.stack((times**2, 1 + 2 * times), axis=-1), 60, rng)
    np.testing.assert_allclose(rows.slopes[..., 0], 2 * np.sqrt(np.abs(rows.states[..., 0])), atol=1e-5)
    np.testing.assert_allclose(rows.slopes[..., 1], 2, atol=1e-6)


def test_even_times_give_savitzky_and_golays_filter(monkeypatch):
    monkeypatch.setattr(slopes, "_NARROWEST", 3)
    monkeypatch.setattr(slopes, "_WIDEST", 3)
    times = np.linspace(0, 2, 50)
    states = np.random.default_rng(0).standard_normal(50)
    rows = local_slopes(times[None], states[None, :, None], 200, np.random.default_rng(1))
    smooth = savgol_filter(states, 7, 2, mode="interp")
    slope = savgol_filter(states, 7, 2, deriv=1, delta=times[1], mode="interp")
    pairs = np.column_stack((smooth, slope))
    found = np.column_stack((rows.states[0, :, 0], rows.slopes[0, :, 0]))
    distance = np.abs(found[:, None] - pairs[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-8


@pytest.mark.parametrize("n_points", [3, 8, 30, 500])
def test_windows_fit_into_short_and_long_trajectories(n_points):
    times = np.linspace(0, 1, n_points)[None]
    rows = local_slopes(times, np.exp(times)[..., None], 100, np.random.default_rng(0))
    assert np.all(np.isfinite(rows.slopes))
    assert rows.widths.min() == pytest.approx(1 / n_points)
    assert rows.widths.max() <= max(1 / n_points, 0.125)


def test_targets_are_widths_and_slopes_of_unit_size():
    times = np.tile(np.linspace(0, 1, 40), (2, 1))
    states = np.zeros((2, 40, 3))
    states[..., 0], states[..., 1] = np.exp(times), 100 * times**3
    rows = local_slopes(times, states, 64, np.random.default_rng(0))
    targets = as_targets(rows)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets[..., 0], rows.widths, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.mean(targets[..., 1:3] ** 2, axis=1)), 1, rtol=1e-5)
    assert not targets[..., 3].any()
