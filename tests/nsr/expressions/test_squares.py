import numpy as np
import pytest
import sympy
from hypothesis import given
from strategies import expressions

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.expressions.squares import with_completed_squares
from nsr.expressions.sympy_form import to_sympy

a, b, c, d = sympy.symbols("x_0 x_1 x_2 x_3", real=True)


@pytest.mark.parametrize(
    "square",
    [
        (a - b) ** 2,
        c / ((a - b) ** 2 + (c - d) ** 2),
        3 * c * (a + 2 * b) ** 2 + d,
        (a**2 + 1) ** 2 - c,
        sympy.exp(-((a * b - c) ** 2)),
        (sympy.exp(a) - sympy.sin(b)) ** 2 * c + d,
    ],
)
def test_squares_that_were_multiplied_out_come_back(square):
    long = parse(str(sympy.expand(square)).replace("**", "^"))
    short = with_completed_squares(long)
    assert short.complexity < long.complexity
    assert sympy.simplify(to_sympy(short) - square.xreplace(_symbols(to_sympy(short)))) == 0


@pytest.mark.parametrize(
    "text", ["x_0^2 + x_0*x_1 + x_1^2", "x_0^2 - 2*x_0*x_1 - x_1^2", "x_0^2 + 2.01*x_0 + 1"]
)
def test_what_is_not_a_square_stays(text):
    simplified = simplify(parse(text))
    assert with_completed_squares(simplified) == simplified


@given(expressions())
def test_values_stay(expression):
    X = np.random.default_rng(0).uniform(0.5, 2.0, (20, 4))
    with np.errstate(all="ignore"):
        before, after = Program([expression, with_completed_squares(expression)]).values(X)
    known = np.isfinite(before) & (np.abs(before) < 1e8)
    np.testing.assert_allclose(after[known], before[known], rtol=1e-6, atol=1e-6)


def _symbols(form):
    return {sympy.Symbol(s.name, real=True): s for s in form.free_symbols}
