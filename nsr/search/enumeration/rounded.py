"""Forms whose inner constants are round, many at a time.

Of a few hundred forms that are as likely as each other the right one is the one that can do with round
constants, as a group's sum with one or its double.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

# Constants are rounded to multiples of this, if that changes them by less than a share of their size.
_UNIT, _CHANGE = 0.5, 0.3


def with_round_constants(
    expressions: Sequence[Expression], n_outer: Sequence[int], task: Task, effort: Effort, clock: Clock
) -> list[tuple[Expression, float]]:
    """Those with constants that can be rounded, with the others fitted again, and their losses.

    Args:
        expressions: With fitted constants.
        n_outer: How many of each one's constants, the first, are not to be round: a scale and an offset.
        task: What they are fitted to.
        effort: On each.
        clock: When fitting ends.
    """
    rounded = [
        one for one in (_rounded(e, n) for e, n in zip(expressions, n_outer, strict=True)) if one is not None
    ]
    if not rounded:
        return []
    # Refinement would move numbers, but not columns.
    numbers = sorted({number for _, inner in rounded for number in inner.values()})
    names = {number: variable(task.n_variables + k).tokens[0] for k, number in enumerate(numbers)}
    columns = [np.full(task.n_rows, number) for number in numbers]
    own = replace(task, X=np.column_stack((task.X, *columns)))
    program = Program([_with(e, {i: names[x] for i, x in inner.items()}) for e, inner in rounded])
    refined = refine(program, own, effort, clock)
    fitted = program.expressions_with(refined.constants)
    return [
        (_with(form, inner), loss)
        for form, (_, inner), loss in zip(fitted, rounded, refined.loss.tolist(), strict=True)
    ]


def _rounded(expression: Expression, n_outer: int) -> tuple[Expression, dict[int, float]] | None:
    """The expression with round exponents, and the round numbers of its other inner constants by place."""
    places = [i for i, token in enumerate(expression.tokens) if isinstance(token, float)][n_outer:]
    values = {i: float(expression.tokens[i]) for i in places}
    nearest = {i: _UNIT * round(value / _UNIT) for i, value in values.items()}
    if not places or any(
        abs(nearest[i] - x) > _CHANGE * abs(x) or nearest[i] == 0 for i, x in values.items()
    ):
        return None
    exponents = set(expression.exponent_positions())
    inner = {i: number for i, number in nearest.items() if i not in exponents}
    return _with(expression, {i: nearest[i] for i in places if i in exponents}), inner


def _with(expression: Expression, tokens: Mapping[int, float | str]) -> Expression:
    return Expression(tuple(tokens.get(i, token) for i, token in enumerate(expression.tokens)))
