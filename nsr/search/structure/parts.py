"""Equations put together from the solutions of their parts, with constants for refinement to move."""

from __future__ import annotations

from functools import reduce

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS
from nsr.search.settings import OFFSET
from nsr.search.state import State
from nsr.search.structure.transforms import applied


def in_terms_of(state: State, part: State, solution: Expression) -> Expression:
    """A part's solution over the variables of the state that the part is of."""
    return solution.substitute({i: variable(state.variables.index(v)) for i, v in enumerate(part.variables)})


def assembled(is_product: bool, outer: tuple[str, ...], parts: tuple[Expression, ...]) -> Expression:
    """A sum of parts with a free factor each and a free constant, or their product with one free factor."""
    if is_product:
        return reduce(lambda a, b: apply("mul", a, b), parts, constant(1.0 + OFFSET))
    weighted = (apply("mul", constant(1.0 + OFFSET), part) for part in parts)
    total = reduce(lambda a, b: apply("add", a, b), weighted, constant(OFFSET))
    return applied(outer, total)


def affine(factor: Expression, inner: Expression, offset: Expression, outer: tuple[str, ...]) -> Expression:
    """The sum factor * inner + offset under outer operators, with free factors."""
    product = apply("mul", constant(1.0 + OFFSET), apply("mul", factor, inner))
    total = apply("add", product, apply("mul", constant(1.0 + OFFSET), offset))
    return applied(outer, total)


def without_offset(expression: Expression) -> Expression:
    """The expression without the constants that are added to it."""
    while len(expression.children) == 2 and OPERATORS[str(expression.tokens[0])].weights:
        left, right = expression.children
        if not right.variables:
            expression = left
        elif not left.variables:
            expression = right
        else:
            break
    return expression
