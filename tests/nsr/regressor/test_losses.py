"""Losses, weights and errors of measurement from the estimator's side."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from effort import IDLE
from sklearn.metrics import d2_absolute_error_score, mean_poisson_deviance
from untrained import save_untrained

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.search import noise

UNTRAINED = save_untrained(Path(tempfile.gettempdir()) / "nsr-tests" / "untrained")


def regressor(**more):
    given = {"stages": ("families", "reduction"), "n_candidates": 16, "time_limit": 20.0, "settings": IDLE}
    return SymbolicRegressor(checkpoint=UNTRAINED, **(given | more))


def curve(X):
    return 3 * X[:, 0] / (1.5 + X[:, 0])


def unexplained(model, X):
    return np.mean((model.predict(X) - curve(X)) ** 2) / np.var(curve(X))


@pytest.mark.filterwarnings("ignore:the chosen equation explains")  # what is far off stays unexplained
@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_outliers_do_not_bend_a_curve(loss, rng):
    X, fresh = rng.uniform(0, 10, (200, 1)), rng.uniform(0, 10, (300, 1))
    y = curve(X) + 0.02 * rng.standard_normal(200) + np.where(np.arange(200) % 10, 0.0, 60.0)
    model = regressor(loss=loss, guesses="a*x_0/(b + x_0)").fit(X, y)
    assert unexplained(model, fresh) < 0.01
    if loss == "absolute_error":
        explained = d2_absolute_error_score(y, model.predict(X))
        assert model.best_["r2"] == pytest.approx(explained, abs=1e-6)


@pytest.mark.filterwarnings("ignore:the chosen equation explains")
def test_counts(rng):
    X, fresh = rng.uniform(0, 4, (3000, 2)), rng.uniform(0, 4, (400, 2))
    mean, true = (np.exp(-1.2 + 0.9 * T[:, 0] - 0.5 * T[:, 1]) for T in (X, fresh))
    y = rng.poisson(mean).astype(float)
    model = regressor(loss="poisson").fit(X, y)
    assert model.loss_ == "poisson"
    assert np.mean((model.predict(fresh) - true) ** 2) < 0.02 * np.var(true)
    assert model.best_["loss"] == pytest.approx(mean_poisson_deviance(y, model.predict(X)))


def test_a_relative_error_is_seen_and_said(rng):
    X = np.column_stack((rng.uniform(0, 100, 80), rng.uniform(0, 1, (80, 2))))
    y = np.exp(X[:, 0]) * (1 + 0.03 * rng.standard_normal(80))
    with pytest.warns(DataWarning, match="errors grow in proportion"):
        model = regressor().fit(X, y)
    assert model.loss_ == "gamma"
    assert np.median(np.abs(model.predict(X) / np.exp(X[:, 0]) - 1)) < 0.02


def test_a_law_tells_of_relative_errors_where_a_smooth_fit_is_poor(rng, monkeypatch):
    """Stokes' law over decades, of which squares of errors see the few largest values alone."""
    monkeypatch.setattr(noise, "is_proportional", lambda *_: False)
    density, fluid = rng.uniform(1100, 8000, 80), rng.uniform(700, 1050, 80)
    radius, viscosity = 10 ** rng.uniform(-5, -3.3, 80), 10 ** rng.uniform(-3.3, 0, 80)
    clean = 2.18 * (density - fluid) * radius**2 / viscosity
    X = np.column_stack((density, fluid, radius, viscosity))
    with pytest.warns(DataWarning, match="errors grow in proportion"):
        model = regressor().fit(X, clean * (1 + 0.07 * rng.standard_normal(80)))
    assert model.loss_ == "gamma"
    assert np.median(np.abs(model.predict(X) / clean - 1)) < 0.1


def test_a_law_over_little_more_than_a_decade_tells_of_relative_errors(rng, monkeypatch):
    """The ideal gas: of so few rows a smooth fit is seldom sure enough."""
    monkeypatch.setattr(noise, "is_proportional", lambda *_: False)
    n, T, V = (rng.uniform(*box, 60) for box in ((0.5, 3), (270, 400), (1, 20)))
    y = 8.314 * n * T / V * (1 + 0.03 * rng.standard_normal(60))
    assert np.std(np.log(y)) < 1
    with pytest.warns(DataWarning, match="errors grow in proportion"):
        model = regressor().fit(np.column_stack((n, T, V)), y)
    assert model.loss_ == "gamma"
    assert len(model.sympy().free_symbols) == 3


def test_a_law_tells_of_no_relative_errors_where_there_are_none(rng):
    X = rng.uniform(0, 10, (80, 2))
    y = curve(X) * np.exp(0.2 * X[:, 1]) + 1 + 0.1 * rng.standard_normal(80)
    assert np.min(y) > 0
    assert regressor(time_limit=5).fit(X, y).loss_ == "squared_error"


def test_an_exact_law_needs_no_loss(monkeypatch, rng):
    monkeypatch.setattr(noise, "is_proportional", lambda *_: pytest.fail("asked for nothing"))
    X = rng.uniform(1, 3, (200, 3))
    model = regressor().fit(X, 2.5 * X[:, 0] * X[:, 1] / X[:, 2] ** 2)
    assert model.best_["r2"] == pytest.approx(1)
    assert model.loss_ == "squared_error"


@pytest.mark.parametrize("as_errors", [False, True])
def test_what_is_known_badly_counts_less(as_errors, rng):
    X, fresh = rng.uniform(0, 10, (200, 1)), rng.uniform(0, 10, (300, 1))
    errors = np.where(np.arange(200) % 4, 0.02, 2.0)
    y = curve(X) + errors * rng.standard_normal(200)
    known = {"y_err": errors} if as_errors else {"sample_weight": 1 / errors**2}
    model = regressor().fit(X, y, **known)
    assert unexplained(model, fresh) < 1e-3


def test_rows_of_weight_zero_are_as_good_as_left_out(rng):
    X = rng.uniform(1, 3, (60, 2))
    y = 2 * X[:, 0] / X[:, 1]
    wrong = np.arange(60) % 3 == 0
    model = regressor().fit(X, np.where(wrong, 7.0, y), sample_weight=~wrong)
    np.testing.assert_allclose(model.predict(X), y)


def test_weights_that_cannot_be_change_nothing(rng):
    X = rng.uniform(1, 3, (60, 1))
    for known, message in (
        ({"sample_weight": np.zeros(60)}, "a weight above 0"),
        ({"y_err": -np.ones(60)}, "standard deviations are above 0"),
        ({"sample_weight": np.ones(3)}, "one number a row"),
    ):
        model = regressor()
        with pytest.raises(ValueError, match=message):
            model.fit(X, X[:, 0], **known)
        assert not hasattr(model, "equations_")
    with pytest.raises(ValueError, match="loss 'gama' must be"):
        regressor(loss="gama").fit(X, X[:, 0])
