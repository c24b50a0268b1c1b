"""Targets that are sums of affine functions and hinges max(x - t, 0) or steps of single variables.

The terms are added one by one, those first that explain most (as in multivariate adaptive regression splines:
Friedman, The Annals of Statistics 19, 1991), while they explain more than chance would.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.search.cases.linear import fitted
from nsr.search.cases.splits import round_between

Array = NDArray[np.float64]

# Places that a hinge or a step may have in a variable, and how many are added.
_N_PLACES, _MOST = 24, 4
# Quantiles between which they lie.
_ENDS = (0.04, 0.96)


def hinges(X: Array, y: Array, weights: Array) -> tuple[list[Expression], float]:
    """Sums of each size, the largest last, and the sum of squares that the largest leaves.

    Args:
        X: Shape (P, D).
        y: Shape (P,).
        weights: Shape (P,).
    """
    terms, values = _terms(X)
    columns = [np.ones(len(y)), *X.T]
    used: list[Expression] = [variable(i) for i in range(X.shape[1])]
    _, left = fitted(np.column_stack(columns), y, weights)
    forms: list[Expression] = []
    n_rows = len(y)
    for _ in range(_MOST):
        if not len(terms) or float(left @ left) == 0:
            break
        place = best_term(values, np.column_stack(columns), left, weights)
        columns, used = [*columns, values[place]], [*used, terms[place]]
        affine, remaining = fitted(np.column_stack(columns), y, weights)
        before, after = float(left @ left), float(remaining @ remaining)
        # A term costs its coefficient, and which of the places it has.
        price = (math.log(n_rows) + 2 * math.log(len(terms))) / n_rows
        if not after < before * math.exp(-price):
            break
        left = remaining
        own = dict(enumerate(used))
        forms.append(affine.expression.substitute(own))
    return forms, float(left @ left)


def places(column: Array) -> list[float]:
    """Quantiles where a variable may have a hinge; none where it has two values: of these all is straight."""
    ordered = np.unique(column)
    if len(ordered) < 3:
        return []
    found = np.unique(np.quantile(ordered, np.linspace(*_ENDS, _N_PLACES)))
    return [t for t in found.tolist() if ordered[0] <= t < ordered[-1]]


def steps(index: int, column: Array) -> Iterator[tuple[Expression, Array]]:
    """Steps of a variable at the same quantiles, with few digits, and their values, shape (P,)."""
    ordered = np.unique(column)
    for t in places(column):
        after = int(np.searchsorted(ordered, t, side="right"))
        at = round_between(float(ordered[after - 1]), float(ordered[after]))
        yield apply("greater", variable(index), constant(at)), np.asarray((column > at) * 1.0)


def _terms(X: Array) -> tuple[list[Expression], Array]:
    """Hinges and steps at quantiles of each variable, and their values, shape (n, P)."""
    terms: list[Expression] = []
    values: list[Array] = []
    for i, column in enumerate(X.T):
        for t, (step, of_step) in zip(places(column), steps(i, column), strict=True):
            terms += [_hinge(i, t), step]
            values += [np.maximum(column - t, 0.0), of_step]
    return terms, np.array(values)


def _hinge(index: int, t: float) -> Expression:
    return apply("maximum", apply("sub", variable(index), constant(t)), constant(0.0))


def best_term(values: Array, columns: Array, left: Array, weights: Array) -> int:
    """Which term explains most of what is left, beside what is there."""
    q = np.linalg.qr(columns * weights[:, None])[0]
    own = values * weights
    own = own - (own @ q) @ q.T
    sizes = np.linalg.norm(own, axis=1)
    usable = sizes > 1e-6 * np.linalg.norm(values * weights, axis=1)
    gains = np.where(usable, np.abs(own @ left) / np.where(usable, sizes, 1.0), -1.0)
    return int(np.argmax(gains))
