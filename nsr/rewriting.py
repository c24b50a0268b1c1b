"""The same function in other words: factors multiplied out, or common factors taken out."""

from __future__ import annotations

import sympy

from nsr.export.sympy import from_sympy, to_sympy
from nsr.expression import Expression
from nsr.simplify import simplify

# SymPy takes too long to multiply out what is longer.
_MAX_LENGTH = 40


def rewritten(expression: Expression) -> list[Expression]:
    """Other forms of an expression, simplified; none where SymPy leaves our operators.

    Args:
        expression: What to rewrite.

    Returns:
        Up to two forms that differ from the expression and from each other.
    """
    if len(expression.tokens) > _MAX_LENGTH:
        return []
    form = to_sympy(expression)
    result: list[Expression] = []
    for rewrite in (_multiplied_out, sympy.factor_terms):
        try:
            other = simplify(from_sympy(rewrite(form)))
        except (ValueError, TypeError):  # complex numbers, or a function that we lack
            continue
        if other != expression and other not in result:
            result.append(other)
    return result


def _multiplied_out(form: sympy.Expr) -> sympy.Expr:
    return sympy.expand(form, power_base=False, power_exp=False, log=False, trig=False)
