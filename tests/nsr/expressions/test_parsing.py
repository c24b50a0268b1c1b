import contextlib
import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ELEMENTARY, expressions

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import MAX_DEPTH, ParseError, parse
from nsr.expressions.printing import to_infix

POINTS = np.random.default_rng(1).uniform(0.5, 2, (16, 3))


@settings(max_examples=100)
@given(expressions(names=ELEMENTARY))
def test_sympy_reads_the_same_text(expression):
    symbols = sympy.symbols("x_0 x_1 x_2", real=True)
    ours = Program([expression]).values(POINTS[:1])[0][0]
    # Our own printer wrote this text; nothing of a user's reaches SymPy's parser.
    read = sympy.parse_expr(to_infix(expression), local_dict={s.name: s for s in symbols}, evaluate=False)
    theirs = read.subs(dict(zip(symbols, POINTS[0], strict=True))).evalf()
    if np.isfinite(ours) and abs(ours) < 1e100:
        assert complex(theirs) == pytest.approx(complex(ours), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3*4", 14.0), ("-2**2", -4.0), ("2**3**2", 512.0), ("2**-1", 0.5), ("8/4/2", 1.0),
        ("1 - 2 - 3", -4.0),
        ("(1 - 2)*-3", 3.0), ("2^3", 8.0), ("ln(e)", 1.0), ("arcsin(1)", np.pi / 2), ("Abs(-3)", 3.0),
        ("1e3", 1000.0),
        (".5 + 5.", 5.5), ("pow(2, 5)", 32.0), ("+3", 3.0), ("cos(pi)", -1.0),
    ],
)  # fmt: skip
def test_arithmetic_binds_as_usual(text, value):
    assert Program([parse(text)]).values(POINTS[:1])[0][0] == pytest.approx(value)


def test_columns_may_hide_functions_and_constants():
    expression = parse("e*sin + pi", ["e", "sin", "pi"])
    assert expression.tokens == ("add", "mul", "x_0", "x_1", "x_2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends where"), ("x_0 +", "ends where"), ("(x_0", "is expected"), ("x_0)", "unexpected"),
        ("__import__('os')", "unexpected character"), ("__import__(1)", "unknown function"),
        ("x_0.real", "unexpected"),
        ("lambda: 0", "unexpected character"), ("sinn(x_0)", "did you mean 'sin'"),
        ("foo", "unknown variable"),
        ("1e999", "too large"), ("sin(1, 2)", "takes 1 argument"), ("x_0 x_1", "unexpected 'x_1'"),
        ("@", "position 0"),
        ("9" * 20_000, "characters"),
    ],
)  # fmt: skip
def test_bad_text_gets_a_clear_error(text, message):
    with pytest.raises(ParseError, match=message):
        parse(text)


@pytest.mark.parametrize("opening", ["(", "-", "2**", "sin("])
def test_deep_nesting_is_refused_not_crashed_on(opening):
    with pytest.raises(ParseError, match="deeper"):
        parse(opening * (MAX_DEPTH * 5) + "1")


def test_a_misspelt_column_is_suggested():
    with pytest.raises(ParseError, match="did you mean 'mass'"):
        parse("maas*2", ["mass"])


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ParseError):
        parse(text)


def test_free_names_are_constants_to_be_fitted():
    assert parse("a*mass + b*sin(pi*mass)", ["mass"], free_names=True) == Expression(
        ("add", "mul", "C", "x_0", "mul", "C", "sin", "mul", math.pi, "x_0")
    )


def test_comparisons_are_read():
    assert parse("where(x_0 > 4, 3*x_1, 2)") == parse("where(greater(x_0, 4), 3*x_1, 2)")
    assert parse("x_0 + 1 < 2*x_1") == parse("less(x_0 + 1, 2*x_1)")
