"""Expressions as formulas of Excel and other spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.export.code import Language
from nsr.expressions.expression import Expression
from nsr.expressions.printing import Binding, Text, format_number

# Excel's own limit.
_LONGEST = 8192

EXCEL = Language(
    "excel",
    "Excel",
    # Not with ^, before which Excel reads a sign as part of the base: -2^2 is 4.
    power=lambda base, exponent: Text(f"POWER({base.signed},{exponent.signed})", Binding.ATOM),
    number=lambda value: format_number(value).upper(),
)


def to_excel(expression: Expression, names: Sequence[str] | None = None) -> str:
    """A formula with English names of functions and a comma between arguments.

    Args:
        expression: What to write, without placeholders.
        names: Cells, or names of cells, that hold the variables; `A2`, `B2`, ... by default, the first row
            under a header.

    Raises:
        ValueError: If a constant has no value yet, Excel cannot say an operator, or the formula is longer
            than Excel takes.
    """
    last = max(expression.variables, default=-1)
    cells = [cell(place) for place in range(last + 1)] if names is None else names
    formula = f"={EXCEL.body(expression, cells)}"
    if len(formula) > _LONGEST:
        raise ValueError(
            f"Excel takes formulas of at most {_LONGEST} characters, and this one has {len(formula)}: choose "
            "a simpler row of the front"
        )
    return formula


def cell(place: int, row: int = 2) -> str:
    """The cell of a row in a column, of which the first has the number 0: `A2`, `B2`, ... `AA2`."""
    letters, rest = "", place + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"
