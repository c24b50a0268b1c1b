"""Canonical algebra: sums, products, powers and functions of the nodes of `nsr.expressions.nodes`.

The form behind simplification. Rewrites hold for real numbers wherever the original is finite.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.nodes import (
    ONE,
    UNKNOWN,
    Coefficient,
    Node,
    NotFinite,
    add_coefficients,
    as_term,
    finite,
    has_unknown,
    multiply_coefficients,
    number,
    ordered,
    product,
    sort_key,
)
from nsr.expressions.operators import OPERATORS, Operator

_ONES = (1.0, 1.0)


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
            if operator.arity == 1:
                stack.append(_apply(operator, [first]))
            else:
                stack.append(_apply(operator, [first, *(stack.pop() for _ in range(operator.arity - 1))]))
        else:
            stack.append(("var", int(token[2:])))
    return stack[0]


def _apply(operator: Operator, arguments: list[Node]) -> Node:
    """The node of an operator applied to nodes."""
    if operator.weights:
        if operator.weights != _ONES:  # this runs for every token of every expression, hence the short cuts
            arguments = list(map(scale, arguments, operator.weights))
        return add(arguments) if len(arguments) > 1 else arguments[0]
    if operator.exponents:
        if operator.exponents != _ONES:
            arguments = list(map(power, arguments, operator.exponents))
        return multiply(arguments) if len(arguments) > 1 else arguments[0]
    if operator.name == "pow":
        return _general_power(*arguments)
    return _function(operator, arguments)


def add(nodes: Iterable[Node]) -> Node:
    """Sum of nodes with like terms collected, and what all terms share pulled out."""
    terms: dict[Node, Coefficient] = {}
    for node in nodes:
        coefficient, rest = as_term(node)
        inner = rest[1] if rest[0] == "sum" else ((rest, 1.0),)
        for term, factor in inner:
            value = multiply_coefficients(coefficient, factor)
            terms[term] = add_coefficients(terms[term], value) if term in terms else value
    return _normal_sum({term: c for term, c in terms.items() if c != 0})


def _normal_sum(terms: dict[Node, Coefficient]) -> Node:
    if not terms:
        return ("num", 0.0)
    if len(terms) == 1:
        ((term, coefficient),) = terms.items()
        return scale(term, coefficient)
    shared = _shared_factors(terms)
    if shared:
        inverse = product(1.0, frozenset((base, -e) for base, e in shared))
        rest = add(scale(multiply([term, inverse]), c) for term, c in ordered(terms.items()))
        return multiply([rest, product(1.0, shared)])
    common = _common_coefficient(terms)
    if common != 1.0:
        rest = ("sum", frozenset((term, _divided(c, common)) for term, c in terms.items()))
        return product(common, frozenset([(rest, 1.0)]))
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
    known = ((base, e) for base, e in (shared or {}).items() if base != ONE and not has_unknown(base))
    return frozenset(known)


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
    return None if coefficient is None or divisor is None else finite(coefficient / divisor)


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
        return product(multiply_coefficients(node[1], coefficient), node[2])
    return product(coefficient, frozenset([(node, 1.0)]))


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
    return product(coefficient, frozenset((b, e) for b, e in kept.items() if e != 0))


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
        return scale(multiply([_power_of_power(b, e, exponent) for b, e in ordered(factors)]), outer)
    is_negative = coefficient is not None and coefficient <= 0
    outer = None if coefficient is None else _real_power(abs(coefficient), exponent)
    if len(factors) > 1 or is_negative:
        sign = -1.0 if is_negative else 1.0
        if all(e < 0 and float(e).is_integer() for _, e in factors):  # 1/sqrt(x), never sqrt(1/x)
            factors, exponent = frozenset((b, -e) for b, e in factors), -exponent
        return ("prod", outer, frozenset([(product(sign, factors), exponent)]))
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
    return finite(result)


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
    return _function(OPERATORS[name], arguments)


def _function(operator: Operator, arguments: list[Node]) -> Node:
    name = operator.name
    if all(argument[0] == "num" for argument in arguments):
        return _constant_function(name, [argument[1] for argument in arguments])
    if operator.arity > 1:
        return _of_several(operator, arguments)
    argument = arguments[0]
    if name == "exp":
        return _exponential(argument)
    if name == "log":
        return _logarithm(argument)
    if name == "abs":
        return _absolute(argument)
    if operator.parity is not None:
        coefficient, rest = as_term(argument)
        if coefficient is not None and coefficient < 0:
            positive: Node = ("fun", name, (scale(rest, -coefficient),))
            return positive if operator.parity == "even" else scale(positive, -1.0)
    return ("fun", name, tuple(arguments))


def _of_several(operator: Operator, arguments: list[Node]) -> Node:
    """A function of several arguments; none where cases are the same or known, or extremes are of equals."""
    first, *rest = arguments
    if operator.name == "where":
        if first[0] == "num" and first[1] is not None:
            return rest[0] if first[1] != 0 else rest[1]
        if rest[0] == rest[1] and not has_unknown(rest[0]):
            return rest[0]
    if operator.is_symmetric:
        if first == rest[0] and not has_unknown(first):
            return first
        arguments = sorted(arguments, key=sort_key)
    return ("fun", operator.name, tuple(arguments))


def _constant_function(name: str, values: list[Coefficient]) -> Node:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return UNKNOWN
    scalar = OPERATORS[name].scalar
    if scalar is None:
        return ("fun", name, tuple(("num", value) for value in known))
    try:
        return number(float(scalar(*known)))
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
    if rest[0] == "fun" and OPERATORS[rest[1]].is_nonnegative:
        return scale(rest, outer)
    if rest[0] == "prod":
        factors = rest[2]
        if all(e % 2 == 0 or not float(e).is_integer() for _, e in factors):
            return scale(rest, outer)
        if len(factors) == 1:
            ((base, exponent),) = factors
            return scale(power(("fun", "abs", (base,)), exponent), outer)
    return scale(("fun", "abs", (rest,)), outer)
