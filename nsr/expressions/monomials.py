"""Products of powers of variables, and linear combinations, as expressions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from functools import reduce

from nsr.expressions.expression import Expression, Token, apply, constant, variable

ONE = constant(1.0)

# What sums of polynomials are made with, and powers of one.
_SUMS = {"add", "sub", "neg"}
_POWERS = {"square": 2.0, "cube": 3.0}


def power(index: int, exponent: float) -> Expression:
    """A variable to a power; the variable itself where that is 1."""
    return variable(index) if exponent == 1 else apply("pow", variable(index), constant(float(exponent)))


def monomial(exponents: Iterable[float]) -> Expression:
    """The product of the variables to these powers, in order; 1 where all are zero."""
    powers = [power(i, float(e)) for i, e in enumerate(exponents) if e]
    return reduce(lambda a, b: apply("mul", a, b), powers) if powers else constant(1.0)


def polynomials(n_variables: int, degree: int) -> tuple[Expression, ...]:
    """All monomials up to a total degree, the constant first."""
    chosen = (
        factors
        for total in range(degree + 1)
        for factors in itertools.combinations_with_replacement(range(n_variables), total)
    )
    return tuple(monomial(map(factors.count, range(n_variables))) for factors in chosen)


def total_degree(expression: Expression) -> float:
    """Highest degree of the terms of a polynomial as it is written; infinite if it is none."""
    if not expression.variables:
        return 0
    name, parts = str(expression.tokens[0]), expression.children
    degrees = [total_degree(part) for part in parts]
    if not degrees:
        return 1
    if name in _SUMS:
        return max(degrees)
    if name == "mul":
        return sum(degrees)
    exponent: Token = _POWERS.get(name, 0.0) if name != "pow" else parts[1].tokens[0]
    if isinstance(exponent, str) or exponent <= 0 or not exponent.is_integer():
        return math.inf
    return degrees[0] * exponent


def linear_combination(parts: Sequence[tuple[float, Expression]]) -> Expression:
    """The sum of weights times terms, at least one; the weight alone where the term is `ONE`."""
    weighted = [
        constant(float(weight)) if term == ONE else apply("mul", constant(float(weight)), term)
        for weight, term in parts
    ]
    return reduce(lambda a, b: apply("add", a, b), weighted)


def without_a_term(total: Expression) -> list[Expression]:
    """The sums that are left of one, as `linear_combination` writes it, without each of its terms."""
    terms = _terms(total)
    return [_sum(terms[:place] + terms[place + 1 :]) for place in range(len(terms)) if len(terms) > 1]


def without_factors_of_one(total: Expression, off: float) -> Expression:
    """A sum, as `linear_combination` writes it, of which factors that are nearly 1 or -1 are just that.

    Args:
        total: The sum.
        off: By how much these may differ.
    """
    return _sum([_without_factor_of_one(term, off) for term in _terms(total)])


def terms_of_sum(total: Expression) -> list[Expression]:
    """The terms of a sum, as `linear_combination` writes it, without their factors; `ONE` for a constant."""
    return [_factor_and_rest(term)[1] for term in _terms(total)]


def _factor_and_rest(term: Expression) -> tuple[float, Expression]:
    """A term as `linear_combination` writes it, apart; a constant is a factor of `ONE`."""
    first = term.tokens[0]
    if isinstance(first, float):
        return first, ONE
    if first == "neg":
        return -1.0, term.children[0]
    if first == "mul" and isinstance(factor := term.tokens[1], float):
        return factor, term.children[1]
    return 1.0, term


def _without_factor_of_one(term: Expression, off: float) -> Expression:
    factor, rest = _factor_and_rest(term)
    if rest == ONE or abs(abs(factor) - 1) > off:
        return term
    return rest if factor > 0 else apply("neg", rest)


def _terms(total: Expression) -> list[Expression]:
    terms: list[Expression] = []
    while total.tokens[0] == "add":
        total, last = total.children
        terms.insert(0, last)
    return [total, *terms]


def _sum(terms: Sequence[Expression]) -> Expression:
    return reduce(lambda a, b: apply("add", a, b), terms)
