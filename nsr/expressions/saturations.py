"""Fractions that fall beside a term of the other sign, written as ones that rise: as textbooks have them.

With positive constants, a - b/(K + x) is (a - b/K) + (b/K) x/(K + x): one function, and as many constants.
A search finds the first, which is shorter; of what grows by x/(K + x) and dies textbooks have the second. So
is b/(K + x) - a, a gain that relieves a loss in part, (b/K - a) - (b/K) x/(K + x): losses that saturate are
many. What is added as b/(K + x) to other terms, as by a gene that is repressed, stays.
"""

from __future__ import annotations

from nsr.expressions import algebra
from nsr.expressions.expression import Expression
from nsr.expressions.flattening import terms_of
from nsr.expressions.nodes import SUM, Coefficient, Node, NotFinite

_Terms = dict[Node, Coefficient]

# Share of the terms below which what is left of a constant is rounding.
_NOTHING = 1e-9


def rising(expression: Expression) -> Expression:
    """The expression with fractions that fall beside a term of the other sign written as ones that rise.

    Those of a factor that they fall with, as in x/(K + x), rise already: they are rewritten only if they are
    subtracted, or nothing of the term remains.
    """
    try:
        terms = dict(terms_of(algebra.from_expression(expression)))
        changed = False
        for term in list(terms):
            changed |= _rewritten(term, terms)
        if not changed:
            return expression
        return algebra.to_expression(algebra.add([algebra.scale(*term) for term in terms.items()]))
    except NotFinite:
        return expression


def _rewritten(term: Node, terms: _Terms) -> bool:
    """Rewrites one of the terms of a sum, if it is such a fraction; says whether it was."""
    below = [base for base, exponent in term.factors if base.kind == SUM and exponent == -1.0]
    if len(below) != 1 or len(below[0].terms) != 2:
        return False
    half, weight = below[0].constant_term, terms[term]
    inner, slope = next((node, own) for node, own in below[0].terms if not node.is_one)
    factors = [algebra.power(base, exponent) for base, exponent in term.factors if base != below[0]]
    rest = algebra.multiply([algebra.constant(term, 1.0), *factors])
    beside = terms.get(rest)
    if not half or not slope or not weight or not beside or inner.rest == rest:
        return False
    left, rises = beside + weight / half, -weight * slope / half
    is_all = abs(left) <= _NOTHING * abs(beside)
    is_apart = not _variables(rest) & _variables(inner)
    is_opposed = weight / half < 0 < beside or (is_apart and beside < 0 < weight / half)
    if slope / half < 0 or not (is_all or is_opposed):
        return False
    del terms[term], terms[rest]
    if not is_all:
        terms[rest] = left
    product = algebra.multiply([rest, inner, algebra.power(below[0], -1.0)])
    terms[product.rest] = algebra.scale(product, rises).coefficient
    return True


def _variables(node: Node) -> set[int]:
    return set(algebra.to_expression(node).variables)
