"""Users' own operators that equations of a result have, where they are put together from built-in ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nsr.expressions.definitions import composed
from nsr.expressions.expression import Expression
from nsr.expressions.operators import OPERATORS
from nsr.saving.plain import expression, plain, rebuilt


def plain_operators(expressions: Iterable[Expression]) -> list[dict[str, Any]]:
    """Name, number of arguments, complexity and body of each such operator, in the order of the table."""
    used = {token for one in expressions for token in one.tokens}
    return [
        {
            "name": one.name,
            "arity": one.arity,
            "complexity": one.complexity,
            "body": plain(Expression(one.body)),
        }
        for one in OPERATORS.values()
        if one.body and one.name in used
    ]


def add_operators(content: Sequence[dict[str, Any]]) -> None:
    """Adds those of `plain_operators` that are not known here.

    Raises:
        ValueError: If a name stands for something else here.
    """
    for one in content:
        name, body = str(one["name"]), expression(one["body"])
        if name not in OPERATORS:
            composed(name, rebuilt(int, one["arity"]), body, complexity=rebuilt(int, one["complexity"]))
        elif OPERATORS[name].body != body.tokens:
            raise ValueError(
                f"operator {name!r} is another one here: read the result in a process of its own"
            )
