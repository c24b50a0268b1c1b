"""Forms whose inner constants are round, many at a time.

Of a few hundred forms that are as likely as each other the right one is the one that can do with round
constants, as a group's sum with one or its double.
"""

from __future__ import annotations

from collections.abc import Sequence

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.numbers import with_columns_for_numbers, with_tokens
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
    held, own = with_columns_for_numbers(rounded, task)
    program = Program(held)
    refined = refine(program, own, effort, clock)
    fitted = program.expressions_with(refined.constants)
    return [
        (with_tokens(form, inner), loss)
        for form, (_, inner), loss in zip(fitted, rounded, refined.loss.tolist(), strict=True)
    ]


def _rounded(expression: Expression, n_outer: int) -> tuple[Expression, dict[int, float]] | None:
    """The expression with round exponents, and the round numbers of its other inner constants by place."""
    places = [i for i, token in enumerate(expression.tokens) if isinstance(token, float)][n_outer:]
    values = {i: float(expression.tokens[i]) for i in places}
    nearest = {i: _UNIT * round(value / _UNIT) for i, value in values.items()}
    is_far = any(nearest[i] == 0 or abs(nearest[i] - x) > _CHANGE * abs(x) for i, x in values.items())
    if not places or is_far:
        return None
    exponents = set(expression.exponent_positions())
    inner = {i: number for i, number in nearest.items() if i not in exponents}
    return with_tokens(expression, {i: nearest[i] for i in places if i in exponents}), inner
