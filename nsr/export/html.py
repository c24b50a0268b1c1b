"""Whole fronts as HTML with typeset equations, which browsers show without any script or network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import sympy

from nsr.export.latex import with_digits
from nsr.export.leaderboard import share
from nsr.expressions.expression import Expression
from nsr.expressions.printing import to_infix
from nsr.expressions.sympy_form import to_sympy

if TYPE_CHECKING:
    import pandas as pd

# Longer forms than this are shown as text: nobody reads them, and typesetting takes long.
_LONGEST = 200


def to_mathml(expression: Expression, names: Sequence[str] | None = None, digits: int | None = 4) -> str:
    """Presentation MathML of an expression, typeset by SymPy.

    Args:
        expression: What to typeset.
        names: Names of the variables; Greek letters and indices are recognised.
        digits: Significant digits of constants; those that they have if None.
    """
    form = with_digits(to_sympy(expression, names), digits)
    return f"<math>{sympy.mathml(form, printer='presentation')}</math>"


def html_table(front: pd.DataFrame, equations: Sequence[Sequence[str]], best_index: int) -> str:
    """A front as a table, the chosen row marked by a star.

    Args:
        front: `equations_` of an estimator.
        equations: HTML of each row's equations, one or several.
        best_index: Row of the chosen one.
    """
    notes = zip(*(front.get(column, [""] * len(front)) for column in ("name", "warning")), strict=True)
    rows = []
    for place, (row, lines, note) in enumerate(
        zip(front.to_dict(orient="records"), equations, notes, strict=True)
    ):
        said = escape(", ".join(text for text in note if text))
        cells = [
            f"{place}{' ★' if place == best_index else ''}",
            row["complexity"],
            f"{row['loss']:.3g}",
            share(1 - row["r2"]),
            "<br/>".join(lines) + (f" <em>({said})</em>" if said else ""),
        ]
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in ("row", "complexity", "loss", "unexplained", "equation"))
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def equation_html(left: str, expression: Expression, names: Sequence[str]) -> str:
    """An expression, typeset unless it is very long, after what is on its left, if anything.

    Args:
        left: As text, or empty.
        expression: The right-hand side.
        names: Of its variables.
    """
    if len(expression) > _LONGEST:
        right = escape(to_infix(expression, names))
    else:
        right = to_mathml(expression, names, None)
    return f"{escape(left)} = {right}" if left else right
