"""Expressions as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from nsr.expressions.expression import Expression
from nsr.expressions.sympy_form import to_sympy


def to_latex(expression: Expression, names: Sequence[str] | None = None, digits: int = 4) -> str:
    """LaTeX of an expression, typeset by SymPy.

    Args:
        expression: What to typeset.
        names: Names of the variables; Greek letters and indices are recognised.
        digits: Significant digits of constants.
    """
    form = to_sympy(expression, names)
    rounded = form.xreplace({number: sympy.Float(number, digits) for number in form.atoms(sympy.Float)})
    return str(sympy.latex(rounded))
