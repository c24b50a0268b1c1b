import pickle
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from untrained import save_untrained

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.expressions.units import Units
from nsr.network.checkpoint import CheckpointError
from nsr.search import solve

# A fixed place: its name is part of test names, which parallel runs compare.
UNTRAINED = save_untrained(Path(tempfile.gettempdir()) / "nsr-tests" / "untrained")


@pytest.fixture
def regressor() -> SymbolicRegressor:
    return SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=64)


@pytest.fixture
def guesses(monkeypatch):
    """Replaces the network's guesses by given equations."""

    def use(*texts):
        guesses = [parse(text) for text in texts]
        monkeypatch.setattr(
            "nsr.search.asking.guess",
            lambda _, X, *__, **___: [g for g in guesses if max(g.variables) < X.shape[1]],
        )

    return use


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
    assert list(front.columns) == ["complexity", "loss", "r2", "score", "stage", "equation"]
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


def test_units_by_the_names_of_columns(regressor, guesses, rng):
    guesses("1*x_0*x_1**2")
    table = pd.DataFrame({"mass": rng.uniform(1, 2, 100), "speed [m/s]": rng.uniform(1, 5, 100)})
    y = 0.5 * table["mass"] * table["speed [m/s]"] ** 2
    regressor.fit(table, y, X_units={"speed [m/s]": "m/s", "mass": "kg"}, y_units="J")
    units = Units.parse(["kg", "m/s"], "J")
    assert all(units.allow(expression) for expression in regressor.expressions_)
    with pytest.raises(ValueError, match="no unit for 'mass'"):
        regressor.fit(table, y, X_units={"speed [m/s]": "m/s"}, y_units="J")
    with pytest.raises(ValueError, match="no column 'masse'; did you mean 'mass'"):
        regressor.fit(table, y, X_units={"speed [m/s]": "m/s", "masse": "kg"}, y_units="J")
    with pytest.raises(ValueError, match="not 'kg'"):
        regressor.fit(table, y, X_units="kg", y_units="J")


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


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
@pytest.mark.parametrize("n_rows", [20, 45])
def test_noise_on_few_rows_is_not_fitted(n_rows, rng):
    """A short equation that predicts fresh clean rows to a part of the noise, not a long one of the noise."""
    stages = ("families", "reduction", "evolution")
    X, fresh = rng.uniform(1, 3, (n_rows, 2)), rng.uniform(1, 3, (200, 2))
    clean = 2 * X[:, 0] / X[:, 1]
    noise = 0.05 * np.std(clean)
    model = SymbolicRegressor(checkpoint=UNTRAINED, stages=stages)
    model.fit(X, clean + noise * rng.standard_normal(n_rows))
    assert model.best_["complexity"] <= 9  # the law has 5
    off = model.predict(fresh) - 2 * fresh[:, 0] / fresh[:, 1]
    assert np.sqrt(np.mean(off**2)) < noise


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


def test_ctrl_c_returns_the_best_so_far(regressor, guesses, monkeypatch, rng):
    guesses("1*x_0", "1*(x_0*x_1)")
    monkeypatch.setattr("nsr.search.finishing._rounded", interrupt)
    X = rng.uniform(1, 2, (40, 2))
    assert regressor.fit(X, 2 * X[:, 0] * X[:, 1]).best_["r2"] > 0.999


def interrupt(*_):
    raise KeyboardInterrupt


def test_units_rule_out_what_fits_by_accident(regressor, guesses, rng):
    """On these speeds the sum of energy and momentum is as good, but it is no energy."""
    guesses("1*x_0*x_1", "1*x_0*x_1**2", "1*x_0")
    X = np.column_stack((rng.uniform(1, 2, 100), rng.uniform(1, 5, 100)))
    regressor.fit(X, 0.5 * X[:, 0] * X[:, 1] ** 2, X_units=["kg", "m/s"], y_units="J")
    x_0, x_1 = sympy.symbols("x_0 x_1", real=True)
    assert sympy.simplify(regressor.sympy() - x_0 * x_1**2 / 2) == 0
    units = Units.parse(["kg", "m/s"], "J")
    assert all(units.allow(expression) for expression in regressor.expressions_)


