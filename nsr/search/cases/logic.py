"""Targets that are logical functions of columns of zeros and ones, or sums with them."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import ONE, linear_combination

Array = NDArray[np.float64]

# Columns of zeros and ones that are combined at most.
_MOST_COLUMNS = 12
# Values that agree to this share of the target's size are the same.
_SAME = 1e-9


def is_binary(column: Array) -> bool:
    """Whether a column has zeros and ones and nothing else."""
    return bool(np.all((column == 0) | (column == 1)))


def logical(X: Array, y: Array) -> list[Expression]:
    """Logical functions of pairs of binary columns that are the target, up to a scale and a level.

    Args:
        X: Shape (P, D).
        y: Shape (P,).
    """
    columns = [i for i in range(X.shape[1]) if is_binary(X[:, i])][:_MOST_COLUMNS]
    terms = [term for i, j in itertools.combinations(columns, 2) for term in _of_pair(i, j)]
    if not terms:
        return []
    size = float(np.max(np.abs(y))) or 1.0
    forms = []
    for term, values in zip(terms, Program(terms).values(X), strict=True):
        on, off = y[values != 0], y[values == 0]
        if not len(on) or not len(off) or max(np.ptp(on), np.ptp(off)) > _SAME * size:
            continue
        level, step = float(off.mean()), float(on.mean() - off.mean())
        if abs(step) <= _SAME * size:
            continue
        parts = [(step, term), *([(level, ONE)] if abs(level) > _SAME * size else [])]
        is_plain = abs(step - 1) <= _SAME and len(parts) == 1
        forms.append(term if is_plain else linear_combination(parts))
    return forms


def _of_pair(i: int, j: int) -> list[Expression]:
    """And, or, either, and one without the other; what is not any of them is its negative."""
    a, b = variable(i), variable(j)
    return [
        apply("mul", a, b),
        apply("maximum", a, b),
        apply("abs", apply("sub", a, b)),
        apply("square", apply("sub", a, b)),
        apply("mul", a, apply("sub", constant(1.0), b)),
        apply("mul", b, apply("sub", constant(1.0), a)),
    ]
