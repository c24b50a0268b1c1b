"""Sums of monomials, taken apart."""

from nsr.expressions.monomials import (
    ONE,
    linear_combination,
    terms_of_sum,
    without_a_term,
    without_factors_of_one,
)
from nsr.expressions.parsing import parse


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
