"""Sums whose terms are a square multiplied out: a^2 - 2ab + b^2 is (a - b)^2."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from nsr.expressions import algebra
from nsr.expressions.expression import Expression
from nsr.expressions.nodes import (
    FUNCTION,
    PRODUCT,
    SUM,
    Coefficient,
    Node,
    NotFinite,
    add_coefficients,
    multiply_coefficients,
)
from nsr.expressions.simplify import simplify

# A cross term may be off by this share: rounding moves fitted coefficients.
_ROUNDING = 1e-9


def with_completed_squares(expression: Expression) -> Expression:
    """The expression with the squares that its sums contain put together.

    Only three terms that are a square up to rounding are: nothing is added and taken away again.
    """
    try:
        return simplify(algebra.to_expression(_completed(algebra.from_expression(expression))))
    except NotFinite:
        return expression


def _completed(node: Node) -> Node:
    kind = node.kind
    if kind == FUNCTION:
        return algebra.function(node.name, [_completed(argument) for argument in node.parts])
    if kind == PRODUCT:
        factors = [algebra.power(_completed(base), exponent) for base, exponent in node.factors]
        return algebra.multiply([algebra.constant(node, node.coefficient), *factors])
    if kind == SUM:
        total = algebra.add([algebra.scale(_completed(term), c) for term, c in node.terms])
        return _with_squares(total) if total.kind == SUM else total
    return node


def _with_squares(total: Node) -> Node:
    """A sum, multiplied out where that shows squares."""
    terms: dict[Node, Coefficient] = {}
    for term, coefficient in itertools.chain.from_iterable(_distributed(*item) for item in total.terms):
        terms[term] = add_coefficients(terms.get(term, 0.0), coefficient)
    squares = []
    while (square := _take_square(terms)) is not None:
        squares.append(square)
    if not squares:
        return total
    return algebra.add([*squares, *(algebra.scale(term, c) for term, c in terms.items())])


def _distributed(term: Node, coefficient: Coefficient) -> Iterator[tuple[Node, Coefficient]]:
    """The terms that a product with one sum is, or the term itself."""
    factors = term.factors if term.kind == PRODUCT else []
    sums = [base for base, exponent in factors if base.kind == SUM and exponent == 1.0]
    if len(sums) != 1:
        yield term, coefficient
        return
    others = [algebra.power(base, exponent) for base, exponent in factors if base != sums[0]]
    for inner, factor in sums[0].terms:
        part = algebra.multiply([*others, inner])
        outer = multiply_coefficients(coefficient, factor)
        yield part.rest, multiply_coefficients(outer, part.coefficient)


def _take_square(terms: dict[Node, Coefficient]) -> Node | None:
    """The first square that three of the terms are, which are taken out; None where there is none."""
    roots = [(term, root) for term in sorted(terms) if (root := _root(term)) is not None]
    for (first, a), (second, b) in itertools.combinations(roots, 2):
        cross = algebra.multiply([a, b])
        p, q, r = terms[first], terms[second], terms.get(cross)
        if p is None or q is None or r is None or not p * q > 0:
            continue
        if abs(abs(r) - 2 * math.sqrt(p * q)) <= _ROUNDING * abs(r):
            for term in (first, second, cross):
                del terms[term]
            return _square(a, b, p, q, r) if abs(p) <= abs(q) else _square(b, a, q, p, r)
    return None


def _square(a: Node, b: Node, p: float, q: float, r: float) -> Node:
    """P a^2 + r a b + q b^2, where r^2 = 4 p q, as p times a square."""
    size = math.sqrt(q / p)
    other = algebra.scale(b, math.copysign(1.0 if size - 1.0 < _ROUNDING else size, r / p))
    return algebra.scale(algebra.power(algebra.add([a, other]), 2.0), p)


def _root(term: Node) -> Node | None:
    """What squared is the term, or None where that is not a product of whole powers."""
    if term.is_one:
        return term
    if term.is_function("exp"):
        return algebra.function("exp", [algebra.scale(term.parts[0], 0.5)])
    is_power = term.kind == PRODUCT and term.coefficient == 1.0
    if not is_power or any(exponent % 2 for _, exponent in term.factors):
        return None
    return algebra.multiply([algebra.power(base, exponent / 2) for base, exponent in term.factors])
