"""Shapes that are asked for: every equation of a front has them."""

import numpy as np
import pandas as pd
import pytest
from effort import HASTY
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor


@pytest.fixture(scope="module")
def front():
    """Of a falling curve whose noise asks for one that rises again."""
    rng = np.random.default_rng(3)
    x = np.linspace(0.2, 4, 25)
    table = pd.DataFrame({"dose": x})
    y = 5 * np.exp(-x) + 0.1 * (x - 2) ** 2 + 0.1 * rng.standard_normal(25)
    wishes = ["f >= 0", "decreasing in dose", "f -> 0 as dose -> inf"]
    model = SymbolicRegressor(time_limit=2, shape=wishes, domain={"dose": (0.1, 20)}, n_candidates=32)
    return model.fit(table, y)


def test_every_row_has_the_shape_in_the_whole_domain(front):
    x = pd.DataFrame({"dose": np.linspace(0.1, 20, 400)})
    for row in range(len(front.equations_)):
        values = front.predict(x, index=row)
        assert np.all(values >= -1e-6)
        assert np.all(np.diff(values) <= 1e-6 * np.max(values))
        far = front.predict(pd.DataFrame({"dose": [1e12]}), index=row)
        assert abs(far[0]) <= 0.02 * np.max(values)


def test_a_limit_is_the_number_that_is_stated(rng):
    x = np.sort(rng.uniform(0.1, 12, 50))
    y = 1078 / (1 + 30 * np.exp(-0.7 * x)) + 8 * rng.standard_normal(50)
    table = pd.DataFrame({"time": x})
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, shape="f -> 1078 as time -> inf", time_limit=60, stages=("curves",)
    ).fit(table, y)
    for row in range(len(model.equations_)):
        far = model.predict(pd.DataFrame({"time": [1e9, 1e12]}), index=row)
        np.testing.assert_allclose(far, 1078, rtol=1e-6)
    assert model.best_["r2"] > 0.998


def test_it_is_said_whether_a_shape_was_proved(front):
    assert set(front.equations_["shape"]) <= {"proved", "checked"}
    assert front.best_["r2"] > 0.9


def test_shapes_are_saved(front, tmp_path):
    front.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json")
    assert list(again.shape) == list(front.shape)
    assert again.equations_["shape"].tolist() == front.equations_["shape"].tolist()
    assert {name: tuple(ends) for name, ends in again.domain.items()} == front.domain


def test_what_cannot_be_met_is_told():
    X = np.linspace(0, 1, 20)[:, None]
    with pytest.raises(ValueError, match="keeps to all limits"):
        SymbolicRegressor(time_limit=0.3, shape="f >= 1e9", n_candidates=1).fit(X, X[:, 0])


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_equations_of_a_template_have_the_shape(rng):
    X = pd.DataFrame(rng.uniform(0, 3, (80, 2)), columns=["a", "b"])
    y = 1.5 * X["a"] - 0.2 * X["a"] ** 2 + X["b"] ** 2 + 0.1 * rng.standard_normal(80)
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, template="f(a) + g(b)", shape="increasing in a", time_limit=2, settings=HASTY
    )
    model.fit(X, y)
    a = np.linspace(X["a"].min(), X["a"].max(), 200)
    for row in range(len(model.equations_)):
        for b in (X["b"].min(), 1.5, X["b"].max()):
            values = model.predict(pd.DataFrame({"a": a, "b": b}), index=row)
            assert np.all(np.diff(values) >= -1e-9 * np.max(np.abs(values)))
    assert set(model.equations_["shape"]) <= {"proved", "checked"}
    assert model.best_["r2"] > 0.9


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_the_equation_of_each_group_has_the_shape(rng):
    X = pd.DataFrame({"x": rng.uniform(0.5, 4, 90), "group": np.repeat(["a", "b", "c"], 30)})
    factor = np.repeat([1.0, 2.0, -0.7], 30)
    y = factor * np.exp(-X["x"]) + 0.05 * rng.standard_normal(90)
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, category="group", shape="f >= 0", time_limit=2, settings=HASTY
    )
    model.fit(X, y)
    x = np.linspace(X["x"].min(), X["x"].max(), 300)
    for group in ("a", "b", "c"):
        own = model.of_group(group)
        for row in range(len(own.equations_)):
            assert np.all(own.predict(pd.DataFrame({"x": x}), index=row) >= -1e-9)
    assert "shape" in model.equations_
