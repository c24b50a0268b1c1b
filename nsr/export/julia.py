"""Expressions as functions of Julia."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language, infix_power
from nsr.expressions.expression import Expression

_KEYWORDS = (
    "baremodule begin break catch const continue do else elseif end export false finally for function "
    "global if import let local macro module quote return struct true try using while"
)

JULIA = Language(
    "julia",
    "Julia",
    # Spaces keep a number from what follows it, which Julia might take for a factor without a sign.
    power=infix_power(" ^ "),
    times=" * ",
    over=" / ",
    number=repr,  # whole numbers would overflow
    keywords=frozenset(_KEYWORDS.split()),
)


def to_julia(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A function of numbers, which `f.(...)` applies to arrays; outside its domain it throws a DomainError.

    Special functions need the package SpecialFunctions.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or Julia cannot say an operator.
    """
    parameters = JULIA.parameters(expression, names)
    body = JULIA.body(expression, parameters)
    needed = "import SpecialFunctions\n\n" if "SpecialFunctions." in body else ""
    return f"{needed}{function}({', '.join(parameters)}) = {body}\n"
