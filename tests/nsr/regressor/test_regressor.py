import pickle

import numpy as np
import pandas as pd
import pytest
import sympy
import torch
from effort import IDLE
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import CheckpointError


def test_the_law_is_found_among_wrong_guesses(regressor, guesses, rng):
    guesses("2*(x_0 + x_1)", "1.3*x_0*x_1**2", "3*sin(x_0)", "1*exp(2*x_0)")
    X = rng.uniform(1, 5, (200, 2))
    regressor.fit(X, 0.5 * X[:, 0] * X[:, 1] ** 2)
    x_0, x_1 = sympy.symbols("x_0 x_1", real=True)
    assert sympy.simplify(regressor.sympy() - x_0 * x_1**2 / 2) == 0
    assert regressor.best_["r2"] == pytest.approx(1.0)
    fresh = rng.uniform(5, 9, (50, 2))
    np.testing.assert_allclose(regressor.predict(fresh), 0.5 * fresh[:, 0] * fresh[:, 1] ** 2)
    assert "x_{1}^{2}" in regressor.latex()


@pytest.mark.parametrize("magnitude", [1e-30, 1e30])
def test_extreme_magnitudes(regressor, guesses, magnitude, rng):
    guesses("2*x_0", "1*(x_0/x_1)", "1*(x_0*x_1)", "0.5*sqrt(x_0)")
    X = rng.uniform(1, 5, (100, 2)) * [magnitude, 1 / magnitude]
    y = 3 * X[:, 0] / X[:, 1] * (1 / magnitude)
    regressor.fit(X, y)
    np.testing.assert_allclose(regressor.predict(X), y, rtol=1e-9)


def test_the_front_is_ordered_and_every_row_predicts(regressor, rng):
    X = rng.uniform(-2, 2, (100, 3))
    y = np.sin(X[:, 0]) + X[:, 1] ** 2
    regressor.fit(X, y)
    front = regressor.equations_
    assert list(front.columns) == [
        "complexity",
        "loss",
        "r2",
        "score",
        "stage",
        "name",
        "warning",
        "equation",
    ]
    assert front["complexity"].is_monotonic_increasing
    assert front["loss"].is_monotonic_decreasing
    for i, row in front.iterrows():
        assert np.mean((regressor.predict(X, index=i) - y) ** 2) == pytest.approx(row["loss"], rel=1e-6)
    assert front["score"].idxmax() == regressor.best_index_


def test_data_frames_give_their_names(regressor, guesses, rng):
    guesses("1*(x_0*x_1)")
    table = pd.DataFrame({"mass": rng.uniform(1, 2, 30), "height": rng.uniform(1, 2, 30)})
    regressor.fit(table, 9.81 * table["mass"] * table["height"])
    assert regressor.best_["equation"] == "9.81*mass*height"
    assert "9.81*mass*height" in repr(regressor)


@pytest.mark.parametrize(
    ("columns", "equation"),
    [
        (["m²", "flow [/min]"], "9.81*m2*flow_min"),
        (["y", "y "], "9.81*y*y_2"),
        (["a", "a"], "9.81*a*a_2"),
        ([1, 0], "9.81*x_1*x_0"),
        (["a", 1], "9.81*a*x_1"),
        ([("a", "b"), ("a", "c")], "9.81*a_b*a_c"),
        (["x_1", "e"], "9.81*x_1*e_"),
    ],
)
def test_columns_of_any_name(regressor, guesses, rng, columns, equation):
    guesses("1*(x_0*x_1)")
    table = pd.DataFrame(rng.uniform(1, 2, (30, 2)), columns=columns)
    y = 9.81 * table.iloc[:, 0] * table.iloc[:, 1]
    regressor.fit(table, y)
    assert regressor.best_["equation"] == equation
    assert parse(equation, regressor.names_.identifiers) == parse("9.81*x_0*x_1")
    assert regressor.names_.columns == tuple(map(str, columns))
    np.testing.assert_allclose(regressor.predict(table), y)
    if columns != ["a", "a"]:
        with pytest.raises(ValueError, match="order"):
            regressor.predict(table.iloc[:, ::-1])


def test_columns_that_are_all_constant_leave_the_mean(regressor, rng):
    y = rng.normal(5.0, 0.1, size=30)
    with pytest.warns(DataWarning, match="no column varies"):
        regressor.fit(np.ones((30, 2)), y)
    predicted = regressor.predict(np.ones((30, 2)))
    assert np.ptp(predicted) == 0
    assert predicted[0] == pytest.approx(y.mean(), abs=0.1 / np.sqrt(30))


def test_single_texts_are_single_guesses_and_stages(rng):
    table = pd.DataFrame({"S": rng.uniform(1, 2, 40), "t": rng.uniform(1, 2, 40)})
    regressor = SymbolicRegressor(checkpoint=UNTRAINED, stages="evolution", guesses="a*S")
    assert regressor.fit(table, 2.5 * table["S"]).best_["equation"] == "2.5*S"
    with pytest.raises(ValueError, match="must be some of"):
        regressor.set_params(stages="evolutio").fit(table, table["S"])


