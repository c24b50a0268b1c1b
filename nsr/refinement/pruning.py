"""Equations with one part less: what they would be if a part did not vary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, constant, subtree_end
from nsr.expressions.simplify import simplify


def pruned(expression: Expression, X: NDArray[np.float64]) -> list[Expression]:
    """The equation with each of its parts that varies in turn replaced by a constant, the part's median.

    Args:
        expression: Without placeholders.
        X: Variables, shape (P, D).

    Returns:
        Simplified, each once, none longer than the expression, which is not among them.
    """
    places = list(_varying(expression))
    if not places:
        return []
    tokens = expression.tokens
    with np.errstate(all="ignore"):
        values = Program([Expression(tokens[start:stop]) for start, stop in places]).values(X)
    forms = []
    for (start, stop), of_part in zip(places, values, strict=True):
        level = np.median(of_part)
        if np.isfinite(level):
            forms.append(simplify(Expression(tokens[:start] + constant(float(level)).tokens + tokens[stop:])))
    return [form for form in dict.fromkeys(forms) if form != expression and len(form) <= len(expression)]


def _varying(expression: Expression) -> Iterator[tuple[int, int]]:
    """Where parts begin and end that have variables, the expression itself left out."""
    assert PLACEHOLDER not in expression.tokens
    for start in range(1, len(expression.tokens)):
        stop = subtree_end(expression.tokens, start)
        if Expression(expression.tokens[start:stop]).variables:
            yield start, stop
