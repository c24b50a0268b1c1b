import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from strategies import ELEMENTARY, expressions

from nsr.evaluate.program import Program
from nsr.export.latex import to_latex
from nsr.export.torch import ExpressionModule
from nsr.expressions.expression import Expression, constant
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import from_sympy, to_sympy

POINTS = np.random.default_rng(2).uniform(0.5, 2, (8, 3))


@settings(max_examples=100)
@given(expressions(names=ELEMENTARY))
def test_sympy_round_trip_keeps_values(expression):
    form = to_sympy(expression)
    if form.has(sympy.zoo, sympy.nan, sympy.I) or (form.is_number and not form.is_real):
        return
    before, after = Program([expression, from_sympy(form)]).values(POINTS)
    usable = np.isfinite(before) & (np.abs(before) < 1e12)
    np.testing.assert_allclose(after[usable], before[usable], rtol=1e-6, atol=1e-9)


def test_rationals_and_constants_of_sympy_are_read():
    x = sympy.Symbol("mass")
    read = from_sympy(sympy.Rational(1, 3) * x ** sympy.Rational(3, 2) + sympy.pi, ["mass"])
    values = Program([read]).values(POINTS[:, :1])[0]
    np.testing.assert_allclose(values, POINTS[:, 0] ** 1.5 / 3 + np.pi)


def test_what_has_no_operator_is_refused():
    with pytest.raises(ValueError, match="has no operator"):
        from_sympy(sympy.zeta(sympy.Symbol("x_0")))
    with pytest.raises(ValueError, match="unknown symbol"):
        from_sympy(sympy.Symbol("z"))
    with pytest.raises(ValueError, match="not real"):
        from_sympy(sympy.I)


def test_latex_reads_like_a_formula():
    text = to_latex(parse("m*c**2/sqrt(1 - v**2/c**2)", ["m", "c", "v"]), ["m", "c", "v"])
    assert text == r"\frac{c^{2} m}{\sqrt{1 - \frac{v^{2}}{c^{2}}}}"
    assert "3.142" in to_latex(Expression((3.14159265,)))
    assert to_latex(parse("6.02e23*x_0")) == r"6.02 \cdot 10^{23} x_{0}"


def test_words_are_set_upright_in_latex():
    names = ["mass_kg", "alpha", "T2", "x"]
    text = to_latex(parse("3*x_0*exp(x_1)/x_2 + x_3"), names)
    assert text == r"x + \frac{3 \mathrm{mass}_{\mathrm{kg}} e^{\alpha}}{T_{2}}"
    assert to_latex(parse("sqrt(x_0)"), ["Länge_m"]) == r"\sqrt{\mathrm{Länge}_{m}}"


@given(expressions())
def test_torch_modules_agree_with_the_evaluator(expression):
    expected = Program([expression]).values(POINTS)[0]
    with torch.no_grad():
        values = ExpressionModule(expression)(torch.from_numpy(POINTS)).numpy()
    usable = np.isfinite(expected) & (np.abs(expected) < 1e6)
    np.testing.assert_allclose(values[usable], expected[usable], rtol=1e-6, atol=1e-9)


def test_a_torch_module_learns_its_constants():
    module = ExpressionModule(parse("1.5*exp(0.5*x_0)"))
    X = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    target = 2 * torch.exp(0.7 * X[:, 0])
    optimizer = torch.optim.LBFGS(module.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = ((module(X) - target) ** 2).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(module.constants.detach(), [2.0, 0.7], rtol=1e-4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / (2 * math.pi), 1 / (2 * sympy.pi)),
        (-3 * math.pi / 4, -3 * sympy.pi / 4),
        (4 * math.pi, 4 * sympy.pi),
        (0.5, sympy.Float(0.5, 17)),
        (3.0, sympy.Integer(3)),
        (0.3183, sympy.Float(0.3183, 17)),
    ],
)
def test_multiples_of_pi_become_exact(value, expected):
    form = to_sympy(constant(value))
    assert form == expected
    assert float(form) == pytest.approx(value, rel=1e-15)
