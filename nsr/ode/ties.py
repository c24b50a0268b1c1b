"""Like terms of two equations that are one flow, such as `0.05*R` in dS/dt and `-0.05*R` in dR/dt.

Where a third equation follows from these two, the flow from R to S is not in it: its constants are the same.
So the constant of one of such terms is that of the other, times a number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.canonical import Key, form_key
from nsr.expressions.expression import Expression, apply
from nsr.expressions.monomials import ONE
from nsr.ode.motion import System, all_constants, with_all_constants

Array = NDArray[np.float64]

# Share of the larger one of two like terms that is left where they are the same, and where they may be.
_SAME, _ALIKE = 1e-9, 0.5


@dataclass(frozen=True)
class Tie:
    """Two constants of a system, of which one is the other times a number.

    Attributes:
        free: Place of the one that is fitted, among all constants of the system.
        tied: Place of the other.
        ratio: What the free one is multiplied by.
    """

    free: int
    tied: int
    ratio: float


@dataclass(frozen=True)
class _Term:
    """A term of a component, with one constant.

    Attributes:
        key: Of what the constant is multiplied by.
        place: Of the constant, among those of the component.
        value: What multiplies that in the component, the sign in front of it counted.
        sign: Of what multiplies the constant.
    """

    key: Key
    place: int
    value: float
    sign: float


def ties(system: System, shares: Array) -> list[Tie]:
    """Like terms that are one flow already, to the last digits.

    Args:
        system: Right-hand sides; those that follow from others have no shares.
        shares: How much of each component those that follow from them have, shape (Q, D).
    """
    return list(_pairs(system, shares, _SAME))


def with_ties(system: System, shares: Array) -> System | None:
    """The system with like terms that nearly cancel in a component that follows; None without further ones.

    Args:
        system: As of `ties`.
        shares: As of `ties`.
    """
    found = list(_pairs(system, shares, _ALIKE))
    if len(found) == len(ties(system, shares)):
        return None
    values = all_constants(system)
    for tie in found:
        values[tie.tied] = tie.ratio * values[tie.free]
    return with_all_constants(system, values)


def _pairs(system: System, shares: Array, left: float) -> Iterator[Tie]:
    """Pairs of like terms of which that share at most is left where a component follows from both."""
    first = np.cumsum([0, *(len(component.constants) for component in system)]).tolist()
    terms = [_terms(one) if np.any(shares[:, place]) else [] for place, one in enumerate(system)]
    tied, free = set[int](), set[int]()
    for row in shares:
        for a, b in itertools.combinations(np.flatnonzero(row).tolist(), 2):
            for one, other in itertools.product(terms[a], terms[b]):
                sizes = row[a] * one.value, row[b] * other.value
                if one.key != other.key or abs(sum(sizes)) > left * max(map(abs, sizes)):
                    continue
                places = first[a] + one.place, first[b] + other.place
                if tied & set(places) or places[1] in free:
                    continue
                tied.add(places[1])
                free.add(places[0])
                yield Tie(*places, float(-row[a] * one.sign / (row[b] * other.sign)))


def _terms(component: Expression) -> list[_Term]:
    """The terms of a sum that have one constant, products with sums being multiplied out."""
    found = []
    for sign, factors in _multiplied_out(component, 0):
        constants = [(one, place) for one, place in factors if one.constants]
        if len(constants) != 1 or len(constants[0][0].tokens) > 1:
            continue
        ((value, place),) = constants
        rest = [one for one, _ in factors if not one.constants]
        if rest:
            found.append(_Term(form_key(_product(rest)), place, sign * value.constants[0], sign))
    return found


def multiplied_out(expression: Expression) -> list[tuple[float, Expression]]:
    """Factors and terms of a sum, products with sums being multiplied out; `ONE` for a constant."""
    found = []
    for factor, factors in _multiplied_out(expression, 0):
        numbers = [one.constants[0] for one, _ in factors if one.constants and len(one.tokens) == 1]
        rest = [one for one, _ in factors if not (one.constants and len(one.tokens) == 1)]
        found.append((factor * math.prod(numbers), _product(rest) if rest else ONE))
    return found


def _product(factors: Sequence[Expression]) -> Expression:
    return reduce(lambda one, other: apply("mul", one, other), factors)


_Factors = list[tuple[Expression, int]]


def _multiplied_out(expression: Expression, place: int) -> Iterable[tuple[float, _Factors]]:
    """Terms as signs and factors, each with the place of its first constant."""
    name, children = expression.tokens[0], expression.children
    places = np.cumsum([place, *(len(child.constants) for child in children)]).tolist()
    if name in ("add", "sub"):
        yield from _multiplied_out(children[0], places[0])
        second = -1.0 if name == "sub" else 1.0
        yield from ((second * sign, one) for sign, one in _multiplied_out(children[1], places[1]))
    elif name == "neg":
        yield from ((-sign, one) for sign, one in _multiplied_out(children[0], places[0]))
    elif name == "mul":
        sides = [list(_multiplied_out(*pair)) for pair in zip(children, places, strict=False)]
        for (sign, one), (other_sign, other) in itertools.product(*sides):
            yield sign * other_sign, [*one, *other]
    else:
        yield 1.0, [(expression, place)]
