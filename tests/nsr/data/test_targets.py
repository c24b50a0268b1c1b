import numpy as np
import pandas as pd
import pytest
from effort import IDLE
from untrained import UNTRAINED

import nsr


def test_targets_are_stacked_and_count_alike(rng):
    X = pd.DataFrame({"x": rng.uniform(1, 2, 10), "z": rng.uniform(1, 2, 10)}, index=range(5, 15))
    Y = pd.DataFrame({"small": 1e-3 * X["x"], "large": 1e3 * X["z"]})
    table, y, weights = nsr.stack_targets(X, Y)
    assert table["target"].tolist() == ["small"] * 10 + ["large"] * 10
    np.testing.assert_array_equal(table[["x", "z"]], np.vstack((X, X)))
    np.testing.assert_array_equal(y, np.concatenate((Y["small"], Y["large"])))
    for name in Y:
        own = table["target"] == name
        assert np.average((y[own] - y[own].mean()) ** 2 * weights[own]) == pytest.approx(1)
    arrays = nsr.stack_targets(X.to_numpy(), Y.to_numpy())
    assert set(arrays[0]["target"]) == {"y_0", "y_1"}


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((3, 1)), np.ones((3, 1)), "give two targets"),
        (np.ones((3, 1)), np.ones((4, 2)), "the same rows"),
        (np.ones((3, 1)), np.ones(3), "not an array of the shape"),
        (pd.DataFrame({"target": [1.0, 2]}), np.ones((2, 2)), "rename it"),
    ],
)
def test_what_is_not_several_targets_is_refused(X, Y, message):
    with pytest.raises(ValueError, match=message):
        nsr.stack_targets(X, Y)


def test_targets_share_a_form(rng):
    X = pd.DataFrame({"x": rng.uniform(0.5, 3, 30)})
    Y = pd.DataFrame({"small": 0.0123 * X["x"] ** 2, "large": 4567.8 * X["x"] ** 2})
    table, y, weights = nsr.stack_targets(X, Y)
    model = nsr.SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, category="target", settings=IDLE, time_limit=4
    ).fit(table, y, sample_weight=weights)
    assert model.best_["equation"] in ("c0*x**2", "x**2*c0")
    np.testing.assert_allclose(model.of_group("small").predict(X), Y["small"])
