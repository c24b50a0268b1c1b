import numpy as np
import pytest
from tasks import root

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.search.low_rank import fit_sums_of_products
from nsr.search.response import Response
from nsr.search.state import State
from nsr.search.structure.separation import separation
from nsr.search.structure_settings import LowRankSettings


def state_of(text: str, n_variables: int) -> State:
    X = np.random.default_rng(0).uniform(1, 4, (800, n_variables))
    return root(X, Program([parse(text)]).values(X)[0])


@pytest.mark.parametrize(
    ("text", "n_variables", "operator", "parts"),
    [
        ("x_0*exp(-x_0)+x_1**2", 2, "add", {("x_0",), ("x_1",)}),
        ("x_4+x_0*x_2**4+x_3*x_1**2", 5, "add", {("x_0", "x_2"), ("x_1", "x_3"), ("x_4",)}),
        ("exp(x_0)*(x_1+sqrt(x_2))", 3, "mul", {("x_0",), ("x_1", "x_2")}),
    ],
)
def test_sums_and_products_come_apart(text, n_variables, operator, parts):
    state = state_of(text, n_variables)
    found = separation(state, state.surrogate)
    assert found.is_product == (operator == "mul")
    assert {tuple(v.tokens[0] for v in part.variables) for part in found.parts} == parts
    combined = (
        sum(part.y for part in found.parts)
        if operator == "add"
        else np.prod([part.y for part in found.parts], axis=0)
    )
    difference = state.y - combined if operator == "add" else state.y / combined
    assert np.std(difference) < 1e-3 * np.std(state.y)


def test_a_factor_whose_sign_changes_comes_apart_by_a_sum_of_products():
    state = state_of("cos(x_0)*(x_1**2*x_2-x_2/x_3**3)", 4)
    (surrogate, *_), _ = fit_sums_of_products(state.X, Response.of(state), LowRankSettings())
    found = separation(state, surrogate)
    assert {tuple(v.tokens[0] for v in part.variables) for part in found.parts} == {
        ("x_0",), ("x_2",), ("x_1", "x_3"),
    }  # fmt: skip
    combined = np.prod([part.y for part in found.parts], axis=0)
    assert np.std(state.y - combined) < 1e-6 * np.std(state.y)


@pytest.mark.parametrize("text", ["x_0/(x_1+x_0)", "sin(x_0*x_1)+x_0", "exp(x_0*x_1)+x_1"])
def test_what_is_mixed_stays_together(text):
    state = state_of(text, 2)
    assert all(separation(state, surrogate) is None for surrogate in state.surrogates)


def test_one_variable_and_noise_do_not_separate(rng):
    noise = root(rng.uniform(1, 4, (300, 3)), rng.standard_normal(300))
    for state in (state_of("sin(x_0)", 1), noise):
        assert all(separation(state, surrogate) is None for surrogate in state.surrogates)


def test_another_surrogate_than_the_best_may_say_so():
    state = state_of("sqrt(x_0/(x_0 + 1) + x_1*(x_1 + 1))", 2)
    found = {s.output.names: separation(state, s) for s in state.best_of_each_output}
    assert (found["square",].is_product, found["square",].outer) == (False, ("sqrt",))
