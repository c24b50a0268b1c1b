"""Products of powers of variables, and linear combinations, as expressions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import reduce

from nsr.expressions.expression import Expression, apply, constant, variable

ONE = constant(1.0)


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


def linear_combination(parts: Sequence[tuple[float, Expression]]) -> Expression:
    """The sum of weights times terms, at least one; the weight alone where the term is `ONE`."""
    weighted = [
        constant(float(weight)) if term == ONE else apply("mul", constant(float(weight)), term)
        for weight, term in parts
    ]
    return reduce(lambda a, b: apply("add", a, b), weighted)


def without_a_term(total: Expression) -> list[Expression]:
    """The sums that are left of one, as `linear_combination` writes it, without each of its terms."""
    terms: list[Expression] = []
    rest = total
    while rest.tokens[0] == "add":
        rest, last = rest.children
        terms.insert(0, last)
    terms.insert(0, rest)
    left = [terms[:place] + terms[place + 1 :] for place in range(len(terms))]
    return [reduce(lambda a, b: apply("add", a, b), some) for some in left if some]
