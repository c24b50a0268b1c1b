"""What is looked at of long tables."""

import numpy as np
import pytest

from nsr.expressions.parsing import parse
from nsr.ode import ODERegressor
from nsr.ode.excerpts import crossings, excerpts
from nsr.ode.integrate import Systems
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory


def wave(n, n_periods, noise=0.0):
    times = np.linspace(0, n_periods, n)
    states = np.column_stack((np.sin(2 * np.pi * times), np.cos(2 * np.pi * times)))
    return Trajectory(times, states + noise * np.random.default_rng(0).standard_normal(states.shape))


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_crossings_are_two_a_period(noise):
    assert crossings(wave(5_000, 40, noise).states) in (79, 80)


def test_short_tables_and_slow_ones_stay_whole():
    for whole in (wave(1_000, 300), wave(10_000, 3)):
        (one,) = excerpts(whole, DEFAULTS)
        np.testing.assert_array_equal(one.times, whole.times)


@pytest.mark.parametrize(("n", "n_periods"), [(20_000, 200), (1_000_000, 20_000)])
def test_what_oscillates_often_is_cut_and_begins_where_it_does(n, n_periods):
    whole = wave(n, n_periods)
    parts = excerpts(whole, DEFAULTS)
    assert len(parts) > 1
    assert parts[0].times[0] == whole.times[0]
    assert parts[-1].times[-1] == pytest.approx(whole.times[-1], rel=0.01)
    assert sum(len(part.times) for part in parts) <= 21_000
    for part in parts:
        assert np.ptp(part.times) == pytest.approx(10, abs=1)  # periods
        np.testing.assert_allclose(part.states[:, 0], np.sin(2 * np.pi * part.times), atol=1e-9)


def test_noise_is_averaged_where_there_are_too_many_rows():
    (one,) = excerpts(wave(500_000, 5, noise=0.1), DEFAULTS)
    off = one.states[:, 0] - np.sin(2 * np.pi * one.times)
    assert len(one.times) == 20_000
    assert np.std(off) == pytest.approx(0.1 / np.sqrt(25), rel=0.1)


def test_a_law_of_many_periods_is_found_from_thousands_of_rows():
    times = np.linspace(0, 450, 6_000)
    system = (parse("x_1"), parse("-x_0 - 0.2*(x_0**2 - 1)*x_1"))
    states = Systems([system]).integrate(np.array([[1.0, 0.0]]), times, rtol=1e-9, max_steps=10**6)[0]
    model = ODERegressor(stages="library", time_limit=3).fit(times, states)
    np.testing.assert_allclose(model.initial_values_, [[1.0, 0.0]], atol=1e-3)
    np.testing.assert_allclose(
        model.predict(times[:500], [2.0, 0.5])[-1],
        Systems([system]).integrate(np.array([[2.0, 0.5]]), times[:500], rtol=1e-9)[0][-1],
        atol=1e-3,
    )
