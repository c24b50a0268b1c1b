"""Expressions as functions of plain Python."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.by_group import Lookup, defined_by_group
from nsr.export.code import Language, infix_power
from nsr.expressions.expression import Expression
from nsr.expressions.printing import Binding, Text

_INFIX = infix_power("**")


def _power(base: Text, exponent: Text) -> Text:
    """With `**` where that never makes a complex number of a negative base."""
    if exponent.body.isdecimal():
        return _INFIX(base, exponent)
    return Text(f"math.pow({base.signed}, {exponent.signed})", Binding.ATOM)


PYTHON = Language("python", "Python", power=_power, keywords=frozenset({"math"}))


def to_python(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A function of numbers that needs nothing but Python; outside its domain it raises what `math` raises.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or Python cannot say an operator.
    """
    return defined(PYTHON, expression, names, function, {"math.": "import math"})


def to_python_by_group(expression: Expression, names: Sequence[str], lookup: Lookup) -> str:
    """A function of numbers and of the group's label; arguments are those of `defined_by_group`."""
    imports = {"math.": "import math"}
    return defined_by_group(PYTHON, expression, names, lookup, "{1}[{0}]".format, imports)


def defined(
    language: Language,
    expression: Expression,
    names: Sequence[str] | None,
    function: str,
    imports: dict[str, str],
) -> str:
    """A function definition, after the imports that it needs.

    Args:
        language: A dialect of Python.
        expression: See `to_python`.
        names: See `to_python`.
        function: See `to_python`.
        imports: Lines by what is in a body that needs them.
    """
    parameters = language.parameters(expression, names)
    body = language.body(expression, parameters)
    needed = [line for prefix, line in imports.items() if prefix in body]
    head = "\n".join([*needed, "", "", ""]) if needed else ""
    return f"{head}def {function}({', '.join(parameters)}):\n    return {body}\n"