def test_units_go_with_their_columns(regressor, rng):
    """A constant column is left out, and its unit with it."""
    X = np.column_stack((np.full(60, 3.0), rng.uniform(1, 2, 60), rng.uniform(1, 5, 60)))
    regressor.fit(X, X[:, 1] / X[:, 2], X_units=["K", "m", "s"], y_units="m/s")
    assert regressor.best_["equation"] == "x_1/x_2"


def test_no_equation_with_the_units_is_told(rng):
    regressor = SymbolicRegressor(checkpoint=UNTRAINED, stages=("evolution",), guesses=["a*x_0"])
    X = rng.uniform(1, 2, (50, 1))
    with (
        pytest.warns(DataWarning, match="no equation with the given units"),
        pytest.warns(DataWarning, match="before it had tried"),
    ):
        regressor.set_params(time_limit=1e-9).fit(X, 2 * X[:, 0], X_units=["m"], y_units="m^2")


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


@pytest.mark.parametrize(
    ("changes", "units", "message"),
    [
        ({"guesses": ["x_0 +"]}, {}, "ends where"),
        ({}, {"X_units": ["m"], "y_units": "m"}, "all 2 columns"),
        ({}, {"X_units": ["m", "s"]}, "no target"),
        ({}, {"X_units": ["m", "qq"], "y_units": "m"}, "'qq' is not a unit"),
        ({"constant_units": "some"}, {}, "dimensionless, free"),
        ({"constant_units": "some"}, {"X_units": ["m", "s"], "y_units": "m"}, "dimensionless, free"),
    ],
)
def test_units_and_guesses_that_cannot_be_used(regressor, changes, units, message, rng):
    X = rng.uniform(1, 2, (30, 2))
    with pytest.raises(ValueError, match=message):
        regressor.set_params(**changes).fit(X, X[:, 0], **units)


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


# Without evolution, which would spend its patience on every one of the checks' tables.
@parametrize_with_checks(
    [SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("network", "families", "reduction"))]
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


@pytest.mark.parametrize("n_rows", [4, 5, 6, 8])
def test_few_rows_of_a_line_give_the_line(n_rows):
    x = np.arange(float(n_rows))
    with pytest.warns(DataWarning, match=f"{n_rows} rows are few"):
        model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families",)).fit(
            x[:, None], 2 * x + 1
        )
    assert sympy.simplify(model.sympy() - (2 * sympy.Symbol("x_0", real=True) + 1)) == 0


@pytest.mark.parametrize("n_rows", [4, 6, 9])
def test_few_noisy_rows_get_fewer_constants_than_rows_and_nothing_below_the_mean(n_rows, rng):
    x = np.arange(float(n_rows))
    y = x + 0.3 * rng.standard_normal(n_rows) + 5
    stages = ("families", "reduction", "separation")
    with pytest.warns(DataWarning, match="rows are few"):
        model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=stages).fit(x[:, None], y)
    assert all(len(expression.constants) < n_rows for expression in model.expressions_)
    assert model.best_["r2"] >= 0
    assert model.equations_["r2"].iloc[0] > -1e-2


@pytest.mark.parametrize("levels", [(1.0, 2.0, 3.0, 4.0), (0.0, 1.0)])
def test_sorted_tables_of_few_levels_are_like_any_other(levels, rng):
    """The first thousands of rows know one level only."""
    level = np.repeat(levels, 2_000)
    X = np.column_stack((level, rng.uniform(1, 2, len(level))))
    y = X[:, 0] * X[:, 1] + X[:, 0]
    stages = ("families", "reduction", "separation")
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=stages).fit(X, y)
    assert model.best_["loss"] <= 1e-18 * np.var(y)


def test_a_level_that_few_rows_have_is_seen(rng):
    X = np.column_stack((np.r_[np.ones(9_000), np.full(5, 2.0)], rng.uniform(1, 2, 9_005)))
    y = X[:, 1] ** X[:, 0]
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, time_limit=10, stages=("families", "evolution")
    )
    assert model.fit(X, y).best_["r2"] > 0.9


def test_units_with_a_column_that_is_constant_leave_constants_free(rng):
    """What the constant column was for is a constant now, with its unit."""
    X = np.column_stack((np.full(80, 9.81), rng.uniform(1, 5, 80)))
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families", "reduction"))
    with pytest.warns(DataWarning, match="may have any unit"):
        model.fit(X, 0.5 * X[:, 0] * X[:, 1] ** 2, X_units=["m/s^2", "s"], y_units="m")
    assert model.best_["r2"] == pytest.approx(1.0, abs=1e-12)


