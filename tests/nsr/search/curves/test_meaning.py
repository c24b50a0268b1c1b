"""A curve has its name where its constants are what textbooks mean, and where the rows show its turn."""

import numpy as np
import pytest
from tasks import root

from nsr.clock import Clock
from nsr.search.curves.fitting import best_fits
from nsr.search.curves.meaning import meant
from nsr.search.curves.series import SERIES
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import CURVES

X = np.linspace(1, 15, 30)
TURNING = [curve for curve in (*CURVES, *(series.term for series in SERIES)) if curve.turns]
PEAKS = {
    "gamma variate (Wood)": X**2 * np.exp(-0.5 * X),
    "log-normal": 4 * np.exp(-np.square(np.log(X / 5) / 0.6)),
    "Gaussian peak": 3 * np.exp(-np.square((X - 7) / 3)),
    "Maxwell and Boltzmann": X**2 * np.exp(-np.square(X / 6)),
}


def names_of(y, curves=TURNING):
    state = root(X[:, None], y)
    names = set()
    for curve in curves:
        starts = starts_of(curve, Features.of(X, y))
        fits = best_fits(curve.skeleton, starts, state, Clock(), name=curve.name)
        names |= {fit.name for fit in meant(fits, curve, state)}
    return names - {""}


def noisy(y, seed=0):
    return y + 0.03 * np.ptp(y) * np.random.default_rng(seed).normal(size=len(y))


def test_growth_that_levels_off_is_no_peak_but_by_chance():
    found = [names_of(noisy(7 / (1 + np.exp(0.8 * (6 - X))), seed)) for seed in range(8)]
    assert sum(bool(names & set(PEAKS)) for names in found) <= 3


@pytest.mark.parametrize("name", PEAKS)
def test_what_turns_within_the_rows_has_its_name_upside_down_too(name):
    assert name in names_of(noisy(PEAKS[name]))
    assert name in names_of(noisy(-PEAKS[name]))


def test_a_flank_without_noise_has_its_name():
    assert "Planck, by frequency" in names_of(X**3 / np.expm1(0.05 * X))


def test_a_rise_alone_is_no_peak():
    assert not names_of(noisy(1 + 2 * X)) & set(PEAKS)


def test_a_straight_line_is_no_saturation_with_a_pole_beyond_the_rows():
    y = noisy(2 + 0.03 * X)
    saturations = [curve for curve in CURVES if curve.name.startswith(("Debye and Hueckel", "Michaelis"))]
    state = root(X[:, None], y)
    for curve in saturations:
        fits = best_fits(curve.skeleton, starts_of(curve, Features.of(X, y)), state, Clock(), name=curve.name)
        assert any(fit.name for fit in fits)
        for fit in meant(fits, curve, state):
            k = fit.constants[curve.constants.index("b" if "b" in curve.constants else "k")]
            assert bool(fit.name) == (k > 0)


def test_an_exponent_of_forty_is_no_power_law_of_a_textbook():
    powers = [curve for curve in CURVES if curve.form == "a*x^n"]
    assert names_of(X**3.3, powers)
    assert not names_of((X / 15) ** 40, powers)
