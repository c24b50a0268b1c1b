"""Errors of constants and of predictions, from the estimator."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit
from untrained import UNTRAINED

from nsr import SymbolicRegressor


def rate(s, vm, km):
    return vm * s / (km + s)


@pytest.fixture(scope="module")
def enzyme():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"S": np.repeat([0.3, 0.7, 1.5, 3, 6, 12, 25], 5)})
    y = rate(table["S"], 12, 2) + 0.3 * rng.standard_normal(35)
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, stages=("families",), guesses=["Vm*S/(Km+S)"]
    )
    return model.fit(table, y), table, y


def test_named_constants_are_least_squares_with_its_errors(enzyme):
    model, table, y = enzyme
    own = model.constants_[model.constants_["equation"] == model.best_index_].set_index("name")
    values, covariance = curve_fit(rate, table["S"], y, (10, 1))
    assert own.index.tolist() == ["Vm", "Km"]
    np.testing.assert_allclose(own["value"], values, rtol=1e-5)
    np.testing.assert_allclose(own["error"], np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert list(model.constants_.columns) == ["equation", "name", "value", "error", "low", "high"]


def test_errors_of_measurement_are_taken_at_their_word():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"S": np.repeat([0.3, 0.7, 1.5, 3, 6, 12, 25], 5)})
    errors = rng.uniform(0.1, 0.3, 35)
    y = rate(table["S"], 12, 2) + 2 * errors * rng.standard_normal(35)
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, stages=("families",), guesses=["Vm*S/(Km+S)"]
    )
    model.fit(table, y, y_err=errors)
    named = model.constants_.loc[model.constants_["name"] == "Km", "equation"]
    place = min(named, key=lambda row: model.equations_["loss"][row])  # another may have round ones
    own = model.constants_[model.constants_["equation"] == place].set_index("name")
    _, covariance = curve_fit(rate, table["S"], y, (10, 1), sigma=errors, absolute_sigma=True)
    np.testing.assert_allclose(own["error"], np.sqrt(np.diag(covariance)), rtol=1e-3)
    values, std = model.predict(table, index=place, return_std=True)
    _, bounds = model.predict(table, index=place, interval=0.95)
    np.testing.assert_allclose((bounds[:, 1] - values) / std, 1.96, rtol=1e-3)  # no degrees of freedom lost
    assert np.median(std) == pytest.approx(np.median(errors), rel=0.2)
    finding = model.report()["errors"]
    assert finding.is_warning
    assert finding.figures["chi2_per_degree"] > 2


def test_predictions_come_with_standard_deviations_and_bounds(enzyme):
    model, table, y = enzyme
    values, std = model.predict(table, return_std=True)
    np.testing.assert_array_equal(values, model.predict(table))
    again, bounds = model.predict(table, interval=0.95)
    np.testing.assert_array_equal(again, values)
    assert bounds.shape == (35, 2)
    np.testing.assert_allclose((bounds[:, 1] - values) / std, 2.03, rtol=0.01)  # Student's t
    assert 0.8 <= np.mean((bounds[:, 0] <= y) & (y <= bounds[:, 1])) <= 1
    assert (std >= model.reports_[model.best_index_].fit.of_mean(model.expressions_[model.best_index_],
                                                                table.to_numpy())).all()  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"interval": 95}, "between 0 and 1"), ({"interval": 0.9, "return_std": True}, "not for both")],
)
def test_what_predict_cannot_be_asked_for(enzyme, asked, message):
    model, table, _ = enzyme
    with pytest.raises(ValueError, match=message):
        model.predict(table, **asked)


def test_equations_are_shown_with_the_digits_that_errors_warrant(enzyme):
    model, _, _ = enzyme
    short, full = model.equations("warranted"), model.equations()
    shorter = [own for own, whole in zip(short, full, strict=True) if len(own) < len(whole)]
    assert shorter
    assert all(own in repr(model) for own in shorter)
    assert full[model.best_index_] == model.best_["equation"]
