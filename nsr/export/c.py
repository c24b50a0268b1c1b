"""Expressions as C functions."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.expressions.bodies import without_bodies
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.operators import Operator
from nsr.expressions.printing import Binding, Style, Text, written


def to_c(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A C99 function of doubles; it needs `#include <math.h>`.

    Args:
        expression: What to write, without placeholders.
        names: Names of all variables, which become the function's parameters; those that occur, `x_0`,
            `x_1`, ..., by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or an operator has no C form.
    """
    if PLACEHOLDER in expression.tokens:
        raise ValueError("a constant of the expression has no value yet; refine it before it is written in C")
    parameters = [f"x_{i}" for i in expression.variables] if names is None else list(names)

    def name(token: str) -> str:
        return token if names is None else names[int(token[2:])]

    body = written(without_bodies(expression), Style(repr, name, _call))
    signature = ", ".join(f"double {parameter}" for parameter in parameters) or "void"
    return f"double {function}({signature}) {{\n    return {body};\n}}\n"


def _call(operator: Operator, arguments: list[Text]) -> Text:
    if operator.c is None:
        raise ValueError(f"operator {operator.name!r} has no C form; register it with one (`c`)")
    return Text(operator.c.format(*(argument.signed for argument in arguments)), Binding.ATOM)
