"""Constants of known value that equations call by their names."""

import numpy as np
import pandas as pd
import pytest
import sympy
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor

G = 9.80665


@pytest.fixture(scope="module")
def fall():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"h": rng.uniform(5, 10, 40), "t": rng.uniform(0.1, 1, 40)})
    y = X["h"] - G * X["t"] ** 2 / 2
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, constants={"g": "scipy"}, time_limit=5)
    return model.fit(X, y), X, y


def test_the_equation_shows_the_name(fall):
    model, X, y = fall
    assert model.best_["equation"] == "h - 0.5*g*t**2"
    assert {str(one) for one in model.sympy().free_symbols} == {"h", "g", "t"}
    assert "g" in model.latex()
    np.testing.assert_allclose(model.predict(X), y)
    assert not len(model.constants_[model.constants_["equation"] == model.best_index_])
    assert "idle" not in str(model.report())


def test_programs_have_the_number(fall):
    model, X, y = fall
    names = {}
    exec(model.numpy(), names)
    np.testing.assert_allclose(names["f"](X["h"], X["t"]), y)
    assert "9.80665" in model.excel()
    assert "9.80665" in model.c()


def test_what_is_read_back_says_the_same(fall, tmp_path):
    model, X, _ = fall
    model.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json")
    assert again.named_constants_ == model.named_constants_
    assert again.equations() == model.equations()
    np.testing.assert_array_equal(again.predict(X, return_std=True), model.predict(X, return_std=True))


def test_units_of_constants_lead_the_search(rng):
    X = pd.DataFrame({"L": rng.uniform(0.2, 3, 40), "m": rng.uniform(1, 2, 40)})
    y = 2 * np.pi * np.sqrt(X["L"] / G)
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, constants={"g": "9.80665 m/s^2"})
    model.fit(X, y, X_units=["m", "kg"], y_units="s")
    assert model.best_["equation"] in ("6.283185307179586*sqrt(L)/sqrt(g)", "6.283185307179586*sqrt(L/g)")
    with pytest.raises(ValueError, match="the constant 'g' has none"):
        model.set_params(constants={"g": 9.8}).fit(X, y, X_units=["m", "kg"], y_units="s")


def test_a_number_without_a_unit_gets_no_name_that_has_one(rng):
    """As sqrt(g) is about pi in metres: in centimetres a period is the same, and so must be the equation."""
    X = pd.DataFrame({"L": rng.uniform(0.2, 3, 40), "m": rng.uniform(1, 2, 40)})
    y = 2 * np.sqrt(G) * np.sqrt(X["L"] / G) * (1 + 0.002 * rng.standard_normal(40))
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, constants={"g": "9.80665 m/s^2"})
    model.set_params(time_limit=3).fit(X, y, X_units=["m", "kg"], y_units="s")
    found = sympy.sympify(model.sympy())
    length, g = (next(one for one in found.free_symbols if str(one) == name) for name in "Lg")
    values = {length: 2.0, g: G}
    assert found.subs(values) == pytest.approx(found.subs({length: 200.0, g: 100 * G}))


def test_groups_may_share_a_constant_of_nature(rng):
    X = pd.DataFrame({"t": rng.uniform(0.1, 1, 40), "run": ["a", "b"] * 20})
    y = np.where(X["run"] == "a", 3.123, 7.456) - G * X["t"] ** 2 / 2
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, constants={"g": "scipy"}, category="run", time_limit=5
    ).fit(X, y)
    assert model.best_["equation"] in ("c0 - 0.5*g*t**2", "c1 - 0.5*g*t**2")
    np.testing.assert_allclose(model.predict(X), y)
    assert model.of_group("b").equations()[model.best_index_].startswith("7.456")
    assert "9.80665" in model.python()