def test_a_constant_target_is_a_constant(regressor, rng):
    regressor.fit(rng.normal(size=(20, 2)), np.full(20, 4.5))
    assert regressor.best_["equation"] == "4.5"
    assert regressor.best_["loss"] == 0


def test_variables_left_out_keep_their_numbers(regressor, guesses, rng):
    guesses("2*x_1")
    X = np.column_stack((np.ones(30), rng.uniform(1, 2, 30), rng.uniform(1, 2, 30)))
    regressor.fit(X, 7 * X[:, 2])
    assert regressor.best_["equation"] == "7*x_2"


def test_same_seed_same_result_and_pickle_and_clone(regressor, rng):
    X = rng.uniform(1, 3, (60, 2))
    y = X[:, 0] / X[:, 1]
    first = regressor.fit(X, y).equations_
    again = clone(regressor).fit(X, y)
    pd.testing.assert_frame_equal(first, again.equations_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).predict(X), regressor.predict(X))


def test_clones_have_the_parameters_and_copies_the_results(rng):
    given = {
        "checkpoint": UNTRAINED, "n_candidates": 16, "stages": ("families",), "time_limit": 900.0,
        "guesses": ["a*x_0"], "random_state": 7,
    }  # fmt: skip
    model = SymbolicRegressor(**given)
    X = rng.uniform(1, 3, (60, 2))
    model.fit(X, 3 * X[:, 0] / X[:, 1])
    fresh, copy = clone(model), pickle.loads(pickle.dumps(model))
    for other in (fresh, copy):
        assert other.get_params() == model.get_params()
        assert {name: other.get_params()[name] for name in given} == given
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    pd.testing.assert_frame_equal(copy.equations_, model.equations_)
    assert (copy.best_index_, copy.n_features_in_) == (model.best_index_, 2)
    assert (repr(copy), copy.latex()) == (repr(model), model.latex())
    assert copy.sympy() == model.sympy()
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))


@pytest.mark.parametrize("guess", ["a*x_0 + b*sin(w*x_1) + c", "2*x_0 + sin(2.9*x_1)"])
def test_the_users_own_guess_is_refined(guess, rng):
    regressor = SymbolicRegressor(checkpoint=UNTRAINED, stages=("evolution",), guesses=[guess])
    X = rng.uniform(-2, 2, (100, 2)) * [1e4, 1.0]
    y = 1.5e-3 * X[:, 0] + 7.3 * np.sin(2.6 * X[:, 1]) + (4.1 if "c" in guess else 0)
    if "c" not in guess:
        y = 5 * (2 * X[:, 0] + np.sin(2.7 * X[:, 1]))
    regressor.fit(X, y)
    assert regressor.best_["r2"] == pytest.approx(1, abs=1e-12)


def test_guesses_about_columns_that_are_left_out_are_told(regressor, rng):
    regressor.set_params(guesses=["x_0 + x_1"])
    X = np.column_stack((np.full(60, 3.0), rng.uniform(1, 2, 60)))
    with pytest.warns(DataWarning, match="1 of the guesses"):
        regressor.fit(X, 2 * X[:, 1])


def test_clear_errors(regressor, rng):
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        SymbolicRegressor(checkpoint="absent").fit(X, y)
    with pytest.raises(ValueError, match="at least 3"):
        regressor.fit(X[:2], y[:2])
    for limit in (0, -1, np.nan, np.inf, "soon", None):
        with pytest.raises(ValueError, match="time_limit must be"):
            SymbolicRegressor(checkpoint=UNTRAINED, time_limit=limit).fit(X, y)
    for size in (1e200, 1e-310):
        with pytest.raises(ValueError, match="its squares cannot be computed"):
            regressor.fit(X, size * y)
    with pytest.raises(NotFittedError):
        SymbolicRegressor().predict(X)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="does not work on this machine"):
            SymbolicRegressor(checkpoint=UNTRAINED, device="cuda").fit(X, y)


# Without reduction and evolution, which would spend their patience on every one of the checks' tables.
# Many of these are noise, or classes, as the user is told.
@pytest.mark.filterwarnings("ignore:the chosen equation explains", "ignore:the target has two values")
@parametrize_with_checks(
    [SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("network", "families"), settings=IDLE)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "weights say how well a row is known: a row that is "
        "known twice as well is not two rows, of which a longer equation could be told"
    },
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_a_fit_that_fails_changes_nothing(regressor, guesses, rng):
    guesses("1*(x_0*x_1)")
    X = rng.uniform(1, 2, (40, 2))
    before = regressor.fit(X, 2 * X[:, 0] * X[:, 1]).predict(X)
    with pytest.raises(ValueError, match="at least 3"):
        regressor.fit(X[:2, :1], X[:2, 0])
    np.testing.assert_array_equal(regressor.predict(X), before)
    assert regressor.n_features_in_ == 2


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-7])
def test_a_constant_that_binary_fractions_miss_is_a_constant(regressor, value, rng):
    regressor.fit(rng.normal(size=(12, 2)), np.full(12, value))
    assert len(regressor.equations_) == 1
    np.testing.assert_allclose(regressor.predict(np.zeros((3, 2))), value, rtol=1e-12)
