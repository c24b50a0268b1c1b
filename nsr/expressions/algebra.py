"""Canonical algebraic form: nested sums and products with collected terms and powers.

The form behind simplification. Nodes are hashable tuples without an order of operands, so that equal
means equal up to commutation and association:

- `("num", value)`; value is a float, or None for the placeholder, a constant of unknown value
- `("var", index)`
- `("sum", frozenset of (node, coefficient))`; the constant term has the node `ONE`
- `("prod", coefficient, frozenset of (node, exponent))`
- `("fun", name, arguments)`; functions, `abs`, and powers whose exponent is no fixed number

Coefficients are floats or None (the placeholder, which absorbs what it meets); exponents are floats.
Rewrites hold for real numbers wherever the original is finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.operators import OPERATORS

Node = tuple[Any, ...]
Coefficient = float | None

ONE: Node = ("num", 1.0)
UNKNOWN: Node = ("num", None)

_POWERS = {"sqrt": 0.5, "square": 2.0, "cube": 3.0, "inv": -1.0}
_ODD = {"sin", "tan", "asin", "atan", "sinh", "tanh"}
_EVEN = {"cos", "cosh"}


class NotFinite(ArithmeticError):  # noqa: N818
    """A constant subexpression has no finite value."""


@lru_cache(maxsize=64)  # whoever simplifies an expression soon asks for its form again
def from_expression(expression: Expression) -> Node:
    """The canonical form of an expression.

    Raises:
        NotFinite: If a constant subexpression has no finite value.
    """
    stack: list[Node] = []
    for token in reversed(expression.tokens):
        if not isinstance(token, str):
            stack.append(number(token))
        elif token == PLACEHOLDER:
            stack.append(UNKNOWN)
        elif (operator := OPERATORS.get(token)) is not None:
            first = stack.pop()
            stack.append(_apply(token, [first] if operator.arity == 1 else [first, stack.pop()]))
        else:
            stack.append(("var", int(token[2:])))
    return stack[0]


def number(value: float) -> Node:
    """A constant; raises `NotFinite` for NaN and infinity."""
    if not math.isfinite(value):
        raise NotFinite
    return ("num", value + 0.0)


def _apply(name: str, arguments: list[Node]) -> Node:
    """The node of an operator applied to nodes."""
    first = arguments[0]
    if name == "add":
        return add(arguments)
    if name == "sub":
        return add([first, scale(arguments[1], -1.0)])
    if name == "mul":
        return multiply(arguments)
    if name == "div":
        return multiply([first, power(arguments[1], -1.0)])
    if name == "neg":
        return scale(first, -1.0)
    if name in _POWERS:
        return power(first, _POWERS[name])
    if name == "pow":
        return _general_power(first, arguments[1])
    return function(name, arguments)


def multiply_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    """Product of coefficients: the placeholder absorbs all but zero."""
    if a == 0 or b == 0:
        return 0.0
    if a is None or b is None:
        return None
    return _finite(a * b)


def _add_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    return None if a is None or b is None else _finite(a + b)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise NotFinite
    return value


def as_term(node: Node) -> tuple[Coefficient, Node]:
    """Splits a node into a coefficient and a rest without one."""
    if node[0] == "num":
        return node[1], ONE
    if node[0] == "prod":
        return node[1], _product(1.0, node[2])
    return 1.0, node


def add(nodes: Iterable[Node]) -> Node:
    """Sum of nodes with like terms collected, and what all terms share pulled out."""
    terms: dict[Node, Coefficient] = {}
    for node in nodes:
        coefficient, rest = as_term(node)
        inner = rest[1] if rest[0] == "sum" else ((rest, 1.0),)
        for term, factor in inner:
            value = multiply_coefficients(coefficient, factor)
            terms[term] = _add_coefficients(terms[term], value) if term in terms else value
    return _normal_sum({term: c for term, c in terms.items() if c != 0})


def _normal_sum(terms: dict[Node, Coefficient]) -> Node:
    if not terms:
        return ("num", 0.0)
    if len(terms) == 1:
        ((term, coefficient),) = terms.items()
        return scale(term, coefficient)
    shared = _shared_factors(terms)
    if shared:
        inverse = _product(1.0, frozenset((base, -e) for base, e in shared))
        rest = add(scale(multiply([term, inverse]), c) for term, c in terms.items())
        return multiply([rest, _product(1.0, shared)])
    common = _common_coefficient(terms)
    if common != 1.0:
        rest = ("sum", frozenset((term, _divided(c, common)) for term, c in terms.items()))
        return _product(common, frozenset([(rest, 1.0)]))
    return ("sum", frozenset(terms.items()))


def _shared_factors(terms: dict[Node, Coefficient]) -> frozenset[tuple[Node, float]]:
    """Powers that divide every term: for each base, the exponent nearest to zero if all agree in sign."""
    shared: dict[Node, float] | None = None
    for term in terms:
        factors = dict(term[2]) if term[0] == "prod" else {term: 1.0}
        if shared is None:
            shared = factors
            continue
        shared = {
            base: min(e, factors[base], key=abs)
            for base, e in shared.items()
            if base in factors and e * factors[base] > 0
        }
        if not shared:
            return frozenset()
    known = ((base, e) for base, e in (shared or {}).items() if base != ONE and not _has_unknown(base))
    return frozenset(known)


def _has_unknown(node: Node) -> bool:
    """Whether a placeholder occurs, so that two nodes that look equal may have different values."""
    kind = node[0]
    if kind == "fun":
        return any(_has_unknown(argument) for argument in node[2])
    if kind == "sum":
        return any(c is None or _has_unknown(term) for term, c in node[1])
    if kind == "prod":
        return node[1] is None or any(_has_unknown(base) for base, _ in node[2])
    return node == UNKNOWN


def _common_coefficient(terms: dict[Node, Coefficient]) -> Coefficient:
    """The factor to pull out of a sum: equal magnitudes, and the sign of the leading term."""
    values = list(terms.values())
    if all(c is None for c in values):
        return 1.0
    sign = 1.0
    if any(c is not None and c < 0 for c in values):
        leading = terms[min(terms, key=sort_key)]
        sign = -1.0 if leading is not None and leading < 0 else 1.0
    first = values[0]
    if first is not None and all(c is not None and abs(c) == abs(first) for c in values):
        return sign * abs(first)
    return sign


def _divided(coefficient: Coefficient, divisor: Coefficient) -> Coefficient:
    return None if coefficient is None or divisor is None else _finite(coefficient / divisor)


def scale(node: Node, coefficient: Coefficient) -> Node:
    """A node times a coefficient."""
    if coefficient == 1.0:
        return node
    if coefficient == 0:
        return ("num", 0.0)
    if node[0] == "num":
        value = multiply_coefficients(node[1], coefficient)
        return ("num", value)
    if node[0] == "prod":
        return _product(multiply_coefficients(node[1], coefficient), node[2])
    return _product(coefficient, frozenset([(node, 1.0)]))


def multiply(nodes: Iterable[Node]) -> Node:
    """Product of nodes with like powers collected and exponentials merged."""
    coefficient: Coefficient = 1.0
    factors: dict[Node, float] = {}
    exponents: list[Node] = []
    for node in nodes:
        if node[0] == "num":
            coefficient = multiply_coefficients(coefficient, node[1])
            continue
        inner: Iterable[tuple[Node, float]] = ((node, 1.0),)
        if node[0] == "prod":
            coefficient = multiply_coefficients(coefficient, node[1])
            inner = node[2]
        for base, exponent in inner:
            if base[0] == "fun" and base[1] == "exp":
                exponents.append(scale(base[2][0], exponent))
            else:
                factors[base] = factors.get(base, 0.0) + exponent
    if coefficient == 0:
        return ("num", 0.0)
    kept = {base: e for base, e in factors.items() if e != 0}
    if exponents:
        extra, exponential = as_term(_exponential(add(exponents)))
        coefficient = multiply_coefficients(coefficient, extra)
        if exponential != ONE:
            inner = exponential[2] if exponential[0] == "prod" else ((exponential, 1.0),)
            for base, exponent in inner:
                kept[base] = kept.get(base, 0.0) + exponent
    return _product(coefficient, frozenset((b, e) for b, e in kept.items() if e != 0))


def _product(coefficient: Coefficient, factors: frozenset[tuple[Node, float]]) -> Node:
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


def power(base: Node, exponent: float) -> Node:
    """A node to a fixed real power."""
    if exponent == 0:
        return ONE
    if exponent == 1:
        return base
    if base[0] == "num":
        return UNKNOWN if base[1] is None else number(_real_power(base[1], exponent))
    if base[0] == "fun" and base[1] == "exp":
        return _exponential(scale(base[2][0], exponent))
    if base[0] == "fun" and base[1] == "abs" and exponent % 2 == 0:
        return power(base[2][0], exponent)
    if base[0] != "prod":
        return ("prod", 1.0, frozenset([(base, exponent)]))
    return _power_of_product(base[1], base[2], exponent)


def _power_of_product(
    coefficient: Coefficient, factors: frozenset[tuple[Node, float]], exponent: float
) -> Node:
    if float(exponent).is_integer():
        outer = None if coefficient is None else _real_power(coefficient, exponent)
        return scale(multiply([_power_of_power(b, e, exponent) for b, e in factors]), outer)
    is_negative = coefficient is not None and coefficient <= 0
    outer = None if coefficient is None else _real_power(abs(coefficient), exponent)
    if len(factors) > 1 or is_negative:
        sign = -1.0 if is_negative else 1.0
        if all(e < 0 and float(e).is_integer() for _, e in factors):  # 1/sqrt(x), never sqrt(1/x)
            factors, exponent = frozenset((b, -e) for b, e in factors), -exponent
        return ("prod", outer, frozenset([(_product(sign, factors), exponent)]))
    ((base, inner),) = factors
    return scale(_power_of_power(base, inner, exponent), outer)


def _power_of_power(base: Node, inner: float, outer: float) -> Node:
    """(base^inner)^outer: an even inner power hides the sign of the base."""
    exponent = inner * outer
    if inner % 2 == 0 and not float(outer).is_integer() and exponent % 2 != 0:
        return power(_absolute(base), exponent)
    return power(base, exponent)


def _real_power(value: float, exponent: float) -> float:
    try:
        result = value**exponent
    except (ZeroDivisionError, OverflowError):
        raise NotFinite from None
    if isinstance(result, complex):
        raise NotFinite
    return _finite(result)


def _general_power(base: Node, exponent: Node) -> Node:
    if exponent[0] == "num" and exponent[1] is not None:
        return power(base, exponent[1])
    if base == ONE:
        return ONE
    if base[0] == "num" and exponent[0] == "num":
        return UNKNOWN
    return ("fun", "pow", (base, exponent))


def function(name: str, arguments: list[Node]) -> Node:
    """A function of nodes: constants folded, inverse functions cancelled, signs moved outside."""
    if all(argument[0] == "num" for argument in arguments):
        return _constant_function(name, [argument[1] for argument in arguments])
    argument = arguments[0]
    if name == "exp":
        return _exponential(argument)
    if name == "log":
        return _logarithm(argument)
    if name == "abs":
        return _absolute(argument)
    if name in _ODD or name in _EVEN:
        coefficient, rest = as_term(argument)
        if coefficient is not None and coefficient < 0:
            positive: Node = ("fun", name, (scale(rest, -coefficient),))
            return positive if name in _EVEN else scale(positive, -1.0)
    return ("fun", name, tuple(arguments))


def _constant_function(name: str, values: list[Coefficient]) -> Node:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return UNKNOWN
    symbolic = getattr(math, name, None) or {"abs": abs}.get(name)
    if symbolic is None:
        return ("fun", name, tuple(("num", value) for value in known))
    try:
        return number(float(symbolic(*known)))
    except (ValueError, OverflowError, ZeroDivisionError):
        raise NotFinite from None


def _exponential(argument: Node) -> Node:
    """Exponential of a node: a constant summand becomes a factor, a logarithm a power."""
    if argument[0] == "num":
        return _constant_function("exp", [argument[1]])
    coefficient, rest = as_term(argument)
    if rest[0] == "fun" and rest[1] == "log" and coefficient is not None:
        return power(rest[2][0], coefficient)
    if rest[0] == "sum":
        terms = dict(rest[1])
        offset = multiply_coefficients(coefficient, terms.pop(ONE, 0.0))
        if offset != 0:
            remaining = scale(_normal_sum(terms), coefficient)
            return multiply([_constant_function("exp", [offset]), _exponential(remaining)])
    return ("fun", "exp", (argument,))


def _logarithm(argument: Node) -> Node:
    """Logarithm of a node: a positive factor becomes a summand, an exponential its exponent."""
    if argument[0] == "fun" and argument[1] == "exp":
        inner: Node = argument[2][0]
        return inner
    coefficient, rest = as_term(argument)
    if coefficient is None or (coefficient > 0 and coefficient != 1.0):
        return add([_constant_function("log", [coefficient]), _logarithm(rest)])
    if rest[0] == "prod" and len(rest[2]) == 1 and coefficient == 1.0:
        ((base, exponent),) = rest[2]
        if exponent % 2 != 0:
            return scale(("fun", "log", (base,)), exponent)
    return ("fun", "log", (argument,))


def _absolute(argument: Node) -> Node:
    coefficient, rest = as_term(argument)
    outer = None if coefficient is None else abs(coefficient)
    if rest[0] == "fun" and rest[1] in {"abs", "exp", "cosh"}:
        return scale(rest, outer)
    if rest[0] == "prod":
        factors = rest[2]
        if all(e % 2 == 0 or not float(e).is_integer() for _, e in factors):
            return scale(rest, outer)
        if len(factors) == 1:
            ((base, exponent),) = factors
            return scale(power(("fun", "abs", (base,)), exponent), outer)
    return scale(("fun", "abs", (rest,)), outer)


@lru_cache(maxsize=256)  # parts recur within an expression and between rewrites of it
def sort_key(node: Node) -> tuple[Any, ...]:
    """Orders nodes the same way whatever they were built from: constants last, short before long."""
    kind = node[0]
    if kind == "var":
        return (1, 0, node[1])
    if kind == "num":
        return (9, 0, math.inf if node[1] is None else node[1])
    if kind == "fun":
        inner = tuple(sort_key(argument) for argument in node[2])
        return (3, 1 + sum(key[0] for key in inner), node[1], inner)
    items = sorted((sort_key(item), math.inf if c is None else c) for item, c in node[-1])
    return (2 if kind == "prod" else 4, sum(key[0] for key, _ in items), *items)
