"""Equations with one part less: what they would be if a part did not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.simplify import simplify


def pruned(expression: Expression, X: NDArray[np.float64]) -> list[Expression]:
    """The equation with each of its parts that varies in turn replaced by a constant, the part's median.

    Args:
        expression: Without placeholders.
        X: Variables, shape (P, D).

    Returns:
        Simplified, each once, none longer than the expression, which is not among them.
    """
    assert PLACEHOLDER not in expression.tokens
    parts = [(start, own) for start, own in enumerate(expression.subexpressions()) if start and own.variables]
    if not parts:
        return []
    tokens = expression.tokens
    with np.errstate(all="ignore"):
        values = Program([own for _, own in parts]).values(X)
    forms = []
    for (start, own), of_part in zip(parts, values, strict=True):
        level = np.median(of_part)
        if np.isfinite(level):
            forms.append(simplify(Expression((*tokens[:start], float(level), *tokens[start + len(own) :]))))
    return [form for form in dict.fromkeys(forms) if form != expression and len(form) <= len(expression)]
