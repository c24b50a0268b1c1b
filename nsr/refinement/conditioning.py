"""Equations that compute their values as small differences of large numbers: what they say is rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.choice import Front
from nsr.task import FEW_ROWS, Task

# Share by which all numbers of an equation are moved, each by its own part of it; and by how many times that
# share of their size values may change: more, and of sixteen digits fewer than six are left.
_SHARE, _MOST = 1e-9, 1e10


def with_sure_digits(front: Front, task: Task) -> Front:
    """A front without rows whose values have lost nearly all digits; the chosen one stays.

    A Weibull curve of 9e11*(1 - exp(-1e-12)), say, is a power law by chance of rounding.

    Args:
        front: Equations.
        task: What they explain.
    """
    rows, chosen = front.candidates, front.candidates[front.best]
    expressions = [row.expression for row in rows]
    moved = [_moved(expression) for expression in expressions]
    with np.errstate(all="ignore"):
        values = np.asarray(Program([*expressions, *moved]).values(task.X[:FEW_ROWS]), dtype=np.float64)
        own, other = values[: len(rows)], values[len(rows) :]
        changes = np.median(np.abs(other - own), axis=1) / np.median(np.abs(own), axis=1)
    kept = [
        row for row, change in zip(rows, changes, strict=True) if row is chosen or not change > _MOST * _SHARE
    ]
    return replace(front, candidates=kept, best=kept.index(chosen))


def _moved(expression: Expression) -> Expression:
    """The expression with its numbers moved a little, none by the same share as another."""
    return Expression(
        tuple(
            token if isinstance(token, str) else token * (1 + _SHARE * (1 + 0.1 * place))
            for place, token in enumerate(expression.tokens)
        )
    )
