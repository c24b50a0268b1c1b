import numpy as np
import pytest
import scipy.stats

from nsr.report.statistics import breusch_pagan, durbin_watson, outliers


def test_durbin_watson_of_known_series():
    alternating = np.resize((1.0, -1.0), 50)
    assert durbin_watson(alternating) == pytest.approx(4 * 49 / 50)
    assert durbin_watson(np.ones(50)) == 0
    assert durbin_watson(np.array([1.0, 2.0, 4.0])) == pytest.approx(5 / 21)


def test_breusch_pagan_is_the_correlation_of_squares(rng):
    cause = rng.uniform(1, 3, 80)
    residuals = cause * rng.standard_normal(80)
    statistic, p_value = breusch_pagan(residuals, cause[:, None])
    expected = 80 * scipy.stats.linregress(cause, residuals**2).rvalue ** 2
    assert statistic == pytest.approx(expected)
    assert p_value == pytest.approx(scipy.stats.chi2.sf(expected, 1))


def test_breusch_pagan_rejects_as_often_as_it_says(rng):
    cause = rng.uniform(1, 3, 200)
    p_values = [breusch_pagan(rng.standard_normal(200), cause[:, None])[1] for _ in range(400)]
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.001


@pytest.mark.parametrize("n_rows", [10, 30, 300])
def test_outliers_are_seldom_seen_in_noise_and_always_where_they_are(n_rows, rng):
    noise = rng.standard_normal((300, n_rows))
    assert sum(len(outliers(row, 0.01)) > 0 for row in noise) <= 12
    noise[:, 3] = 100
    assert all(3 in outliers(row, 0.01) for row in noise)


def test_where_most_rows_agree_the_others_are_outliers():
    residuals = np.zeros(20)
    residuals[[4, 7]] = 1e-3, -5
    np.testing.assert_array_equal(outliers(residuals, 0.01), [4, 7])
