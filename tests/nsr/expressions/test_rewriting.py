import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from strategies import expressions

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.rewriting import (
    factored,
    multiplied_out,
    rewritten,
    tidied,
    with_exponentials_apart,
    without_idle_abs,
    without_redundant_constants,
)
from nsr.expressions.simplify import simplify

x, y, z = sympy.symbols("x y z", real=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("4*(0.5*x_0+0.25*x_1)", "2*x_0 + x_1"), ("x_0*(x_1/x_0+1)", "x_0 + x_1")],
)
def test_factors_are_multiplied_out(text, wanted):
    assert wanted in [to_infix(form) for form in rewritten(parse(text))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x_1*(0.5*log(x_0 + 0.125) + 1.0397207708399179)", "0.5*x_1*log(8*x_0 + 1)"),
        ("x_1 + 4*((3/x_0 - 1)/(2/x_0 + 1) + 1)", "x_1 + 20/(x_0 + 2)"),
    ],
)
def test_constants_go_where_they_are_fewer(text, wanted):
    X = np.random.default_rng(0).uniform(0.5, 2, (50, 2))
    forms = rewritten(parse(text))
    fewest = min(forms, key=lambda form: form.complexity)
    assert fewest.skeleton() == simplify(parse(wanted)).skeleton()
    np.testing.assert_allclose(Program([fewest]).values(X), Program([parse(wanted)]).values(X), rtol=1e-12)


def test_the_constant_of_a_sum_may_become_one_though_another_coefficient_is():
    forms = rewritten(parse("x_1*(1.4142135623730951*sqrt(0.5 + x_0) + 1)"))
    constants = [sorted(form.constants) for form in forms]
    assert any(values == pytest.approx([1, 1, 1, 2], rel=1e-12) for values in constants)


def test_constants_that_overflow_are_left_where_they_are():
    for form in rewritten(parse("0.001*log(x_0 + 1) + 5.5*x_1 + 7.25")):
        assert all(math.isfinite(value) for value in form.constants)


def test_high_powers_of_sums_stay():
    assert all("**81" in to_infix(form) for form in rewritten(parse("(x_0 + x_1 + 1)**81 + x_0")))


def test_short_sums_and_products_are_those_of_sympy():
    product = (x + 2 * y) ** 3 * (x - z)
    assert multiplied_out(product) == sympy.expand(product)
    assert factored(sympy.expand(product)) == sympy.factor(sympy.expand(product))
    assert factored(1 / (x + y) + 1 / (x - y)) == 2 * x / ((x + y) * (x - y))


@pytest.mark.parametrize(
    "form", [(x + y) ** 10**9, (x + y + z) ** sympy.Rational(101, 2), (sympy.log(x + y) + x + y + z) ** -20]
)
def test_sums_that_would_be_long_are_not_multiplied_out(form):
    assert multiplied_out(form) == form
    assert factored(form) == form


@pytest.mark.parametrize(
    "form",
    [
        x**1000 + x * y,
        x * sympy.exp(1000 * y) + x,
        10**300 * x + x * y,
        sum((1 / (x + i * y + z) for i in range(15)), x * y),
    ],
)
def test_products_that_would_take_long_to_find_are_not_looked_for(form):
    assert factored(form) == form


@pytest.mark.parametrize(
    "text", ["x_0*(x_1+2)*exp(x_0-x_1)", "2*x_0+2*x_1", "sqrt(x_0*(x_1+1))", "abs(x_0)/x_1"]
)
def test_other_words_mean_the_same(text):
    X = np.random.default_rng(0).uniform(0.5, 2, (50, 2))
    expression = parse(text)
    for form in rewritten(expression):
        assert form != expression
        np.testing.assert_allclose(Program([form]).values(X), Program([expression]).values(X), rtol=1e-12)


