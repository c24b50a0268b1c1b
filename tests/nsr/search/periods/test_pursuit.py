import numpy as np
import pytest

from nsr.search.periods.pursuit import pursued
from nsr.search.settings import PeriodsSettings

SETTINGS = PeriodsSettings()
N = 300


def found(X, y, weights=None):
    return pursued(X, y, np.ones(len(y)) if weights is None else weights, SETTINGS)


@pytest.fixture
def table(rng):
    return rng.uniform((0, 0, 1), (12, 3, 3), (N, 3))


@pytest.mark.parametrize(
    ("law", "frequencies"),
    [
        (lambda t: 5 - 0.4 * t + 0.02 * t**2 + 0.3 * np.sin(7 * t + 1), [7]),
        (lambda t: 2 * np.sin(5.1 * t) + np.sin(13.7 * t + 2) + 0.5 * np.cos(90.3 * t), [5.1, 13.7, 90.3]),
        (lambda t: np.sin(4 * t) + 0.6 * np.sin(8 * t + 1) + 0.3 * np.sin(12 * t + 2), [4, 8, 12]),
        (lambda t: (1 + 0.3 * t) * np.sin(6.3 * t + 0.8) + 2, [6.3]),
        (lambda t: np.sin(9 * t) + np.sin(10 * t + 1), [9, 10]),
    ],
)
def test_waves_of_one_variable(table, law, frequencies):
    waves = found(table[:, :1], law(table[:, 0]))
    assert sorted(wave.frequencies[0] for wave in waves) == pytest.approx(frequencies, rel=1e-6)
    assert all(wave.columns == (0,) and wave.is_steady for wave in waves)


def test_the_phase_is_that_of_a_positive_amplitude(table):
    (wave,) = found(table[:, :1], 3 + 2 * np.sin(7 * table[:, 0] + 0.4))
    assert wave.phase == pytest.approx(0.4, abs=1e-6)


def test_damping_changes_the_amplitude_and_makes_no_waves_of_its_own(table):
    t = table[:, 0]
    (wave,) = found(table[:, :1], 4 * np.exp(-0.2 * t) * np.sin(5.2 * t + 0.7) + 1)
    assert wave.frequencies == pytest.approx((5.2,), rel=0.01)


def test_an_amplitude_of_other_variables(table, rng):
    a, b, c = table.T
    y = b**2 + (1 + 0.8 * b) / c * np.sin(19 * a + 0.3)
    (wave,) = found(table, y + 0.1 * y.std() * rng.standard_normal(N))
    assert wave.columns == (0,)
    assert wave.frequencies == pytest.approx((19,), rel=1e-3)
    assert wave.phase == pytest.approx(0.3, abs=0.1)


def test_waves_along_two_variables(table):
    a, b, _ = table.T
    (wave,) = found(table[:, :2], 2 * np.sin(9 * a - 6 * b + 0.2))
    assert wave.columns == (0, 1)
    assert wave.frequencies == pytest.approx((9, -6), rel=1e-8)
    waves = found(table[:, :2], np.sin(9 * a) * np.sin(6 * b))  # the half of two cosines' difference
    assert sorted(wave.frequencies[1] for wave in waves) == pytest.approx([-6, 6], rel=1e-6)


def test_a_phase_that_varies_is_not_steady(table):
    a, b, _ = table.T
    waves = found(table[:, :2], np.cos(b) * np.sin(11 * a) + b * np.cos(11 * a))
    assert waves[0].frequencies == pytest.approx((11,), rel=1e-3)
    assert not waves[0].is_steady


def test_rows_that_count_little_change_little(table, rng):
    t = table[:, 0]
    y = 1 + np.sin(7 * t) + np.where(t > 6, 30 * rng.standard_normal(N), 0)
    (wave,) = found(table[:, :1], y, np.where(t > 6, 1e-6, 1.0))
    assert wave.frequencies == pytest.approx((7,), rel=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_no_waves_in_noise_and_in_what_is_smooth(seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 3, (150, 1 + seed % 3))
    assert not found(X, rng.standard_normal(150))
    assert not found(X, 1 + X[:, 0] - 0.2 * X[:, -1] ** 3 + 0.1 * rng.standard_normal(150))
    assert not found(X, np.exp(0.7 * X[:, 0]))


def test_few_rows_and_few_values(rng):
    assert not found(rng.uniform(0, 3, (5, 2)), rng.standard_normal(5))
    levels = rng.integers(0, 4, (60, 2)).astype(float)
    assert not found(levels, np.sin(2 * levels[:, 0]))
