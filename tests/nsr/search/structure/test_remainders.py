from dataclasses import replace

import numpy as np
import pytest
from tasks import root

from nsr import SymbolicRegressor
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.search.response import PLAIN, Output
from nsr.search.state import State
from nsr.search.structure.parts import added
from nsr.search.structure.remainders import difference, is_linear, quotient, told_best


def state_of(text: str, n_variables: int, noise: float = 0.0) -> State:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 2, (1_500, n_variables))
    y = Program([parse(text)]).values(X)[0]
    return root(X, y + noise * np.std(y) * rng.standard_normal(len(y)))


def values(text: str, *columns: np.ndarray) -> np.ndarray:
    return Program([parse(text)]).values(np.column_stack(columns))[0]


@pytest.mark.parametrize("known", ["x_0", "0.83*x_0 + 7.1", "x_0*1.0004"])
def test_a_summand_that_is_known_up_to_a_factor_and_a_constant_leaves_the_rest_exactly(known):
    state = state_of("3*x_0 - sqrt(x_1**2 + (x_2 - 1)**2)", 3)
    left = difference(state, PLAIN, [parse(known)], (1, 2), 1e-4)
    assert left.variables == state.variables[1:]
    np.testing.assert_allclose(left.y, values("-sqrt(x_0**2 + (x_1 - 1)**2)", *left.X.T), atol=1e-12)


def test_several_summands_have_a_factor_each():
    state = state_of("sqrt(2*exp(x_0) + x_1/2 + tanh(x_2 - 1) + 3)", 3)
    left = difference(state, Output(("square",)), [parse("exp(x_0)"), parse("x_1")], (2,), 1e-4)
    np.testing.assert_allclose(left.y, values("tanh(x_0 - 1) + 3", left.X), atol=1e-12)


def test_a_factor_that_is_known_leaves_the_other_where_it_is_not_small():
    state = state_of("(x_0 - 1)*abs(x_1 - 1)", 2)
    left = quotient(state, PLAIN, [parse("x_0 - 1.0003")], (1,), 1e-4)
    assert 0 < left.n_rows < state.n_rows
    np.testing.assert_allclose(left.y, values("abs(x_0 - 1)", left.X), atol=1e-12)


def test_what_is_a_function_of_the_rest_or_has_no_values_leaves_nothing():
    state = state_of("x_0 + exp(x_1)", 2)
    assert difference(state, PLAIN, [parse("x_1**2")], (1,), 1e-4) is None
    assert difference(state, PLAIN, [parse("log(x_0 - 1)")], (1,), 1e-4) is None
    assert quotient(state, PLAIN, [parse("log(x_0 - 1)")], (1,), 1e-4) is None


def test_factors_whose_product_is_zero_on_all_rows_leave_nothing():
    x = np.linspace(1, 2, 90)
    is_a, is_b = (np.arange(90) % 3 == kind for kind in (0, 1))
    state = root(np.column_stack((is_a, is_b, x)).astype(float), x**2)
    assert quotient(state, PLAIN, [parse("x_0"), parse("x_1")], (2,), 1e-4) is None


def test_a_factor_that_is_next_to_nothing_on_most_rows_is_not_what_is_known():
    x = np.append(np.linspace(1.6e-3, 1.8e-3, 150), np.linspace(1, 2, 50))
    state = root(np.column_stack((x, np.linspace(1, 2, 200))), x)
    known = parse("exp(-1/x_0)")
    left = quotient(state, PLAIN, [known], (1,), 1e-4)
    assert np.max(np.abs(left.y)) > 1e200
    assert told_best([(left, known)], 1.0, Clock()) is None


def test_what_was_taken_for_known_rightly_is_told_by_what_is_left():
    state = state_of("sin(3*x_0) + sqrt(x_1**2 + (x_2 - 1)**2)", 3)
    choices = [parse(text) for text in ("x_0", "sin(3.1*x_0)", "sin(3*x_0)")]
    left = [(difference(state, PLAIN, [known], (1, 2), 1e-6), known) for known in choices]
    assert told_best(left, 1.0, Clock())[1] == choices[2]


def test_noise_is_not_taken_for_what_is_left():
    state = state_of("sin(3*x_0) + x_1*x_2", 3, noise=0.1)
    known = parse("sin(3*x_0)")
    left = difference(state, PLAIN, [known], (1, 2), 1e-6)
    noise = 0.1 * np.std(state.y)
    assert told_best([(left, known)], 0.3 * noise, Clock()) is None


@pytest.mark.parametrize("text", ["sqrt(x_0**2 + (x_1 - 5)**2)", "-sqrt(x_0**2 + (x_1 - 5)**2)"])
def test_a_sum_under_a_root_has_the_factors_and_the_sign_that_the_target_tells(text):
    state = state_of(text, 2)
    total = added(state, Output(("square",)), [parse("x_0**2/3 - 40"), parse("x_1**2 - 10*x_1")])
    np.testing.assert_allclose(Program([total]).values(state.X)[0], state.y, atol=1e-9)


def test_a_straight_line_is_told_from_what_is_nearly_one():
    line = state_of("3 - 2*x_0", 1)
    curve = state_of("3 - 2*x_0 + 0.01*x_0**2", 1)
    assert is_linear(line, 1e-9)
    assert not is_linear(curve, 1e-9)
    assert is_linear(curve, 1e-3)
    assert not is_linear(state_of("3", 1), 1e-3)


@pytest.mark.parametrize("law", ["x_0 - sqrt(x_1**2 + (x_2 - 2)**2)", "x_1*exp(-2*(x_0 - 3)**2) - x_0*x_2"])
def test_what_surrogates_know_roughly_is_found_exactly_once_a_part_is_known(law):
    X = np.random.default_rng(0).uniform(1, 5, (1_000, 3))
    y = values(law, *X.T)
    model = SymbolicRegressor(stages=("families", "separation", "reduction"), time_limit=60, random_state=0)
    model.fit(X, y)
    fresh = np.random.default_rng(1).uniform(1, 5, (1_000, 3))
    np.testing.assert_allclose(model.predict(fresh), values(law, *fresh.T), atol=1e-9)


def test_what_hardly_varies_beside_the_known_is_no_harm():
    state = state_of("3*x_0 - x_1**2", 3)
    X = state.X.copy()
    X[:, 2] = 1.0
    left = difference(replace(state, X=X), PLAIN, [parse("x_0")], (1, 2), 1e-4)
    np.testing.assert_allclose(left.y, values("-x_0**2", left.X[:, 0]), atol=1e-12)
