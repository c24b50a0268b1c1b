"""Sums of monomials, taken apart."""

import math

import pytest
import sympy

from nsr.expressions.monomials import (
    ONE,
    linear_combination,
    terms_of_sum,
    total_degree,
    without_a_term,
    without_factors_of_one,
)
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy


def test_a_sum_without_each_of_its_terms():
    terms = [ONE, parse("x_0"), parse("tanh(0.7*x_0 + 0.2)")]
    total = linear_combination(list(zip((3.0, -2.0, 0.5), terms, strict=True)))
    assert without_a_term(total) == [
        linear_combination([(-2.0, terms[1]), (0.5, terms[2])]),
        linear_combination([(3.0, ONE), (0.5, terms[2])]),
        linear_combination([(3.0, ONE), (-2.0, terms[1])]),
    ]
    assert without_a_term(parse("2*x_0")) == []


def test_factors_near_one_are_left_out():
    total = linear_combination([(0.95, ONE), (-1.04, parse("x_0")), (0.8, parse("x_1"))])
    assert without_factors_of_one(total, 0.1) == parse("0.95 + (-x_0) + 0.8*x_1")
    assert without_factors_of_one(parse("x_0*x_1"), 0.1) == parse("x_0*x_1")


def test_terms_of_a_sum_have_no_factors():
    terms = [ONE, parse("x_0*x_1"), parse("x_0/(0.7 + x_0)")]
    assert terms_of_sum(linear_combination(list(zip((3.0, -2.0, 0.5), terms, strict=True)))) == terms
    assert terms_of_sum(parse("0.95 + (-x_0) + x_1*x_0")) == [ONE, parse("x_0"), parse("x_1*x_0")]


@pytest.mark.parametrize(
    ("text", "degree"),
    [("3.5", 0), ("x_2", 1), ("-(2*x_0)", 1), ("x_0*(x_1 - 2*x_2)", 2), ("x_0**3*x_1**2 + x_0", 5)],
)
def test_total_degrees_are_those_of_sympy(text, degree):
    expression = parse(text)
    own = to_sympy(expression)
    symbols = own.free_symbols or {sympy.Symbol("x_0")}
    assert total_degree(expression) == degree == sympy.Poly(own, *symbols).total_degree()


@pytest.mark.parametrize("text", ["1/x_0", "x_0 + exp(x_1)", "x_0/(1 + x_1)", "sqrt(x_0)"])
def test_what_is_no_polynomial_has_no_degree(text):
    assert total_degree(parse(text)) == math.inf
