"""Equations of a given form with parts that are to be found."""

import numpy as np
import pandas as pd
import pytest
from effort import HASTY
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor
from nsr.search.templates import _Templates

TEMPLATE = "f(a)*exp(-g(b, s)) + k"


def table(rng, noise=0.0):
    X = pd.DataFrame(rng.uniform(0.5, 3, (120, 3)), columns=["a", "b", "s"])
    y = 2.345 * X["a"] ** 2 * np.exp(-0.5 * X["b"] * X["s"]) + 1.7123
    return X, y + noise * rng.standard_normal(120)


def small(template, time_limit=10, **parameters):
    return SymbolicRegressor(
        checkpoint=UNTRAINED,
        n_candidates=16,
        template=template,
        settings=HASTY,
        time_limit=time_limit,
        **parameters,
    )


@pytest.fixture(scope="module")
def found():
    X, y = table(np.random.default_rng(0))
    return small(TEMPLATE).fit(X, y), X, y


def test_the_parts_are_found(found):
    model, X, y = found
    np.testing.assert_allclose(model.predict(X), y)
    parts = dict(model.parts_of())
    assert list(parts) == ["f(a)", "g(b, s)"]
    assert "a**2" in parts["f(a)"]
    assert "b*s" in parts["g(b, s)"]
    chosen = model.constants_[model.constants_["equation"] == model.best_index_]
    assert chosen.set_index("name").loc["k", "value"] == pytest.approx(1.7123)
    assert set(model.parts_["equation"]) == set(range(len(model.equations_)))


def test_every_equation_is_of_the_form(found, rng):
    fits = [found[0], small(TEMPLATE, 4, max_constants=3, without="trigonometric").fit(*table(rng, 0.1))]
    for model in fits:
        for expression in model.expressions_:
            parts, constants = model.template_.split(expression)
            assert set(parts[0].variables) <= {0}
            assert set(parts[1].variables) <= {1, 2}
            assert len(constants) == 1
    assert not any(set(expression.tokens) & {"sin", "cos", "tan"} for expression in fits[1].expressions_)
    assert all(len(expression.constants) <= 3 for expression in fits[1].expressions_)


def test_what_is_read_back_says_the_same(found, tmp_path):
    model, X, _ = found
    model.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json")
    pd.testing.assert_frame_equal(again.parts_, model.parts_)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_constant_that_is_zero_is_told_with_its_error_and_not_shown(rng):
    X = pd.DataFrame({"m": rng.uniform(0.5, 4, 80)})
    y = 3 * X["m"] ** 2 + 0.1 * rng.standard_normal(80)
    model = small("f(m) + c", 60, stages=("families",)).fit(X, y)
    row = next(row for row, text in enumerate(model.equations_["equation"]) if text == "3*m**2")
    table = model.constants_[model.constants_["equation"] == row].set_index("name")
    assert table.loc["c", "value"] == 0
    # The mean's error, as 3*m**2 is given, and the other constants are round.
    assert table.loc["c", "error"] == pytest.approx(np.std(y - 3 * X["m"] ** 2) / np.sqrt(80), rel=0.05)
    assert "c = 0.00" in model.reports_[row].text
    assert model.template_.split(model.expressions_[row]) is not None


def test_numbers_of_the_template_and_constants_of_nature_stay(rng):
    X = pd.DataFrame({"h": rng.uniform(1, 5, 60), "t": rng.uniform(0.1, 1, 60)})
    y = np.sqrt(X["h"]) - 9.81 * X["t"] ** 2 / 2
    model = small("f(h) - g*t**2/2", constants={"g": 9.81}).fit(X, y)
    assert model.best_["equation"] == "sqrt(h) - g*t**2/2"
    assert dict(model.parts_of()) == {"f(h)": "sqrt(h)"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"template": "a*b + q"}, "has no part"),
        ({"template": TEMPLATE, "guesses": "a*q"}, "a template cannot be combined with guesses"),
        ({"template": TEMPLATE, "category": "a"}, "a template cannot be combined with a category"),
        ({"template": TEMPLATE, "denoise": True}, "denoise cannot be combined with a template"),
        ({"template": "f(a)", "forbidden": "a"}, "column 'a' is left out"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters, message, rng):
    with pytest.raises(ValueError, match=message):
        SymbolicRegressor(checkpoint=UNTRAINED, **parameters).fit(*table(rng))


def test_ctrl_c_keeps_what_was_found(monkeypatch, rng):
    calls = []

    combine = _Templates.combine

    def interrupted(self, clock):
        combine(self, clock)
        calls.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr("nsr.search.templates._Templates.combine", interrupted)
    model = small("f(a) + g(b)").fit(*table(rng))
    assert calls
    assert model.ended_ == "interrupted"
    assert model.best_["r2"] > 0.5


def test_numbers_of_the_template_are_not_fitted(rng):
    X, _ = table(rng)
    y = np.sqrt(X["a"]) + 0.1234 * X["b"] + 0.01 * rng.standard_normal(len(X))
    model = small("f(a) + 0.1271*b", 3).fit(X, y)
    assert all(0.1271 in expression.tokens for expression in model.expressions_)
    assert not np.any(np.isclose(model.constants_["value"], 0.1271))
    assert all("0.1271*b" in equation for equation in model.equations("warranted"))
