"""Groups of trajectories with one law and constants of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import nsr
from nsr import ODERegressor
from nsr.ode.by_category import Groups

TIMES = np.linspace(0, 8, 50)
LIBRARY = {"stages": ("library",), "time_limit": 6.0}


def logistic(rate, capacity, first):
    return capacity / (1 + (capacity / first - 1) * np.exp(-rate * TIMES))[:, None]


@pytest.fixture(scope="module")
def growth():
    """Three groups of which one constant differs: the rate."""
    return {"a": logistic(0.5, 2.0, 0.2), "b": logistic(0.9, 2.0, 0.1), "c": logistic(1.3, 2.0, 0.3)}


@pytest.fixture(scope="module")
def fitted(growth):
    return ODERegressor(**LIBRARY).fit([TIMES] * 3, list(growth.values()), category=list(growth))


def test_each_group_has_its_constants(fitted, growth):
    assert fitted.groups_ == ("a", "b", "c")
    (right,) = fitted.sympy()
    for label, rate in zip("abc", (0.5, 0.9, 1.3), strict=True):
        values = {str(symbol): symbol for symbol in right.free_symbols}
        own = right.subs({values[f"is_{other}"]: float(other == label) for other in "abc"})
        assert_allclose([float(own.subs(values["x_0"], x)) for x in (0.5, 1.5)], rate * 0.375, rtol=1e-4)
        simulated = fitted.predict(TIMES, growth[label][0], category=label)
        assert_allclose(simulated, growth[label], atol=1e-4)


def test_constants_that_do_not_differ_are_shared():
    """Decay to a level: groups share the rate, not the level."""
    decay = np.exp(-0.4 * TIMES)[:, None]
    states = [level + (first - level) * decay for level, first in ((1.0, 3.0), (2.0, 0.5))]
    rng = np.random.default_rng(0)
    noisy = [own + 0.01 * rng.standard_normal(own.shape) for own in states]
    model = ODERegressor(**LIBRARY).fit([TIMES] * 2, noisy, category=["low", "high"])
    values = model.constants_["value"].to_numpy()
    assert len(values) == 3
    assert_allclose(sorted(np.abs(values)), [0.4, 0.4, 0.8], atol=0.02)


def test_groups_without_a_difference_have_none():
    states = [first * np.exp(-0.4 * TIMES)[:, None] for first in (3.0, 1.0)]
    rng = np.random.default_rng(0)
    noisy = [own + 0.005 * rng.standard_normal(own.shape) for own in states]
    model = ODERegressor(**LIBRARY).fit([TIMES] * 2, noisy, category=["a", "b"])
    assert "is_" not in model.equations()[model.best_index_]


def test_a_saved_result_knows_its_groups(fitted, growth, tmp_path):
    fitted.save(tmp_path / "growth.json")
    read = nsr.load(tmp_path / "growth.json")
    expected = fitted.predict(TIMES, growth["b"][0], category="b")
    assert_allclose(read.predict(TIMES, growth["b"][0], category="b"), expected)


def test_groups_that_cannot_be_used_are_refused(fitted, growth):
    with pytest.raises(ValueError, match="a label for each of the 3 trajectories, not 2"):
        ODERegressor(**LIBRARY).fit([TIMES] * 3, list(growth.values()), category=["a", "b"])
    with pytest.raises(ValueError, match="leave out category"):
        ODERegressor(**LIBRARY).fit([TIMES] * 3, list(growth.values()), category=["a"] * 3)
    with pytest.raises(ValueError, match="give several"):
        ODERegressor(**LIBRARY).fit(TIMES, growth["a"], category=["a"])
    with pytest.raises(ValueError, match="one of a, b, c"):
        fitted.predict(TIMES, [0.1])
    with pytest.raises(ValueError, match="no group 'd'"):
        fitted.predict(TIMES, [0.1], category="d")


def test_labels_keep_their_order_and_name():
    groups = Groups.read(pd.Series(["wild", "mutant", "wild"], name="strain"), 3)
    assert (groups.labels, groups.of, groups.name) == (("wild", "mutant"), (0, 1, 0), "strain")
    assert groups.members(0) == [0, 2]
