"""Infix text: nothing is printed that says nothing, and what is printed keeps its values."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import expressions

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, constant
from nsr.expressions.parsing import parse
from nsr.expressions.printing import format_number, to_infix

POINTS = np.random.default_rng(1).uniform(0.5, 2, (16, 3))

# A factor or a divisor of one, two signs in a row, and a sign after an operator.
IDLE = re.compile(r"(?<![\w.])1\*(?!\*)|(?<!\*)\*1(?![\w.*])|/1(?![\w.*])|[-+*/] ?[-+](?!\d\d)")


@settings(max_examples=300)
@given(expressions())
def test_what_is_printed_reads_back_with_the_same_values(expression):
    inner = Program(list(expression.subexpressions())).values(POINTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.abs(np.log10(np.abs(inner)))
    # Factors may be multiplied in another order, which shows where a product overflows.
    rows = np.all((sizes < 100) | (inner == 0), axis=0)
    before, after = Program([expression, parse(to_infix(expression))]).values(POINTS[rows])
    np.testing.assert_allclose(after, before, rtol=1e-12, equal_nan=True)


@settings(max_examples=300)
@given(expressions(), st.sampled_from([None, 3]))
def test_nothing_idle_is_printed(expression, digits):
    assert not IDLE.search(to_infix(expression, digits=digits))


@given(expressions())
def test_printing_what_was_printed_changes_nothing(expression):
    text = to_infix(expression)
    assert to_infix(parse(text)) == text


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (("mul", "mul", 1.0, "x_1", "x_2"), "x_1*x_2"),
        (("square", "cube", "x_0"), "x_0**6"),
        (("pow", "square", "neg", "x_0", 2.0), "(-x_0)**4"),
        (("pow", "square", "x_0", 0.5), "(x_0**2)**0.5"),
        (("mul", -2.0, "mul", "x_2", "sub", "mul", "x_0", "x_1", -1.1), "-2*x_2*(x_0*x_1 + 1.1)"),
        (("add", "x_0", "mul", -3.0, "x_1"), "x_0 - 3*x_1"),
        (("sub", "x_0", "neg", "x_1"), "x_0 + x_1"),
        (("sub", "x_0", "sub", "x_1", "x_2"), "x_0 - (x_1 - x_2)"),
        (("mul", -1.0, "add", "x_0", "x_1"), "-(x_0 + x_1)"),
        (("neg", "neg", "x_0"), "x_0"),
        (("mul", "x_0", "inv", "x_1"), "x_0/x_1"),
        (("div", "x_0", "mul", "x_1", "x_2"), "x_0/(x_1*x_2)"),
        (("div", "x_0", 1.0), "x_0"),
        (("inv", "neg", "x_0"), "-1/x_0"),
        (("square", "neg", "x_0"), "(-x_0)**2"),
        (("neg", "pow", "x_0", -2.0), "-x_0**(-2)"),
        (("mul", "C", "exp", "neg", "x_0"), "C*exp(-x_0)"),
    ],
)
def test_signs_and_factors_read_as_one_writes_them(tokens, text):
    assert to_infix(Expression(tokens)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_exactly(value):
    assert Program([parse(format_number(value))]).values(POINTS[:1])[0][0] == value


def test_rounded_numbers_are_short():
    assert to_infix(constant(np.pi), digits=3) == "3.14"
    assert format_number(2.0) == "2"
