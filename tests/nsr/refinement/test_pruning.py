import numpy as np
from hypothesis import given, settings
from strategies import expressions

from nsr.evaluate.program import values_of
from nsr.expressions.parsing import parse
from nsr.refinement.pruning import pruned

X = np.random.default_rng(0).uniform(1, 3, (50, 3))


def test_each_part_that_varies_is_left_out_in_turn():
    forms = pruned(parse("x_0*exp(x_1)"), X)
    assert {form.variables for form in forms} == {(0,), (1,)}
    level = float(np.median(np.exp(X[:, 1])))
    assert any(np.allclose(values_of(form, X), level * X[:, 0]) for form in forms)


def test_each_factor_and_summand_is_left_out_in_turn():
    forms = pruned(parse("0.24*exp(0.94*x_0 - 0.43*x_1) + 3"), X)
    wanted = (
        "exp(0.94*x_0 - 0.43*x_1) + 3",
        "0.24*exp(x_0 - 0.43*x_1) + 3",
        "0.24*exp(0.94*x_0 - x_1) + 3",
        "0.24*exp(0.94*x_0 - 0.43*x_1)",
    )
    for text in wanted:
        assert any(np.allclose(values_of(form, X), values_of(parse(text), X)) for form in forms), text


def test_a_phase_gives_way_to_quarters_of_a_turn():
    near = {
        "sin(3*x_0 + 1.61)": "cos(3*x_0)",
        "sin(3*x_0 - 1.5)": "-cos(3*x_0)",
        "cos(3*x_0 + 1.61)": "-sin(3*x_0)",
        "cos(3.2 - 3*x_0)": "-cos(3*x_0)",
        "sin(3.2 - 3*x_0)": "sin(3*x_0)",
    }
    for text, wanted in near.items():
        values = values_of(parse(wanted), X)
        assert any(np.allclose(values_of(form, X), values) for form in pruned(parse(text), X)), text


@settings(max_examples=100)
@given(expressions())
def test_none_is_longer_and_each_is_another(expression):
    forms = pruned(expression, X)
    assert all(len(form) <= len(expression) and form != expression for form in forms)
    assert len(set(forms)) == len(forms)
