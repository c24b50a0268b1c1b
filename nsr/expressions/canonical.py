"""The identity of a skeleton: what is left when names of variables and values of constants do not count.

Two expressions share a key when one becomes the other by renaming variables, changing constants
(coefficients 1 and -1 included), and rewriting sums, products, quotients and powers. Used to keep
benchmark equations out of training, so it errs towards calling things equal.

Expressions are multiplied out first, because how far a sum was factored says nothing about what it is:
a polynomial here maps monomials to coefficients, a monomial maps atoms to exponents, and an atom is a
variable, a function of polynomials, or a sum under a power other than 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nsr.expressions import algebra
from nsr.expressions.expression import Expression, is_structural
from nsr.expressions.nodes import Coefficient, Node, NotFinite, multiply_coefficients

Key = tuple[Any, ...]
Atom = tuple[Any, ...]
Monomial = frozenset[tuple[Atom, float]]
Polynomial = dict[Monomial, Coefficient]

_UNIT: Monomial = frozenset()
# Products of sums that would take more terms than this stay factored.
_MOST_TERMS = 64
# Stands for an exponent whose value is not known; any number that is not a structural exponent would do.
_FREE_EXPONENT = 0.123
# Coefficients that cancel leave no more than this share of their sizes.
_ROUNDING = 1e-12


def blind_key(expression: Expression) -> int:
    """A cheap necessary condition: a hash of the key with all variables alike."""
    return _blind(_polynomial(expression).keys())


def skeleton_key(expression: Expression) -> Key:
    """The key of a skeleton.

    Variables are told apart by colour refinement: each is coloured by the shape of the expression
    with that variable marked, until the colours stay; remaining ties are broken one by one.
    """
    monomials = frozenset(_polynomial(expression))
    variables = expression.variables
    colours = _refined(monomials, dict.fromkeys(variables, 0))
    while len(set(colours.values())) < len(variables):
        tied = min(c for c in colours.values() if list(colours.values()).count(c) > 1)
        chosen = next(v for v in variables if colours[v] == tied)
        colours = _refined(monomials, {v: 2 * c + (v != chosen) for v, c in colours.items()})
    return _shape(monomials, colours)


def form_key(expression: Expression) -> Key:
    """The key of a skeleton whose variables keep their names: those of x_0**2 and x_1**2 differ."""
    return _shape(frozenset(_polynomial(expression)), {v: v for v in expression.variables})


def _refined(monomials: frozenset[Monomial], colours: dict[int, int]) -> dict[int, int]:
    """Colours refined until stable; equal inputs up to renaming give equal colours."""
    while True:
        marked = {v: (colours[v], repr(_shape(monomials, {**colours, v: -1}))) for v in colours}
        ranks = {colour: rank for rank, colour in enumerate(sorted(set(marked.values())))}
        if len(ranks) == len(set(colours.values())):
            return {v: ranks[marked[v]] for v in colours}
        colours = {v: ranks[marked[v]] for v in colours}


def _shape(monomials: Collection[Monomial], colours: Mapping[int, int]) -> Key:
    """Nested sorted tuples without coefficients; variables appear as their colours."""
    return tuple(sorted((_monomial_shape(monomial, colours) for monomial in monomials), key=repr))


def _monomial_shape(monomial: Monomial, colours: Mapping[int, int]) -> Key:
    powers: dict[Key, float] = {}
    for atom, exponent in monomial:
        shape = (
            ("var", colours[atom[1]])
            if atom[0] == "var"
            else (*atom[:-1], *(_shape([m for m, _ in part], colours) for part in atom[-1]))
        )
        powers[shape] = powers.get(shape, 0.0) + _exponent(exponent)
    return tuple(sorted(((shape, round(e, 6)) for shape, e in powers.items()), key=repr))


def _blind(monomials: Collection[Monomial]) -> int:
    """A hash of the shape in which all variables are alike; sums of hashes need no sorting."""
    return hash(sum([_blind_monomial(monomial) for monomial in monomials]))


def _blind_monomial(monomial: Monomial) -> int:
    variables = 0
    powers: dict[int, float] = {}
    for atom, exponent in monomial:
        if atom[0] == "var":
            variables += hash((_exponent(exponent), "var"))
        else:
            shape = hash((*atom[:-1], *(_blind([m for m, _ in part]) for part in atom[-1])))
            powers[shape] = powers.get(shape, 0.0) + _exponent(exponent)
    return hash((variables, sum([hash((shape, round(e, 6))) for shape, e in powers.items()])))


def _exponent(value: float) -> float:
    """Exponents count only where they belong to the structure."""
    return value if is_structural(value) else _FREE_EXPONENT


@functools.lru_cache(maxsize=64)  # both keys of an expression are often asked for
def _polynomial(expression: Expression) -> Polynomial:
    try:
        return _expanded(algebra.from_expression(expression))
    except NotFinite:
        return {_UNIT: None}


def _expanded(node: Node) -> Polynomial:
    """A node multiplied out."""
    kind = node[0]
    if kind == "num":
        return {_UNIT: node[1]}
    if kind == "var":
        return _atomic(node)
    if kind == "sum":
        return _sum([_scaled(_expanded(term), c) for term, c in node[1]])
    if kind == "prod":
        parts = [_power(_expanded(base), exponent) for base, exponent in _factors(node, 1.0)]
        if math.prod(map(len, parts)) > _MOST_TERMS:
            parts = [_unexpanded(part) for part in parts]
        return functools.reduce(_times, parts, {_UNIT: node[1]})
    return _function(node[1], node[2])


def _function(name: str, arguments: tuple[Node, ...]) -> Polynomial:
    if name == "abs":  # absolute values do not distinguish skeletons
        return _expanded(arguments[0])
    if name == "log":
        return _sum([_scaled(_log(_expanded(base)), e) for base, e in _factors(arguments[0], 1.0)])
    if name == "pow" and arguments[1][0] == "num":
        return _power(_expanded(arguments[0]), _FREE_EXPONENT)
    return _atomic(("fun", name, tuple(_frozen(_expanded(argument)) for argument in arguments)))


def _factors(node: Node, exponent: float) -> Iterator[tuple[Node, float]]:
    """Bases and exponents of a product, those of products under a power included."""
    if node[0] != "prod":
        yield node, exponent
        return
    for base, inner in node[2]:
        yield from _factors(base, exponent * inner)


def _log(argument: Polynomial) -> Polynomial:
    """Logarithm of a sum: what its terms share becomes summands of its own."""
    content, rest = _content(argument)
    terms = [_scaled(_atomic(("fun", "log", (_frozen(_atomic(atom)),))), e) for atom, e in content]
    is_constant = rest.keys() == {_UNIT}
    if not is_constant:
        terms.append(_atomic(("fun", "log", (_frozen(rest),))))
    elif rest[_UNIT] != 1.0:
        terms.append({_UNIT: None})
    return _sum(terms)


def _power(base: Polynomial, exponent: float) -> Polynomial:
    """A power; of a sum, what its terms share is raised on its own."""
    if exponent == 1.0 or not base:
        return base
    content, rest = _content(base)
    factors = {atom: e * exponent for atom, e in content}
    is_unit = len(rest) == 1 and rest.get(_UNIT) == 1.0
    if len(rest) > 1:
        factors[("sum", (_frozen(rest),))] = exponent
    return {frozenset(factors.items()): 1.0 if is_unit or len(rest) > 1 else None}


def _content(polynomial: Polynomial) -> tuple[Monomial, Polynomial]:
    """The lowest power of each atom over all terms, and the polynomial divided by these."""
    powers = [dict(monomial) for monomial in polynomial]
    lowest = {
        atom: min(power.get(atom, 0.0) for power in powers) for atom in {a for power in powers for a in power}
    }
    content = frozenset((atom, e) for atom, e in lowest.items() if e != 0)
    inverse = frozenset((atom, -e) for atom, e in content)
    return content, {_merged(monomial, inverse): c for monomial, c in polynomial.items()}


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    return _sum([{_merged(m, n): multiply_coefficients(c, d) for n, d in b.items()} for m, c in a.items()])


def _unexpanded(polynomial: Polynomial) -> Polynomial:
    """The polynomial as one atom, if it is a sum."""
    return _atomic(("sum", (_frozen(polynomial),))) if len(polynomial) > 1 else polynomial


def _merged(a: Monomial, b: Monomial) -> Monomial:
    if not a or not b:
        return a or b
    exponents = dict(a)
    for atom, e in b:
        exponents[atom] = exponents.get(atom, 0.0) + e
    return frozenset((atom, e) for atom, e in exponents.items() if e != 0)


def _sum(parts: list[Polynomial]) -> Polynomial:
    if len(parts) == 1:
        return parts[0]
    result: Polynomial = {}
    sizes: dict[Monomial, float] = {}
    for part in parts:
        for monomial, c in part.items():
            old = result.get(monomial, 0.0)
            result[monomial] = None if old is None or c is None else old + c
            sizes[monomial] = sizes.get(monomial, 0.0) + abs(c or 0.0)
    return {m: c for m, c in result.items() if c is None or abs(c) > _ROUNDING * sizes[m]}


def _scaled(polynomial: Polynomial, coefficient: Coefficient) -> Polynomial:
    if coefficient == 1.0:
        return polynomial
    return {m: multiply_coefficients(c, coefficient) for m, c in polynomial.items()}


def _atomic(atom: Atom) -> Polynomial:
    return {frozenset([(atom, 1.0)]): 1.0}


def _frozen(polynomial: Polynomial) -> frozenset[tuple[Monomial, Coefficient]]:
    return frozenset(polynomial.items())
