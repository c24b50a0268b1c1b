import numpy as np
import pytest
from scipy import stats

from nsr.problems.distribution import Distribution

RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("text", "low", "high", "expected"),
    [
        ("uniform", -3.0, 5.0, stats.uniform(-3, 8)),
        ("log", 1e-9, 1e-7, stats.loguniform(1e-9, 1e-7)),
        ("integer", 1, 9, None),
    ],
)
def test_values_follow_the_distribution(text, low, high, expected):
    distribution = Distribution.read(text, low, high)
    values = distribution.draw(RNG(0), 5_000)
    assert distribution.range == (low, high)
    if expected is None:
        counts = [np.sum(values == value) for value in range(1, 10)]
        assert sum(counts) == 5_000
        assert stats.chisquare(counts).pvalue > 1e-3
    else:
        assert stats.kstest(values, expected.cdf).pvalue > 1e-3


def test_signs():
    both, negative = Distribution.read("log+-", 0.1, 10), Distribution.read("log-", 0.1, 10)
    assert both.range == (-10, 10)
    assert negative.range == (-10, -0.1)
    values = both.draw(RNG(0), 5_000)
    assert stats.binomtest(int(np.sum(values > 0)), 5_000).pvalue > 1e-3
    assert stats.kstest(np.abs(values), stats.loguniform(0.1, 10).cdf).pvalue > 1e-3
    assert stats.kstest(-negative.draw(RNG(1), 5_000), stats.loguniform(0.1, 10).cdf).pvalue > 1e-3


def test_widening_is_for_logarithms():
    wide = Distribution(1.0, 10.0, "log").draw(RNG(0), 2_000, widening=5.0)
    assert stats.kstest(wide, stats.loguniform(0.2, 50).cdf).pvalue > 1e-3
    assert Distribution(1.0, 10.0).draw(RNG(0), 2_000, widening=5.0).max() <= 10


@pytest.mark.parametrize("text", ["normal", "log+", "log--", "", "uniform +-"])
def test_what_is_no_distribution(text):
    with pytest.raises(ValueError, match="no distribution"):
        Distribution.read(text, 1, 2)


def test_logarithms_need_positive_ranges():
    with pytest.raises(ValueError, match="above 0"):
        Distribution.read("log", 0.0, 1.0)