def test_long_expressions_are_not_multiplied_out():
    factors = [f"(x_0 + {i}*x_1 + 1)" for i in range(2, 9)]
    long = simplify(parse("*".join(factors)))
    assert rewritten(long) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3*sqrt(0.25*x_0 - 0.5*x_1)", "1.5*sqrt(x_0 - 2*x_1)"),
        ("x_0/(0.5 + 0.25*sin(0.3*x_1))", "2*x_0/(0.5*sin(0.3*x_1) + 1)"),
        ("exp(2*(4*x_0 + 8*x_1)**2)", "exp(32*(2*x_1 + x_0)**2)"),
        ("0.5*x_0 + 0.25*x_1", "0.25*x_1 + 0.5*x_0"),
        ("3/(x_0 + 5*x_1)", "3/(5*x_1 + x_0)"),
    ],
)
def test_sums_in_products_lose_the_constant_they_have_too_many(text, wanted):
    assert without_redundant_constants(parse(text)) == simplify(parse(wanted))


@given(expressions())
def test_without_redundant_constants_values_stay_and_constants_get_no_more(expression):
    shorter = without_redundant_constants(expression)
    assert len(shorter.constants) <= len(simplify(expression).constants)
    X = np.random.default_rng(0).uniform(0.5, 2, (20, 10))
    before, after = Program([expression, shorter]).values(X)
    known = np.isfinite(before) & (np.abs(before) < 1e8)
    np.testing.assert_allclose(after[known], before[known], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(log(sqrt(x_0/x_1)))", "(x_0 - x_1)/(x_0 + x_1)"),
        ("2*tanh(0.7*log(x_0)) + 1", "2*(x_0**1.4 - 1)/(x_0**1.4 + 1) + 1"),
        ("cosh(log(x_0))", "0.5*(x_0**2 + 1)/x_0"),
        ("sinh(-3*log(x_0))", "-0.5*(x_0**6 - 1)/x_0**3"),
    ],
)
def test_hyperbolic_functions_of_logarithms_are_ratios_of_powers(text, expected, rng):
    X = rng.uniform(0.5, 3, (20, 2))
    forms = {to_infix(form): form for form in rewritten(parse(text))}
    assert expected in forms
    values = Program([parse(text), forms[expected]]).values(X)
    np.testing.assert_allclose(values[1], values[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("turns", "name", "wanted"),
    [
        (1, "sin", "cos(3*x_0)"),
        (1, "cos", "-sin(3*x_0)"),
        (-1, "cos", "sin(3*x_0)"),
        (2, "sin", "-sin(3*x_0)"),
        (3, "cos", "sin(3*x_0)"),
        (-2, "cos", "-cos(3*x_0)"),
        (4, "sin", "sin(3*x_0)"),
    ],
)
def test_quarter_turns_change_the_function(turns, name, wanted):
    expression = parse(f"{name}(3*x_0 + ({turns * math.pi / 2!r}))")
    assert to_infix(tidied(expression)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("exp(x_1*log(x_0))", "x_0**x_1"), ("2*exp(-3*x_1*log(x_0+1)/x_2)", "2*(x_0 + 1)**(-3*x_1/x_2)")],
)
def test_exponentials_of_logarithms_are_powers(text, wanted):
    found = tidied(parse(text))
    assert "exp" not in found.tokens
    X = np.random.default_rng(0).uniform(0.5, 2, (20, 3))
    values = Program([found, parse(wanted)]).values(X)
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


@given(expressions())
def test_tidied_values_stay(expression):
    X = np.random.default_rng(0).uniform(0.5, 2, (20, 3))
    values = Program([expression, tidied(expression)]).values(X)
    finite = np.all(np.isfinite(values), axis=0) & (np.abs(values[0]) < 1e6)
    np.testing.assert_allclose(values[1][finite], values[0][finite], rtol=1e-6, atol=1e-9)


def test_absolute_values_of_variables_with_one_sign_go():
    X = np.array([[1.0, -1.0, 1.0], [2.0, -3.0, -1.0]])
    expression = parse("abs(x_0) + 2*abs(x_1) + abs(x_2) + abs(x_0 - 1)")
    assert without_idle_abs(expression, X) == parse("x_0 + 2*(-x_1) + abs(x_2) + abs(x_0 - 1)")


def test_exponentials_of_sums_are_products_of_exponentials(rng):
    whole = parse("2*exp(1.5 + x_0 - 3*x_1/x_0)*sin(exp(x_0 - 1))")
    apart = with_exponentials_apart(whole)
    assert not {"add", "sub"} & set(apart.tokens)
    X = rng.uniform(1, 2, (50, 2))
    np.testing.assert_allclose(*Program([whole, apart]).values(X), rtol=1e-12)
