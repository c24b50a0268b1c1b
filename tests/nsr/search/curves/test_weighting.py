"""Curves under losses and weights: linear ones against scikit-learn's, others against what is behind them."""

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_absolute_error, mean_poisson_deviance
from tasks import task

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.losses import ABSOLUTE_ERROR, POISSON
from nsr.refinement.refine import Effort, refine
from nsr.search.curves.fitting import best_fits
from nsr.search.curves.linear import linear_models
from nsr.search.curves.partners import curves_with_partners
from nsr.search.curves.rationals import polynomials, rational_fits
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import Curve
from nsr.search.curves.weighting import seen_target
from nsr.search.noise import with_noise_model
from nsr.search.state import State


def state_of(X, y, loss="squared_error", weights=None):
    return State.root(with_noise_model(task(X, y, weights=weights), loss))


def values(form, X):
    return Program([form]).values(X)[0]


def test_polynomials_of_least_absolute_error_are_scikit_learns(rng):
    x = rng.uniform(-1, 3, (200, 1))
    y = 1 - 2 * x[:, 0] + x[:, 0] ** 3 + 0.1 * rng.standard_t(1.2, 200)
    cubic = polynomials(state_of(x, y, "absolute_error"))["polynomial of degree 3"]
    known = QuantileRegressor(alpha=0).fit(x ** np.arange(1, 4), y).predict(x ** np.arange(1, 4))
    assert mean_absolute_error(y, values(cubic, x)) == pytest.approx(mean_absolute_error(y, known), rel=2e-3)


def test_sums_for_counts_are_the_likeliest(rng):
    X = rng.uniform(0, 9, (300, 2))
    y = rng.poisson(0.5 + 2 * X[:, 0] + 0.3 * X[:, 1]).astype(float)
    _, sums = next(linear_models(state_of(X, y, "poisson")))
    best = refine([parse("0.6 + 1.9*x_0 + 0.4*x_1")], task(X, y, loss=POISSON), Effort(restarts=1)).loss[0]
    assert mean_poisson_deviance(y, values(sums[-1], X)) == pytest.approx(best, rel=1e-4)


def ratio(x):
    return (2.3 + 0.7 * x) / (1 + 0.02 * x + 0.11 * x**2)


def of_true_degrees(fits):
    return min((fit for fit in fits if len(fit.constants) == 4), key=lambda fit: fit.loss)


NOISES = {
    "gamma": lambda clean, rng: (clean * (1 + 0.1 * rng.standard_normal(len(clean))), None),
    "poisson": lambda clean, rng: (rng.poisson(clean).astype(float), None),
    "absolute_error": lambda clean, rng: (
        clean + 0.02 * rng.standard_normal(len(clean)) + np.where(np.arange(len(clean)) % 10, 0.0, 60.0),
        None,
    ),
}


@pytest.mark.parametrize("loss", NOISES)
def test_ratios_are_fitted_to_what_the_loss_makes_of_rows(loss, rng):
    """The best of the true degrees is as likely as the truth, and near it."""
    x = np.exp(rng.uniform(-2, 4, (250, 1)))
    scale = 30.0 if loss == "poisson" else 1.0
    clean = scale * ratio(x[:, 0])
    state = state_of(x, NOISES[loss](clean, rng)[0], loss)
    fit = of_true_degrees(rational_fits(state, Clock()))
    assert fit.loss <= state.mean_loss(clean[None])[0]
    found = values(fit.expression, x)
    assert np.median(np.abs(found / clean - 1)) < 0.05


def test_ratios_of_rows_that_are_known_badly_do_not_move_the_curve(rng):
    x = np.exp(rng.uniform(-2, 4, (250, 1)))
    errors = np.where(np.arange(250) % 4, 0.01, 2.0)
    y = ratio(x[:, 0]) + errors * rng.standard_normal(250)
    weights = errors**-2 / np.mean(errors**-2)
    fits = rational_fits(state_of(x, y, weights=weights), Clock())
    fit = of_true_degrees(fits)
    assert np.max(np.abs(values(fit.expression, x) - ratio(x[:, 0]))) < 0.02


def test_what_is_far_off_is_not_where_a_curve_begins(rng):
    x = rng.uniform(0, 10, (300, 1))
    clean = 3 * np.exp(-(((x[:, 0] - 4) / 0.7) ** 2))
    y = clean + 0.05 * rng.standard_normal(300) + np.where(np.arange(300) % 10, 0.0, 60.0)
    state = state_of(x, y, "absolute_error")
    assert np.max(np.abs(seen_target(state) - clean)) < 5
    peak = Curve("peak", "a*exp(-((x - m)/w)^2)", {"m w": "peak"})
    (fit,) = best_fits(
        peak.skeleton, starts_of(peak, Features.of(x[:, 0], seen_target(state))), state, Clock()
    )
    np.testing.assert_allclose(np.abs(fit.constants), [3, 4, 0.7], rtol=0.03)
    plain = state_of(x, y)
    assert seen_target(plain) is plain.y


def test_curves_with_partners_for_counts_with_zeros(rng):
    X = rng.uniform(0.5, 4, (60, 2))
    clean = 6 * np.exp(-0.8 * X[:, 0]) * X[:, 1] ** 1.3
    y = rng.poisson(clean).astype(float)
    assert np.any(y == 0)
    state = state_of(X, y, "poisson")
    fits = [fit for found in curves_with_partners(state, Clock().within(60)) for fit in found]
    assert min(fit.loss for fit in fits) <= state.mean_loss(clean[None])[0]


def test_outliers_do_not_bend_sums(rng):
    X = rng.uniform(0, 4, (200, 2))
    clean = 1 + 2 * X[:, 0] - X[:, 1]
    y = clean + 0.05 * rng.standard_normal(200) + np.where(np.arange(200) % 10, 0.0, 60.0)
    _, sums = next(linear_models(state_of(X, y, "absolute_error")))
    np.testing.assert_allclose(values(sums[-1], X), clean, atol=0.06)
    best = refine([parse("0.9 + 2.1*x_0 - 0.9*x_1")], task(X, y, loss=ABSOLUTE_ERROR)).loss[0]
    assert mean_absolute_error(y, values(sums[-1], X)) == pytest.approx(best, rel=1e-3)
