"""Random wishes: a few are tried, and what breaks them is told."""

import ast
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from untrained import UNTRAINED

from eval.constraints import tried
from eval.equation_texts import constants
from eval.violations import Equation, violations
from eval.wishes import drawn
from nsr import SymbolicRegressor


@pytest.mark.parametrize("number", range(6))
def test_what_is_asked_for_is_kept_or_refused(number):
    outcome = tried(1, number, 0.3, checkpoint=UNTRAINED, n_candidates=16)
    assert outcome.outcome in ("kept", "refused"), outcome


def test_trials_are_drawn_again():
    one, again = drawn(3, 5), drawn(3, 5)
    pd.testing.assert_frame_equal(one.X, again.X)
    assert str(one.parameters) == str(again.parameters)
    wishes = {name for number in range(60) for name in drawn(0, number).parameters}
    assert len(wishes) > 20


def test_a_number_that_cannot_be_used_is_a_refusal_and_a_bug_a_crash(monkeypatch):
    trial = SimpleNamespace(X=pd.DataFrame({"x": [1.0, 2.0]}), y=np.zeros(3), parameters={}, told={})
    monkeypatch.setattr("eval.constraints.drawn", lambda *_: trial)
    assert tried(0, 0, 1.0).outcome == "crashed"  # scikit-learn's own error
    trial.y, trial.parameters = np.zeros(2), {"operators": ["sine"]}
    assert tried(0, 0, 1.0).outcome == "refused"


@pytest.fixture(scope="module")
def model():
    X = pd.DataFrame({"a": np.linspace(1, 3, 40), "b": np.cos(np.arange(40.0))})
    y = 2.5 * X["a"] ** 2 - 1.3 * np.sin(X["b"])
    options = {"stages": "families", "n_candidates": 16, "exponents": (1, 2)}
    fitted = SymbolicRegressor(checkpoint=UNTRAINED, **options).fit(X, y)
    assert "sin(b)" in fitted.best_["equation"]
    return fitted, X


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"without": "sin"}, "has sin"),
        ({"operators": ["arithmetic", "sin"], "without": "square"}, "has square"),
        ({"max_complexity": 5}, "complexity"),
        ({"max_depth": 3}, "depth 4"),
        ({"max_constants": 1}, "2 constants"),
        ({"exponents": (-1, 3)}, "exponent 2"),
        ({"nesting": {"mul": {"sin": 0}}}, "sin stands 1 times in mul"),
        ({"max_argument": {"sin": 0}}, "an argument of sin is more complex than 0"),
        ({"forbidden": ["b"]}, "has ['b']"),
        ({"required": ["a", "b"]}, "lacks ['b']"),
        ({"constant_bounds": (-1, 3)}, "constant 1.3 is out of bounds"),
        ({"shape": ["decreasing in a"]}, "'decreasing in a' fails"),
        ({"shape": ["f >= 4"]}, "'f >= 4' fails"),
        ({"template": "f(a)*g(b)"}, "not of the template"),
        ({"n_equations": 1}, "rows"),
    ],
)
def test_what_is_broken_is_told(model, wishes, said):
    assert any(said in one for one in violations(*model, wishes, {})), violations(*model, wishes, {})


def test_a_sum_that_is_a_factor_has_signs_of_its_own():
    tree = ast.parse("-(cos(x_0) + 0.05*exp(x_0))/x_3**2", mode="eval").body
    assert dict(constants(tree, {1.0}))[0.05] == {1.0, -1.0}


@pytest.mark.parametrize(
    ("text", "predict", "is_told"),
    [
        ("cos(exp(a))", lambda a: np.cos(np.exp(np.nextafter(a, 0))), False),  # rounding decides
        ("cos(a)", lambda a: np.cos(np.nextafter(a, 0)), False),
        ("cos(a)", lambda a: np.cos(a) + 1e-3, True),
    ],
)
def test_predictions_are_those_of_the_text_to_rounding(text, predict, is_told):
    X = pd.DataFrame({"a": np.linspace(69, 71, 30)})
    model = SimpleNamespace(
        names_=SimpleNamespace(identifiers=["a"], columns=["a"]),
        named_constants_=(),
        predict=lambda table, index: predict(table["a"].to_numpy()),
    )
    assert bool(list(Equation(model, 0, text, X).of_values({}))) == is_told


def test_units_are_told_apart(model):
    units = {"X_units": {"a": "m", "b": "1"}, "y_units": "m^2"}
    assert any("units" in one for one in violations(*model, {}, units))


def test_zero_is_of_any_unit(model):
    _, X = model
    nothing = SymbolicRegressor(checkpoint=UNTRAINED).fit(X, np.zeros(len(X)))
    assert nothing.best_["equation"] == "0"
    assert violations(nothing, X, {}, {"X_units": {"a": "m", "b": "1"}, "y_units": "kg"}) == []


def test_what_is_kept_is_not_told(model):
    wishes = {
        "operators": ["+", "*", "sin", "exp"],
        "max_depth": 4,
        "max_constants": 2,
        "exponents": (2,),
        "nesting": {"sin": {"sin": 0}},
        "max_argument": {"sin": 1},
        "constant_bounds": (-1.5, 11),
        "shape": ["increasing in a"],
        "template": "f(a) + g(b)",
    }
    assert violations(*model, wishes, {}) == []
