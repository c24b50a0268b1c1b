"""Expressions as anonymous functions of MATLAB and Octave."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language, infix_power
from nsr.expressions.expression import Expression

_KEYWORDS = (
    "break case catch classdef continue else elseif end for function global if otherwise parfor "
    "persistent return spmd switch try while"
)

MATLAB = Language(
    "matlab",
    "MATLAB",
    power=infix_power(".^"),
    times=".*",
    over="./",
    keywords=frozenset(_KEYWORDS.split()),
    has_unicode_names=False,
)


def to_matlab(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """An anonymous function of numbers or arrays, elementwise; roots and logarithms may become complex.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or MATLAB cannot say an operator.
    """
    parameters = MATLAB.parameters(expression, names)
    return f"{function} = @({', '.join(parameters)}) {MATLAB.body(expression, parameters)};\n"
