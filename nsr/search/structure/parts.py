"""Equations put together from the solutions of their parts, with constants for refinement to move."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS
from nsr.search.response import Output, Response
from nsr.search.settings import OFFSET
from nsr.search.state import State
from nsr.search.structure.transforms import applied
from nsr.task import ROWS


def in_terms_of(state: State, part: State, solution: Expression) -> Expression:
    """A part's solution over the variables of the state that the part is of."""
    return solution.substitute({i: variable(state.variables.index(v)) for i, v in enumerate(part.variables)})


def multiplied(parts: Sequence[Expression]) -> Expression:
    """The product of parts with one free factor."""
    return reduce(lambda a, b: apply("mul", a, b), parts, constant(1.0 + OFFSET))


def added(state: State, output: Output, parts: Sequence[Expression]) -> Expression:
    """The sum of parts, with a factor each and a constant, that is nearest to a transform of the target.

    Args:
        state: Whose target it is.
        output: The transform.
        parts: Over the state's variables.

    Returns:
        The sum under the operators that undo the transform.
    """
    few = state.first(ROWS)
    target, weights = Response.of(few).transformed(output)
    with np.errstate(all="ignore"):
        values = np.column_stack((np.asarray(Program(list(parts)).values(few.X)).T, np.ones(few.n_rows)))
    factors = np.full(len(parts) + 1, 1.0 + OFFSET)
    if np.all(np.isfinite(values)) and np.all(np.isfinite(target * weights)):
        factors = np.linalg.lstsq(values * weights[:, None], target * weights)[0]
    *own, level = factors.tolist()
    weighted = [apply("mul", constant(factor), part) for factor, part in zip(own, parts, strict=True)]
    total = applied(output.inverse, reduce(lambda a, b: apply("add", a, b), weighted, constant(level)))
    return total if output.keeps_sign or np.any(few.centre > 0) else apply("neg", total)


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
