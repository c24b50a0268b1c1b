"""Mutual information, against closed forms, scikit-learn, and what is known of Friedman's function."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_friedman1
from sklearn.feature_selection import mutual_info_regression

import nsr
from nsr.understanding.information import mutual_information


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_of_normal_variables_it_is_the_closed_form(rng, correlation):
    x, noise = rng.normal(size=(2, 1500))
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    assert mutual_information(x[:, None], y) == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.05)


def test_of_one_column_it_is_that_of_scikit_learn(rng):
    x = rng.normal(size=500)
    y = np.sin(2 * x) + 0.3 * rng.normal(size=500)
    x, y = x / x.std(), y / y.std()  # as theirs does
    theirs = mutual_info_regression(x[:, None], y, n_neighbors=5)[0]
    assert mutual_information(x[:, None], y, 5) == pytest.approx(theirs, abs=1e-6)


def test_columns_of_friedmans_function_come_in_the_right_order():
    # Of a histogram of 4,000,000 rows: x_3 0.22; x_0 and x_1 0.11; x_2 and x_4 0.05; the others nothing.
    X, y = make_friedman1(1000, n_features=6, noise=1.0, random_state=0)
    found = nsr.information(X, y)
    alone = found[found["jointly"].isna()]
    order = list(alone["columns"])
    assert order[0] == "x_3"
    assert set(order[1:3]) == {"x_0", "x_1"}
    assert set(order[3:5]) == {"x_2", "x_4"}
    known = [0.22, 0.11, 0.11, 0.05, 0.05, 0]
    assert np.all(np.abs(alone["information"] - known) < 3 * alone["error"])
    told = alone["information"] > alone["noise"]
    assert told[:5].all()


def test_a_product_of_signs_is_seen_in_pairs_only_and_not_in_what_it_leaves(rng):
    X = pd.DataFrame(
        {"left": rng.choice([-1, 1], 400), "right": rng.normal(size=400), "idle": rng.random(400)}
    )
    y = X["left"] * X["right"]
    found = nsr.information(X, y).set_index("columns")
    assert found["information"].idxmax() == "left, right"
    assert found.loc["left", "information"] < found.loc["left", "noise"] + 0.02
    left = nsr.information(X, rng.normal(size=400)).set_index("columns")
    assert (left["information"] < left["noise"] + 4 * left["error"]).all()


def test_the_same_seed_gives_the_same_table_whatever_the_units(rng):
    X = rng.random((100, 2))
    first, second = (nsr.information(scale * X, np.exp(3 * X[:, 0]), seed=1) for scale in (1, 1e6))
    pd.testing.assert_frame_equal(first, second)


def test_bad_input_is_named(rng):
    X = rng.random((50, 2))
    with pytest.raises(ValueError, match="one for each"):
        nsr.information(X, X[:, 0], names=["a"])
    with pytest.raises(ValueError, match="fill gaps"):
        nsr.information(np.where(X < 0.9, np.nan, X), X[:, 0])
    with pytest.raises(ValueError, match="n_rows"):
        nsr.information(X, X)
    with pytest.raises(ValueError, match="leave out columns of text"):
        nsr.information(X.astype(str) + "a", X[:, 0])
