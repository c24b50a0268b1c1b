"""Expressions, and whole fronts, as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy
from sympy.printing.latex import LatexPrinter

from nsr.export.leaderboard import share
from nsr.expressions.expression import Expression
from nsr.expressions.sympy_form import to_sympy

if TYPE_CHECKING:
    import pandas as pd

# Of a name, what is neither a single letter nor a command such as \alpha.
_WORD = re.compile(r"(?<!\\|[^\W\d_])[^\W\d_]{2,}")
# Whole numbers from here on are written with a power of ten.
_LARGE = 10**7


def to_latex(expression: Expression, names: Sequence[str] | None = None, digits: int | None = 4) -> str:
    """LaTeX of an expression, typeset by SymPy.

    Args:
        expression: What to typeset.
        names: Names of the variables; Greek letters and indices are recognised.
        digits: Significant digits of constants; those that they have if None.
    """
    return str(_Printer().doprint(with_digits(to_sympy(expression, names), digits)))


class _Printer(LatexPrinter):  # type: ignore[misc]
    """SymPy's, but for names of several letters, which are set upright, lest they look like products."""

    def _deal_with_super_sub(self, string: str, style: str = "plain") -> str:
        return _WORD.sub(r"\\mathrm{\g<0>}", super()._deal_with_super_sub(string, style))


def equation_latex(left: str, expression: Expression, names: Sequence[str]) -> str:
    """An expression with all digits of its constants, after what is on its left, if anything.

    Args:
        left: As LaTeX, or empty.
        expression: The right-hand side.
        names: Of its variables.
    """
    right = to_latex(expression, names, None)
    return f"{left} = {right}" if left else right


def symbol_latex(name: str) -> str:
    """A name, with Greek letters and indices recognised."""
    return str(sympy.latex(sympy.Symbol(name)))


def with_digits(form: sympy.Expr, digits: int | None) -> sympy.Expr:
    """A SymPy form whose numbers are printed with this many digits; with those that they have if None."""
    numbers = {number: float(number) for number in form.atoms(sympy.Float)}
    numbers |= {number: float(number) for number in form.atoms(sympy.Integer) if abs(number) >= _LARGE}
    return form.xreplace(
        {
            number: sympy.Float(repr(value)) if digits is None else sympy.Float(value, digits)
            for number, value in numbers.items()
        }
    )


def latex_table(front: pd.DataFrame, equations: Sequence[str], best_index: int) -> str:
    """A front as a `tabular`, the chosen row marked by a star.

    Args:
        front: `equations_` of an estimator.
        equations: LaTeX of each.
        best_index: Row of the chosen one.
    """
    columns = zip(front["complexity"], front["loss"], front["r2"], equations, strict=True)
    rows = []
    for place, (complexity, loss, r2, equation) in enumerate(columns):
        star = r"$\star$" if place == best_index else ""
        cells = [star, str(complexity), _number(f"{loss:.3g}"), _number(share(1 - r2)), f"${equation}$"]
        rows.append(" & ".join(cells) + r" \\")
    head = r" & complexity & loss & unexplained & equation \\"
    lines = [r"\begin{tabular}{rrrrl}", r"\hline", head, r"\hline", *rows, r"\hline", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _number(text: str) -> str:
    mantissa, has_exponent, exponent = text.partition("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$" if has_exponent else f"${mantissa}$"
