"""Sums inside products inside sums, multiplied out: as equations of motion are usually written."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.expressions import algebra
from nsr.expressions.expression import Expression
from nsr.expressions.nodes import PRODUCT, SUM, Coefficient, Node, NotFinite, multiply_coefficients

# Sums that stand in each other are multiplied out one after the other, up to this many terms.
_MOST_TERMS = 12


def flattened(expression: Expression) -> Expression:
    """The expression with sums multiplied out that stand in products of sums.

    A product with one sum that is no part of another one stays, as in x*(a - b*y), and so does what would
    need more constants.

    Returns:
        The form with fewer constants, or else the one that is less nested, or else the shorter one.
    """
    try:
        node = algebra.from_expression(expression)
        flat = algebra.add([algebra.scale(*term) for term in terms_of(node)])
    except NotFinite:
        return expression
    return min(((expression, node), (algebra.to_expression(flat), flat)), key=_nesting)[0]


def terms_of(node: Node) -> list[tuple[Node, Coefficient]]:
    """The terms of a sum, or of the sum that a product with one is; those of sums in them, too."""
    found: list[tuple[Node, Coefficient]] = [(node, 1.0)]
    while len(found) <= _MOST_TERMS:
        further = [part for term in found for part in _distributed(*term)]
        if len(further) == len(found):
            return found
        found = further
    return [(node, 1.0)]


def _distributed(term: Node, coefficient: Coefficient) -> Iterator[tuple[Node, Coefficient]]:
    """A sum's terms, a product's with its only sum, or the term itself."""
    factors = term.factors
    sums = [base for base, exponent in factors if base.kind == SUM and exponent == 1.0]
    if len(sums) != 1:
        yield term, coefficient
        return
    outer = multiply_coefficients(term.coefficient, coefficient)
    others = [algebra.power(base, exponent) for base, exponent in factors if base != sums[0]]
    for inner, factor in sums[0].terms:
        part = algebra.multiply([*others, inner])
        yield part.rest, multiply_coefficients(outer, multiply_coefficients(factor, part.coefficient))


def _nesting(form: tuple[Expression, Node]) -> tuple[int, int, float]:
    """Constants but for 1 and -1, sums in each other beyond one, and the length."""
    expression, node = form
    n_constants = sum(abs(value) != 1 for value in expression.constants)
    return n_constants, max(1, _depth(node)), expression.complexity


def _depth(node: Node) -> int:
    """How many sums stand in each other as factors of terms; not in arguments of functions."""
    depths: list[int] = []
    if node.kind == SUM:
        depths = [_depth(term) for term in node.parts]
    if node.kind == PRODUCT:
        depths = [_depth(base) + (base.kind == SUM) for base in node.parts]
    return max(depths, default=0)
