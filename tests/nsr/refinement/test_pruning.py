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


@settings(max_examples=100)
@given(expressions())
def test_none_is_longer_and_each_is_another(expression):
    forms = pruned(expression, X)
    assert all(len(form) <= len(expression) and form != expression for form in forms)
    assert len(set(forms)) == len(forms)
