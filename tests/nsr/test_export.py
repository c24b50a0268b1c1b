import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from strategies import expressions

from nsr.export.latex import to_latex
from nsr.export.sympy import from_sympy, to_sympy
from nsr.expression import Expression
from nsr.parsing import parse
from nsr.program import Program

POINTS = np.random.default_rng(2).uniform(0.5, 2, (8, 3))


@settings(max_examples=100, deadline=None)
@given(expressions())
def test_sympy_round_trip_keeps_values(expression):
    form = to_sympy(expression)
    if form.has(sympy.zoo, sympy.nan, sympy.I) or (form.is_number and not form.is_real):
        return
    before, after = Program([expression, from_sympy(form)]).values(POINTS)
    usable = np.isfinite(before) & (np.abs(before) < 1e12)
    np.testing.assert_allclose(after[usable], before[usable], rtol=1e-6)


def test_rationals_and_constants_of_sympy_are_read():
    x = sympy.Symbol("mass")
    read = from_sympy(sympy.Rational(1, 3) * x ** sympy.Rational(3, 2) + sympy.pi, ["mass"])
    values = Program([read]).values(POINTS[:, :1])[0]
    np.testing.assert_allclose(values, POINTS[:, 0] ** 1.5 / 3 + np.pi)


def test_what_has_no_operator_is_refused():
    with pytest.raises(ValueError, match="has no operator"):
        from_sympy(sympy.gamma(sympy.Symbol("x_0")))
    with pytest.raises(ValueError, match="unknown symbol"):
        from_sympy(sympy.Symbol("z"))
    with pytest.raises(ValueError, match="not real"):
        from_sympy(sympy.I)


def test_latex_reads_like_a_formula():
    text = to_latex(parse("m*c**2/sqrt(1 - v**2/c**2)", ["m", "c", "v"]), ["m", "c", "v"])
    assert text == r"\frac{c^{2} m}{\sqrt{1 - \frac{v^{2}}{c^{2}}}}"
    assert "3.142" in to_latex(Expression((3.14159265,)))
