"""Factors taken out of sums, and into them, where what is written gets shorter.

A number out, which spares a constant: a/(0.001 x + s) is a'/(x + s'); a factor in, which spares a ratio:
x (y/x - 1) is y - x.
"""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions import algebra
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.nodes import FUNCTION, PRODUCT, SUM, Node, NotFinite
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.simplify import simplify

_ONE = constant(1.0)


def with_fewer_factors(expression: Expression) -> Expression:
    """The expression with factors of sums of a constant taken out, where what is around takes them in.

    Returns:
        The simplified form if it is less complex and has no more constants, else the expression itself.
    """
    factor, rest = _split(expression)
    forms = [simplify(form) for form in (_product_or_sum(factor, rest), _multiplied_in(factor, rest))]
    short = min(forms, key=lambda form: form.complexity)
    is_better = short.complexity < expression.complexity and _n_constants(short) <= _n_constants(expression)
    return short if is_better else expression


def with_fewer_ratios(expression: Expression) -> Expression:
    """The expression with factors of sums multiplied in, where terms are divided by them.

    Returns:
        The simplified form if it is less complex, else the expression itself.
    """
    try:
        form = algebra.to_expression(_with_factors_in(algebra.from_expression(expression)))
    except NotFinite:
        return expression
    return form if form.complexity < expression.complexity else expression


def _with_factors_in(node: Node) -> Node:
    if node.kind == SUM:
        return algebra.add([algebra.scale(_with_factors_in(term), c) for term, c in node.terms])
    if node.kind == FUNCTION:
        return algebra.function(node.name, [_with_factors_in(argument) for argument in node.parts])
    if node.kind != PRODUCT:
        return node
    factors = [(_with_factors_in(base), exponent) for base, exponent in node.factors]
    bases = {base for base, exponent in factors if exponent > 0 and base.kind != SUM}
    powers = [algebra.constant(node, node.coefficient)]
    for base, exponent in factors:
        powers.append(algebra.power(base, exponent))
        if base.kind == SUM and exponent.is_integer():
            powers[-1:] = _multiplied_by(bases, base, exponent)
    return algebra.multiply(powers)


def _multiplied_by(bases: set[Node], total: Node, exponent: float) -> list[Node]:
    """A power of a sum as that of one without ratios to some bases, and the powers of these beside it."""
    divided = [(base, -e) for term, _ in total.terms for base, e in term.factors if e < 0 and base in bases]
    most = {base: max(e for other, e in divided if other == base) for base, _ in divided}
    up = [algebra.power(base, e) for base, e in most.items()]
    raised = algebra.add([algebra.scale(algebra.multiply([term, *up]), c) for term, c in total.terms])
    return [algebra.power(raised, exponent), *(algebra.power(one, -exponent) for one in up)]


def _n_constants(expression: Expression) -> int:
    """Constants of an equation; a 1 is none."""
    return sum(abs(value) != 1 for value in expression.constants)


def _split(expression: Expression) -> tuple[float, Expression]:
    """A factor that is a number, and what it is to be multiplied by."""
    factor, rest = _split_off(expression)
    return (factor, rest) if factor and math.isfinite(factor) else (1.0, expression)


def _split_off(expression: Expression) -> tuple[float, Expression]:
    """As `_split`, with whatever number the factor comes to."""
    name = expression.tokens[0]
    if isinstance(name, float):
        return name, _ONE
    if name not in OPERATORS:
        return 1.0, expression
    operator, parts = OPERATORS[name], [_split(child) for child in expression.children]
    if operator.weights:
        return _of_sum(operator, parts)
    if operator.exponents and operator.arity == 2 and _can_be_raised(parts, operator.exponents):
        (a, left), (b, right) = parts
        return _value(operator, a, b), _powers(operator, left, right)
    exponent = _exponent(expression)
    if exponent is not None and parts[0][0] > 0:
        factor, base = parts[0]
        return _power(factor, exponent), apply(name, base, *expression.children[1:])
    return 1.0, apply(name, *(_product(*part) for part in parts))


def _can_be_raised(parts: list[tuple[float, Expression]], exponents: tuple[float, ...]) -> bool:
    """Whether the power of each product is that of its factor times that of the rest."""
    return all(
        factor > 0 or exponent.is_integer() for (factor, _), exponent in zip(parts, exponents, strict=True)
    )


def _value(operator: Operator, *factors: float) -> float:
    """A product of powers of numbers; NaN where it is not known."""
    if all(factor == 1 for factor in factors):
        return 1.0
    if operator.numpy is None:
        return math.nan
    with np.errstate(all="ignore"):
        return float(operator.numpy(*map(np.float64, factors)))


def _exponent(expression: Expression) -> float | None:
    """The number that the first argument is raised to, if it is raised to one."""
    operator = OPERATORS[str(expression.tokens[0])]
    if operator.arity == 1:
        return operator.exponents[0] if operator.exponents else None
    exponent = expression.children[1].tokens[0]
    return exponent if operator.name == "pow" and isinstance(exponent, float) else None


def _of_sum(operator: Operator, parts: list[tuple[float, Expression]]) -> tuple[float, Expression]:
    """Of c*g + s, with a number s, the factor c and g + s/c; of other sums nothing comes out."""
    if operator.arity == 1:
        return operator.weights[0] * parts[0][0], parts[0][1]
    for place in (0, 1):
        (factor, scaled), (shift, other) = parts[place], parts[1 - place]
        if other == _ONE and scaled != _ONE and factor != 1:
            moved = constant(shift / factor)
            return factor, apply(operator.name, *((scaled, moved) if place == 0 else (moved, scaled)))
    return 1.0, apply(operator.name, *(_product(*part) for part in parts))


def _product(factor: float, rest: Expression) -> Expression:
    if rest == _ONE:
        return constant(factor)
    return rest if factor == 1 else apply("mul", constant(factor), rest)


def _power(factor: float, exponent: float) -> float:
    """The power of a positive number; infinity where that is too large."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.power(factor, exponent))


def _product_or_sum(factor: float, rest: Expression) -> Expression:
    """The product, or c*g + c*s for c*(g + s) with a number s, which reads better."""
    name = rest.tokens[0]
    if isinstance(name, str) and name in OPERATORS and OPERATORS[name].weights:
        parts = [_product(factor, part) for part in rest.children]
        if any(isinstance(part.tokens[0], float) for part in rest.children):
            return apply(name, *parts)
    return _product(factor, rest)


def _multiplied_in(factor: float, rest: Expression) -> Expression:
    """The product, or the sum in which each term has taken in the factor: c*a*x + c*b*y for c*(a*x + b*y)."""
    name = rest.tokens[0]
    if isinstance(name, str) and name in OPERATORS and OPERATORS[name].weights:
        return apply(name, *(_multiplied_in(factor, part) for part in rest.children))
    own, other = _split(rest)
    return _product(factor * own, other)


def _powers(operator: Operator, left: Expression, right: Expression) -> Expression:
    """A product of powers, without a 1 where the other part stays as it is."""
    if right == _ONE and operator.exponents[0] == 1:
        return left
    return right if left == _ONE and operator.exponents[1] == 1 else apply(operator.name, left, right)
