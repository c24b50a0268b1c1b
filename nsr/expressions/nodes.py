"""Nodes of the canonical algebraic form: nested sums and products with collected terms and powers.

Nodes are hashable tuples without an order of operands, so that equal means equal up to commutation and
association:

- `("num", value)`; value is a float, or None for the placeholder, a constant of unknown value
- `("var", index)`
- `("sum", frozenset of (node, coefficient))`; the constant term has the node `ONE`
- `("prod", coefficient, frozenset of (node, exponent))`
- `("fun", name, arguments)`; functions, `abs`, and powers whose exponent is not a fixed number

Coefficients are floats or None (the placeholder, which absorbs what it meets); exponents are floats.
`nsr.expressions.algebra` computes with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

Node = tuple[Any, ...]
Coefficient = float | None
_Form = tuple[Any, ...]
Number = TypeVar("Number", float, Coefficient)

ONE: Node = ("num", 1.0)
UNKNOWN: Node = ("num", None)


class NotFinite(ArithmeticError):  # noqa: N818
    """A constant subexpression has no finite value."""


def number(value: float) -> Node:
    """A constant; raises `NotFinite` for NaN and infinity."""
    if not math.isfinite(value):
        raise NotFinite
    return ("num", value + 0.0)


def multiply_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    """Product of coefficients: the placeholder absorbs all but zero."""
    if a == 0 or b == 0:
        return 0.0
    if a is None or b is None:
        return None
    return finite(a * b)


def add_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    """Sum of coefficients: the placeholder absorbs all."""
    return None if a is None or b is None else finite(a + b)


def finite(value: float) -> float:
    """The value; raises `NotFinite` for NaN and infinity."""
    if not math.isfinite(value):
        raise NotFinite
    return value


def as_term(node: Node) -> tuple[Coefficient, Node]:
    """Splits a node into a coefficient and a rest without one."""
    if node[0] == "num":
        return node[1], ONE
    if node[0] == "prod":
        return node[1], product(1.0, node[2])
    return 1.0, node


def product(coefficient: Coefficient, factors: frozenset[tuple[Node, float]]) -> Node:
    """A product node in its simplest form."""
    if not factors:
        return ("num", coefficient)
    if len(factors) == 1:
        ((base, exponent),) = factors
        if exponent == 1.0:
            if coefficient == 1.0:
                return base
            if base[0] == "sum" and all(c is None for _, c in base[1]):
                return base  # an unknown factor of unknown coefficients says nothing
    return ("prod", coefficient, factors)


def has_unknown(node: Node) -> bool:
    """Whether a placeholder occurs, so that two nodes that look equal may have different values."""
    kind = node[0]
    if kind == "fun":
        return any(has_unknown(argument) for argument in node[2])
    if kind == "sum":
        return any(c is None or has_unknown(term) for term, c in node[1])
    if kind == "prod":
        return node[1] is None or any(has_unknown(base) for base, _ in node[2])
    return node == UNKNOWN


def ordered(items: Iterable[tuple[Node, Number]]) -> list[tuple[Node, Number]]:
    """Terms or factors with their numbers in one order, where a set has that of the hashes of this process.

    Whoever adds or multiplies what belongs to them needs it: the last digit depends on the order.
    """
    result = list(items)
    if len(result) > 1:  # most often there is one
        result.sort(key=lambda item: sort_key(item[0]))
    return result


@lru_cache(maxsize=256)  # parts recur within an expression and between rewrites of it
def sort_key(node: Node) -> tuple[_Form, tuple[float, ...]]:
    """Orders nodes the same way whatever they were built from: constants last, short before long.

    Returns:
        The form without the coefficients of products, and these, by which sin(2*x) and sin(3*x) differ.
    """
    kind = node[0]
    if kind == "var":
        return (1, 0, node[1]), ()
    if kind == "num":
        return (9, 0, _size(node[1])), ()
    if kind == "fun":
        keys = [sort_key(argument) for argument in node[2]]
        inner = tuple([form for form, _ in keys])
        form = (3, 1 + sum([form[0] for form in inner]), node[1], inner)
        return form, tuple(chain.from_iterable([within for _, within in keys]))
    items = sorted([_keyed(item, c) for item, c in node[-1]])
    form = (2 if kind == "prod" else 4, sum([key[0][0] for key in items]), *[key[:2] for key in items])
    within = tuple(chain.from_iterable([within for _, _, within in items]))
    return form, (_size(node[1]), *within) if kind == "prod" else within


def _keyed(item: Node, number: Coefficient) -> tuple[_Form, float, tuple[float, ...]]:
    """A term's or factor's form, its number, and the coefficients within."""
    form, within = sort_key(item)
    return form, _size(number), within


def _size(coefficient: Coefficient) -> float:
    return math.inf if coefficient is None else coefficient
