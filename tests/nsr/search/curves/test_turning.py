"""A curve that is known by its turn has its name where the rows show one."""

import numpy as np
import pytest
from tasks import root

from nsr.clock import Clock
from nsr.search.curves.fitting import best_fits
from nsr.search.curves.series import SERIES
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import CURVES
from nsr.search.curves.turning import known_by_turns

X = np.linspace(1, 15, 30)
TURNING = [curve for curve in (*CURVES, *(series.term for series in SERIES)) if curve.turns]
PEAKS = {
    "gamma variate (Wood)": X**2 * np.exp(-0.5 * X),
    "log-normal": 4 * np.exp(-np.square(np.log(X / 5) / 0.6)),
    "Gaussian peak": 3 * np.exp(-np.square((X - 7) / 3)),
    "Maxwell and Boltzmann": X**2 * np.exp(-np.square(X / 6)),
}


def names_of(y):
    state = root(X[:, None], y)
    names = set()
    for curve in TURNING:
        starts = starts_of(curve, Features.of(X, y))
        fits = best_fits(curve.skeleton, starts, state, Clock(), name=curve.name)
        names |= {fit.name for fit in known_by_turns(fits, state)}
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
