"""Sums multiplied out: equal in value, and as plain as they are written by hand."""

import numpy as np
import pytest
from hypothesis import given

from nsr.evaluate.program import Program
from nsr.expressions.flattening import flattened
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from tests.helpers.strategies import expressions

X = np.random.default_rng(0).uniform(0.5, 2, (20, 3))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("3565.87*x_1*(1.26e-09*x_0 - 7e-05)", "x_1*(4.493e-06*x_0 - 0.2496)"),
        ("-2*(x_2*(x_0*x_1 - (-1.1)))", "-2*x_2*(x_0*x_1 + 1.1)"),
        ("1.0*x_1*x_2", "x_1*x_2"),
        ("-x_0*(x_0*(0.25*x_0 - 0.5) + 0.125)", "x_0*(0.5*x_0 - 0.25*x_0**2 - 0.125)"),
        ("10*(x_1 - x_0)", "10*(x_1 - x_0)"),
        ("x_0*(1.5 - x_1)*(2 - x_1)", "x_0*(x_1 - 2)*(x_1 - 1.5)"),
        ("sin(x_0*(x_0*(2*x_1 - 3) + 1))", "sin(x_0*(x_0*(2*x_1 - 3) + 1))"),
    ],
)
def test_what_is_written_by_hand(text, plain):
    assert to_infix(flattened(simplify(parse(text))), digits=4) == plain


@given(expressions(max_leaves=9, names=["add", "sub", "mul", "neg", "square", "sin", "div"]))
def test_values_stay(expression):
    before, after = Program([expression, flattened(expression)]).values(X)
    np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6 * np.nanmax(np.abs(before), initial=1.0))