def test_a_constant_of_nature_that_is_missing_is_found_and_said(rng):
    X = rng.uniform(1, 2, (200, 3))
    y = 3.2 * X[:, 0] ** 2 / X[:, 1] + 0.3 * X[:, 2] * X[:, 0]
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, time_limit=20, stages=("families", "reduction")
    )
    with pytest.warns(DataWarning, match="constant_units='free'"):
        model.fit(X, y, X_units=["kg", "m", "s"], y_units="kg*m")
    assert model.best_["r2"] > 0.99


def test_a_limit_too_short_to_search_says_so(rng):
    X = rng.uniform(1, 2, (200, 2))
    with pytest.warns(DataWarning, match="more time with time_limit"):
        SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, time_limit=1e-9, stages=("evolution",)).fit(
            X, X[:, 0]
        )


def test_ctrl_c_before_anything_was_found_gives_the_mean(regressor, monkeypatch, rng):
    monkeypatch.setattr("nsr.search.structure.stage.relations", interrupt)
    X = rng.uniform(1, 2, (40, 2))
    with pytest.warns(DataWarning, match="before it had tried"):
        regressor.set_params(stages=("families",)).fit(X, X[:, 0])
    assert regressor.best_["complexity"] == 1


def test_few_rows_that_a_short_law_explains_end_the_search(monkeypatch):
    """Kepler's eleven bodies: nothing is asked or evolved once the law is there."""

    def guess(*_, **__):
        raise AssertionError("the law is known")

    monkeypatch.setattr("nsr.search.asking.guess", guess)
    axis = np.array([0.3871, 0.7233, 1.0, 1.5237, 2.7658, 5.2034, 9.5371, 19.1913, 30.069, 39.482, 67.864])
    period = np.array([0.2408, 0.6152, 1.0, 1.8808, 4.6, 11.862, 29.447, 84.017, 164.79, 247.94, 559.07])
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, time_limit=600).fit(
        axis[:, None], period
    )
    x = sympy.Symbol("x_0", positive=True)
    assert (
        sympy.simplify(model.sympy().subs(sympy.Symbol("x_0", real=True), x) - x ** sympy.Rational(3, 2)) == 0
    )


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-7])
def test_a_constant_that_binary_fractions_miss_is_a_constant(regressor, value, rng):
    regressor.fit(rng.normal(size=(12, 2)), np.full(12, value))
    assert len(regressor.equations_) == 1
    np.testing.assert_allclose(regressor.predict(np.zeros((3, 2))), value, rtol=1e-12)


def test_units_with_a_zero_in_a_column(rng):
    """Free fall from time zero: no dimensionless group may divide by it."""
    time = np.linspace(0, 5, 60)
    X = np.column_stack((time, rng.uniform(1, 2, 60), rng.uniform(1, 2, 60)))
    y = X[:, 1] * time + 0.5 * X[:, 2] * time**2
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families", "reduction"))
    model.fit(X, y, X_units=["s", "m/s", "m/s^2"], y_units="m")
    assert model.best_["r2"] == pytest.approx(1.0, abs=1e-12)


def test_a_group_that_is_the_target_itself_leaves_nothing_to_search(rng):
    X = rng.uniform(1, 2, (60, 2))
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families", "reduction"))
    assert model.fit(X, X[:, 0], X_units=["m", "m"], y_units="m").best_["equation"] == "x_0"


def test_evolution_with_units_does_not_end_before_it_has_begun(rng):
    """Its first seeds have the wrong unit; a guess of the user's gives it something to begin with."""
    X = rng.uniform(1, 2, (100, 2))
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, stages=("evolution",), guesses=["a*x_0*x_1**2"], time_limit=20, random_state=0
    )
    model.fit(X, 0.5 * X[:, 0] * X[:, 1] ** 2, X_units=["kg", "m/s"], y_units="J")
    assert model.best_["r2"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("place", ["unscaled", "finished"])
def test_ctrl_c_while_finishing_keeps_what_was_found(place, monkeypatch, rng):
    interrupts = iter([True])
    real = getattr(solve, place)

    def interrupted_once(*arguments):
        if next(interrupts, False):
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(solve, place, interrupted_once)
    X = rng.uniform(1, 2, (60, 2))
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families",))
    assert model.fit(X, 2 * X[:, 0] * X[:, 1]).best_["r2"] > 0.999
