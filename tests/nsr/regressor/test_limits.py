"""Limits on equations: no row of a front breaks one, whatever they are."""

import contextlib

import numpy as np
import pytest
import sympy
from scipy.optimize import least_squares

from generators.functions import FunctionConfig, FunctionGenerator
from generators.holdout import Holdout
from nsr import SymbolicRegressor
from nsr.data.limits import limits_of
from nsr.ode import ODERegressor
from nsr.search.solve import LimitsError


def drawn_limits(rng, n_variables):
    """A random choice of limits that make sense."""
    names = [f"x_{i}" for i in range(n_variables)]
    groups = ["arithmetic", "powers", "trigonometric", "exponential", "hyperbolic", "piecewise", "special"]
    every = {
        "operators": ["add", "mul", *rng.choice(groups, 2, replace=False), "exp"],
        "without": [str(rng.choice(["sin", "pow", "div", "exponential", "square", "piecewise"]))],
        "max_complexity": int(rng.integers(3, 20)),
        "max_depth": int(rng.integers(2, 6)),
        "max_constants": int(rng.integers(1, 4)),
        "complexity": {"sin": 3, names[0]: 2, "constant": 0.5},
        "exponents": [range(-2, 4), (2, 0.5), (-1,)][rng.integers(3)],
        "nesting": {"exp": {"exp": 0, "sin": 0}, "sin": {"cos": 0}},
        "max_argument": {"exp": 3, "sin": int(rng.integers(1, 4)), "maximum": 2},
        "required": [names[0]],
        "forbidden": names[1:2],
        "constant_bounds": (-float(rng.uniform(1, 5)), float(rng.uniform(1, 5))),
    }
    return {name: every[name] for name in rng.choice(list(every), rng.integers(1, 5), replace=False)}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_no_equation_breaks_a_limit(seed):
    problems = FunctionGenerator(FunctionConfig(max_points=100), seed, Holdout(())).batch(1)
    X, y = np.float64(problems.X[0]), np.float64(problems.y[0])
    limits = drawn_limits(np.random.default_rng(seed), X.shape[1])
    model = SymbolicRegressor(
        time_limit=0.4, stages=("families", "separation", "cases", "curves", "evolution"), **limits
    )
    with contextlib.suppress(LimitsError):
        check(model.fit(X, y), limits)


def check(model, limits):
    space = limits_of(model, model.names_).space
    for expression, complexity in zip(model.expressions_, model.equations_["complexity"], strict=True):
        assert space.allows(expression), (limits, str(expression))
        assert complexity == space.complexity(expression)
        assert not {model.names_.columns[i] for i in expression.variables} & set(limits.get("forbidden", ()))


def test_the_law_is_found_within_limits(regressor, rng):
    X = rng.uniform(1, 3, (100, 3))
    regressor.set_params(operators=["+", "*", "sqrt"], forbidden=["x_2"], max_constants=1, exponents=(0.5, 2))
    regressor.fit(X, 3 * np.sqrt(X[:, 0]) * X[:, 1] ** 2)
    a, b = sympy.symbols("x_0 x_1", real=True)
    assert sympy.simplify(regressor.sympy() - 3 * sympy.sqrt(a) * b**2) == 0


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_constants_stay_within_bounds_and_fit_as_well_as_they_can(regressor, rng):
    X = rng.uniform(1, 3, (60, 1))
    regressor.set_params(constant_bounds=(0, 2), max_complexity=5, operators=["add", "mul"])
    regressor.fit(X, 5 * X[:, 0] + 1.5)
    # Of least squares over 0 <= a, b <= 2 both are at their upper bounds.
    best = np.mean((5 * X[:, 0] + 1.5 - 2 * X[:, 0] - 2) ** 2)
    assert regressor.equations_["loss"].min() <= best * (1 + 1e-6)
    check(regressor, {})


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_bounds_of_constants_choose_the_form(regressor):
    # 6 x is exact, but of all with constants up to 2 others come nearer than 2 x + 2, to which it is clipped.
    x = np.linspace(0.1, 3, 60)
    y = 6 * x
    regressor.set_params(constant_bounds=(0, 2), max_complexity=7, operators=["add", "mul"], time_limit=1.5)
    regressor.fit(x[:, None], y)
    check(regressor, {})
    clipped = np.mean((2 * x + 2 - y) ** 2)
    curves = [lambda c: c[0] * x**2 + c[1], lambda c: x * (x + c[0]) + c[1], lambda c: c[0] * (x + c[1]) * x]
    least = min(
        2 * least_squares(lambda c, f=curve: f(c) - y, (1, 1), bounds=(0, 2)).cost / 60 for curve in curves
    )
    assert least < 0.5 * clipped
    assert regressor.equations_["loss"].min() <= least * (1 + 1e-6)


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_limits_that_rule_everything_out_are_told_in_a_line(regressor, rng):
    X = rng.uniform(1, 3, (50, 2))
    regressor.set_params(operators=["exp"], required=["x_0", "x_1"], time_limit=0.3)
    with pytest.raises(ValueError, match="no equation that was tried keeps to all limits"):
        regressor.fit(X, X[:, 0])


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_required_columns_that_the_network_has_no_place_for_are_kept(regressor, rng):
    X = rng.uniform(1, 3, (60, 14))
    regressor.set_params(required=["x_13"], max_complexity=3, time_limit=0.5, stages="families")
    regressor.fit(X, X[:, 0])
    assert all(13 in expression.variables for expression in regressor.expressions_)


def test_right_hand_sides_keep_to_limits():
    t = np.linspace(0, 6, 120)
    X = np.column_stack((np.exp(-t / 2) * np.cos(2 * t), np.exp(-t / 2) * np.sin(2 * t)))
    model = ODERegressor(stages=("library", "variation"), operators=["+", "*"], max_constants=2, max_depth=3)
    model.fit(t, X)
    space = limits_of(model, model.names_).space
    assert model.best_["r2"] > 0.999
    assert all(space.allows(own) or not own.variables for system in model.expressions_ for own in system)


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_a_constant_target_has_its_constant_within_limits(regressor, rng):
    regressor.set_params(operators=["add"], max_complexity=3)
    regressor.fit(rng.uniform(1, 3, (30, 2)), np.full(30, 7.0))
    assert regressor.best_["equation"] == "7"


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_what_the_search_finds_within_a_depth_is_kept(regressor, rng):
    X = rng.uniform(1, 3, (60, 3))  # x_2 (x_0^2 + 3 x_1) is deeper than the sum of its terms
    y = X[:, 2] * X[:, 0] ** 2 + 3 * X[:, 2] * X[:, 1]
    regressor.set_params(max_depth=4, operators="arithmetic", stages="families").fit(X, y)
    assert regressor.best_["r2"] > 0.999999
    check(regressor, {})
