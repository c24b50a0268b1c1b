import numpy as np
import pytest
from scipy.signal import lombscargle

from nsr.search.periodogram import Grid, floating_mean, peaks, transform, transform_of_two


def test_the_floating_mean_is_that_of_scipy(rng):
    x = rng.uniform(3, 20, 90)
    y = 40 + 3 * np.sin(1.7 * x + 0.4) + rng.standard_normal(90)
    grid = Grid.of(x)
    expected = lombscargle(x, y, grid.values, floating_mean=True, normalize="normalize")
    np.testing.assert_allclose(floating_mean(x, y, grid), expected, rtol=1e-7, atol=1e-9)


def test_transforms_are_sums(rng):
    x, z, y = rng.normal(size=(3, 40))
    grid, other = Grid(0.3, 0.07, 23), Grid(1.0, 0.2, 5)
    angles = np.outer(grid.values, x)
    np.testing.assert_allclose(transform(x, y[:, None], grid)[0], np.exp(1j * angles) @ y, atol=1e-12)
    plus, minus = transform_of_two(x, z, y, grid, other)
    for a, w in enumerate(grid.values):
        for b, v in enumerate(other.values):
            assert plus[a, b] == pytest.approx(np.sum(y * np.exp(1j * (w * x + v * z))))
            assert minus[a, b] == pytest.approx(np.sum(y * np.exp(1j * (w * x - v * z))))


def test_even_rows_end_at_the_nyquist_frequency_and_uneven_ones_go_beyond(rng):
    even = np.linspace(0, 10, 101)
    assert Grid.of(even).values[-1] == pytest.approx(np.pi / 0.1, rel=0.02)
    assert Grid.of(even).values[-1] < np.pi / 0.1
    kept = np.delete(even, rng.choice(np.arange(1, 100), 60, replace=False))  # on the same grid
    assert Grid.of(kept).values[-1] == pytest.approx(np.pi / 0.1, rel=0.02)
    uneven = np.sort(rng.uniform(0, 10, 101))
    assert Grid.of(uneven).values[-1] > 5 * np.pi / 0.1
    assert Grid.of(even, most_cycles=8).values[-1] == pytest.approx(2 * np.pi * 8 / 10, rel=0.1)
    assert Grid.of(even[:2]).count == 0
    assert Grid.of(even * 1e-310).count == 0
    assert Grid.of(np.array([-1.7e308, 0.0, 1.7e308])).count == 0


def test_a_wave_three_times_as_fast_as_the_mean_nyquist_frequency(rng):
    x = rng.uniform(0, 10, 80)
    w = 3 * np.pi * 79 / 10
    grid = Grid.of(x)
    top = peaks(floating_mean(x, 5 + np.sin(w * x + 1), grid), 1)[0]
    assert grid.values[top] == pytest.approx(w, abs=2 * np.pi / 10)


def test_peaks_are_local_maxima():
    assert peaks(np.array([5.0, 1, 3, 2, 9, 8, 4, 7]), 3) == [4, 7, 0]
