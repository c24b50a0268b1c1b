import numpy as np
import pytest
from tasks import root

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.search.response import PLAIN
from nsr.search.state import State
from nsr.search.structure.affine import affine_splits
from nsr.search.structure.parts import in_terms_of, without_offset


def state_of(text: str, n_variables: int) -> State:
    X = np.random.default_rng(0).uniform(0.5, 2, (1_500, n_variables))
    return root(X, Program([parse(text)]).values(X)[0])


def test_a_function_that_only_its_coefficients_vary_is_found():
    state = state_of("sin(x_0)*(x_1 + x_2**2) + x_1*x_2", 3)
    split = next(s for s in affine_splits(state) if s.group == (0,) and s.surrogate.output == PLAIN)
    assert not split.is_product
    correlation = np.corrcoef(split.inner.y, np.sin(split.inner.X[:, 0]))[0, 1]
    assert abs(correlation) > 1 - 1e-6


@pytest.mark.parametrize(
    ("text", "inner", "factor", "offset"),
    [
        ("sin(x_0)*(x_1 + x_2**2) + x_1*x_2", "sin(x_0) + 0.7", "x_0 + x_1**2", "x_0*x_1"),
        ("(exp(x_0) + 3)*x_1*x_2 + 5", "exp(x_0)", "x_0*x_1", "5"),
    ],
)
def test_coefficients_are_those_of_the_function_without_its_offset(text, inner, factor, offset):
    state = state_of(text, 3)
    split = next(s for s in affine_splits(state) if s.group == (0,) and s.surrogate.output == PLAIN)
    found = split.coefficients(parse(inner))
    X = found.factor.state.X
    for coefficient, expected in ((found.factor, factor), (found.offset, offset)):
        truth = Program([parse(expected)]).values(X)[0]
        np.testing.assert_allclose(coefficient.state.y, truth, atol=1e-2)


def test_products_are_told_from_sums_even_where_the_target_changes_sign():
    state = state_of("log(x_0)*(x_1 - 1/x_2)", 3)
    split = affine_splits(state)[0]
    assert (split.is_product, split.group, split.surrogate.output) == (True, (0,), PLAIN)
    ratio = split.inner.y / np.log(split.inner.X[:, 0])
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-2)


def test_the_reciprocal_and_the_root_are_looked_at_too():
    outputs = {s.surrogate.output.names for s in affine_splits(state_of("1/(exp(x_0)*x_1 + cos(x_1))", 2))}
    assert ("inv",) in outputs
    outputs = {s.surrogate.output.names for s in affine_splits(state_of("sqrt(exp(x_0)*x_1 + x_1**3)", 2))}
    assert ("square",) in outputs


def test_what_is_mixed_is_not_split():
    assert affine_splits(state_of("exp(x_0*x_1) + sin(x_0 + x_1**2)", 2)) == []


def test_one_variable_has_nothing_to_split():
    assert affine_splits(state_of("exp(x_0)", 1)) == []


def test_parts_are_put_together_over_the_states_variables():
    state = root(np.ones((4, 3)), np.ones(4))
    part = state.without((0, 1))
    assert in_terms_of(state, part, parse("exp(x_0)")) == parse("exp(x_2)")


@pytest.mark.parametrize(
    ("text", "bare"), [("sin(x_0) - 3", "sin(x_0)"), ("2 + (x_0 + 1)", "x_0"), ("x_0*3", "x_0*3")]
)
def test_added_constants_are_left_out(text, bare):
    assert without_offset(parse(text)) == parse(bare)
