"""The identity of a skeleton: what is left when names of variables and values of constants do not count.

Two expressions share a key when one becomes the other by renaming variables, changing constants
(coefficients 1 and -1 included), and rewriting sums, products, quotients and powers. Used to keep
benchmark equations out of training, so it errs towards calling things equal.

Expressions are multiplied out first (`nsr.expressions.expansion`), because how far a sum was factored says
nothing about what it is. Here a polynomial is the list of its monomials, without coefficients, and a monomial
that of its atoms with their exponents.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from nsr.expressions.arenas import NoRoom, expanded
from nsr.expressions.expansion import SUM_ATOM
from nsr.expressions.expression import Expression, is_structural
from nsr.expressions.nodes import VARIABLE, Node

Key = tuple[Any, ...]
Atom = tuple[Any, ...]
Monomial = list[tuple[Atom, float]]

# Stands for an exponent whose value is not known, as in the expansion.
_FREE_EXPONENT = 0.123


def blind_key(expression: Expression) -> int:
    """A cheap necessary condition: a hash of the key with all variables alike."""
    try:
        arena, node = expanded(expression.tokens)
    except NoRoom:
        return 0
    return int(arena.outline[node])


@functools.lru_cache(maxsize=4096)  # few skeletons look like held-out ones, and they recur
def skeleton_key(expression: Expression) -> Key:
    """The key of a skeleton.

    Variables are told apart by colour refinement: each is coloured by the shape of the expression
    with that variable marked, until the colours stay; remaining ties are broken one by one.
    """
    monomials = _polynomial(expression)
    variables = expression.variables
    colours = _refined(monomials, dict.fromkeys(variables, 0))
    while len(set(colours.values())) < len(variables):
        tied = min(c for c in colours.values() if list(colours.values()).count(c) > 1)
        chosen = next(v for v in variables if colours[v] == tied)
        colours = _refined(monomials, {v: 2 * c + (v != chosen) for v, c in colours.items()})
    return _shape(monomials, colours)


def form_key(expression: Expression) -> Key:
    """The key of a skeleton whose variables keep their names: those of x_0**2 and x_1**2 differ."""
    return _shape(_polynomial(expression), {v: v for v in expression.variables})


def _refined(monomials: list[Monomial], colours: dict[int, int]) -> dict[int, int]:
    """Colours refined until stable; equal inputs up to renaming give equal colours."""
    while True:
        marked = {v: (colours[v], repr(_shape(monomials, {**colours, v: -1}))) for v in colours}
        ranks = {colour: rank for rank, colour in enumerate(sorted(set(marked.values())))}
        if len(ranks) == len(set(colours.values())):
            return {v: ranks[marked[v]] for v in colours}
        colours = {v: ranks[marked[v]] for v in colours}


def _shape(monomials: list[Monomial], colours: Mapping[int, int]) -> Key:
    """Nested sorted tuples without coefficients; variables appear as their colours."""
    return tuple(sorted((_monomial_shape(monomial, colours) for monomial in monomials), key=repr))


def _monomial_shape(monomial: Monomial, colours: Mapping[int, int]) -> Key:
    powers: dict[Key, float] = {}
    for atom, exponent in monomial:
        shape = (
            ("var", colours[atom[1]])
            if atom[0] == "var"
            else (*atom[:-1], *(_shape(part, colours) for part in atom[-1]))
        )
        powers[shape] = powers.get(shape, 0.0) + _exponent(exponent)
    return tuple(sorted(((shape, round(e, 6)) for shape, e in powers.items()), key=repr))


def _exponent(value: float) -> float:
    """Exponents count only where they belong to the structure."""
    return value if is_structural(value) else _FREE_EXPONENT


def _polynomial(expression: Expression) -> list[Monomial]:
    """The monomials of an expression."""
    try:
        arena, node = expanded(expression.tokens)
    except NoRoom:
        return []
    return _monomials(Node(arena, node))


def _monomials(polynomial: Node) -> list[Monomial]:
    return [[(_atom(atom), e) for atom, e in monomial.weighted] for monomial in polynomial.parts]


def _atom(node: Node) -> Atom:
    if node.kind == VARIABLE:
        return ("var", node.index)
    kind = ("sum",) if node.index == SUM_ATOM else ("fun", node.name)
    return (*kind, [_monomials(part) for part in node.parts])
