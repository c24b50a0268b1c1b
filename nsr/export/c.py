"""Expressions as C functions."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language
from nsr.expressions.expression import Expression
from nsr.expressions.printing import Binding, Text

_KEYWORDS = (
    "auto bool break case char const continue default do double else enum extern false float for goto if "
    "inline int long pow register restrict return short signed sizeof static struct switch true typedef "
    "union unsigned void volatile while"
)

C = Language(
    "c",
    "C",
    power=lambda base, exponent: Text(f"pow({base.signed}, {exponent.signed})", Binding.ATOM),
    number=repr,
    keywords=frozenset(_KEYWORDS.split()),
)


def to_c(expression: Expression, names: Sequence[str] | None = None, function: str = "f") -> str:
    """A C99 function of doubles.

    Args:
        expression: What to write, without placeholders.
        names: Of all variables, which become the function's parameters; `x_0`, `x_1`, ... by default.
        function: Its name.

    Raises:
        ValueError: If a constant has no value yet, or C cannot say an operator.
    """
    parameters = C.parameters(expression, names)
    signature = ", ".join(f"double {parameter}" for parameter in parameters) or "void"
    body = C.body(expression, parameters)
    return f"#include <math.h>\n\ndouble {function}({signature}) {{\n    return {body};\n}}\n"
