"""Numbers that refinement must not move, as columns: it would take them for constants that it may fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nsr.expressions.expression import Expression, Token, variable
from nsr.task import AnyTask


def with_columns_for_numbers(
    forms: Sequence[tuple[Expression, Mapping[int, float]]], task: AnyTask
) -> tuple[list[Expression], AnyTask]:
    """Forms with further variables for their numbers, and the task with these variables.

    Args:
        forms: Each with its numbers, by their places among its tokens.
        task: What they are to be fitted to.
    """
    numbers = list(dict.fromkeys(number for _, own in forms for number in own.values()))
    if not numbers:
        return [form for form, _ in forms], task
    names = {number: variable(task.n_variables + k).tokens[0] for k, number in enumerate(numbers)}
    columns = [np.full(task.n_rows, number) for number in numbers]
    held = [with_tokens(form, {place: names[number] for place, number in own.items()}) for form, own in forms]
    return held, replace(task, X=np.column_stack((task.X, *columns)))


def with_tokens(expression: Expression, tokens: Mapping[int, Token]) -> Expression:
    """The expression with other tokens in some places."""
    return Expression(tuple(tokens.get(place, token) for place, token in enumerate(expression.tokens)))
