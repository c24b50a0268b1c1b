import numpy as np
import pandas as pd
import pytest
import sympy
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.expressions.units import Units


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
        checkpoint=UNTRAINED, n_candidates=16, time_limit=600, stages=("families", "reduction")
    )
    with pytest.warns(DataWarning, match="constant_units='free'"):
        model.fit(X, y, X_units=["kg", "m", "s"], y_units="kg*m")
    assert model.best_["r2"] > 0.99


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
        checkpoint=UNTRAINED, stages=("evolution",), guesses=["a*x_0*x_1**2"], time_limit=600, random_state=0
    )
    model.fit(X, 0.5 * X[:, 0] * X[:, 1] ** 2, X_units=["kg", "m/s"], y_units="J")
    assert model.best_["r2"] == pytest.approx(1.0, abs=1e-12)
