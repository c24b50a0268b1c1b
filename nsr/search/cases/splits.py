"""Targets that follow one law on one side of a threshold and another one on the other side.

Where a polynomial of low degree leaves more than two that share the rows at a threshold of one variable, or
at the equality of two, the rows are split there (as in trees of linear models: Quinlan, "Learning with
continuous classes", 1992). Sums of squares of all thresholds follow from cumulative Gram matrices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant, variable

Array = NDArray[np.float64]

# Thresholds of a variable that are looked at before those between the neighbours of the best.
_N_PLACES = 30
# With more variables pairs are not compared with each other, and sides are affine.
_FEW = 6
# What keeps Gram matrices of columns that depend on each other from having no inverse.
_RIDGE = 1e-12
_MOST_DIGITS = 17


@dataclass(frozen=True)
class Split:
    """A condition that tells rows apart.

    Attributes:
        condition: 1 in rows of the first law, 0 in others.
        rows: Where it holds, shape (P,).
        loss: Sum of squares that polynomials on both sides leave.
        error: Root mean square of what they leave on rows that they were not fitted to.
    """

    condition: Expression
    rows: NDArray[np.bool_]
    loss: float
    error: float


def best_split(X: Array, y: Array, weights: Array) -> Split | None:
    """The split that leaves least.

    Args:
        X: Shape (P, D), the rows in random order.
        y: Shape (P,).
        weights: Shape (P,).

    Returns:
        None where no side has enough rows for a polynomial.
    """
    found = [
        _Found(*one, table)
        for table in _tables(X, len(y))
        for one in _of_each_column(X, table * weights[:, None], y * weights)
    ]
    if not found:
        return None
    splits = [_finished(one, y, weights) for one in sorted(found, key=lambda one: one.loss)[:3]]
    return min(splits, key=lambda split: split.error)


@dataclass(frozen=True)
class _Found:
    """A threshold.

    Attributes:
        loss: Sum of squares that polynomials on both sides leave.
        values: Of the variable, or of the difference of two, shape (P,).
        index: Which one, or which two.
        place: The largest value below the threshold.
        table: Columns of the polynomials, shape (P, K).
    """

    loss: float
    values: Array
    index: tuple[int, ...]
    place: float
    table: Array


def _tables(X: Array, n_rows: int) -> list[Array]:
    """Columns of polynomials of degree 0, 1 and 2, as far as rows allow."""
    spread = np.std(X, axis=0)
    z = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    one = np.ones((n_rows, 1))
    tables = [one, np.column_stack((one, z))]
    if X.shape[1] <= _FEW:
        pairs = itertools.combinations_with_replacement(range(X.shape[1]), 2)
        tables.append(np.column_stack((one, z, *(z[:, i] * z[:, j] for i, j in pairs))))
    return [table for table in tables if 4 * table.shape[1] <= n_rows]


def _of_each_column(
    X: Array, table: Array, goal: Array
) -> Iterator[tuple[float, Array, tuple[int, ...], float]]:
    """The best threshold of each variable, and of the differences of pairs at zero."""
    n_variables = X.shape[1]
    for i in range(n_variables):
        best = _best_place(X[:, i], table, goal)
        if best is not None:
            yield best[0], X[:, i], (i,), best[1]
    for i, j in itertools.combinations(range(n_variables), 2) if n_variables <= _FEW else ():
        difference = X[:, i] - X[:, j]
        loss = _loss_of(difference > 0, table, goal)
        if loss is not None:
            yield loss, difference, (i, j), 0.0


def _best_place(column: Array, table: Array, goal: Array) -> tuple[float, float] | None:
    """The sum of squares and the place of the best threshold of a variable, as the value below it."""
    values = np.unique(column)[:-1]
    if not len(values):
        return None
    step = max(1, len(values) // _N_PLACES)
    coarse = _losses(column, values[::step], table, goal)
    if not np.any(np.isfinite(coarse)):
        return None
    if step == 1:
        return float(np.min(coarse)), float(values[int(np.argmin(coarse))])
    centre = int(np.argmin(coarse)) * step
    near = values[max(0, centre - step) : centre + step + 1]
    fine = _losses(column, near, table, goal)
    return float(np.min(fine)), float(near[int(np.argmin(fine))])


def _losses(column: Array, places: Array, table: Array, goal: Array) -> Array:
    """Sums of squares with a threshold above each of some values, shape (n,); infinite with few rows."""
    order = np.argsort(column, kind="stable")
    ordered, rows = column[order], np.column_stack((table, goal))[order]
    cuts = np.searchsorted(ordered, places, side="right")
    blocks = np.split(rows, cuts)
    grams = np.cumsum([block.T @ block for block in blocks], axis=0)
    below, above = grams[:-1], grams[-1] - grams[:-1]
    n_columns = table.shape[1]
    is_small = (cuts < 2 * n_columns + 2) | (len(goal) - cuts < 2 * n_columns + 2)
    return np.asarray(np.where(is_small, np.inf, _unexplained(below) + _unexplained(above)))


def _unexplained(grams: Array) -> Array:
    """What least squares leaves, from Gram matrices of columns and target, shape (n, K + 1, K + 1)."""
    inner, moments, total = grams[:, :-1, :-1], grams[:, :-1, -1], grams[:, -1, -1]
    size = np.einsum("nii->ni", inner).max(axis=1)
    ridge = (_RIDGE * size + 1e-300)[:, None, None] * np.eye(inner.shape[1])
    solved = np.linalg.solve(inner + ridge, moments[:, :, None])[:, :, 0]
    return np.asarray(np.maximum(total - np.sum(solved * moments, axis=1), 0.0))


def _loss_of(rows: NDArray[np.bool_], table: Array, goal: Array) -> float | None:
    least = 2 * table.shape[1] + 2
    if min(rows.sum(), (~rows).sum()) < least:
        return None
    both = np.column_stack((table, goal))
    return float(np.sum(_unexplained(np.stack([both[side].T @ both[side] for side in (rows, ~rows)]))))


def _finished(found: _Found, y: Array, weights: Array) -> Split:
    """A split with a threshold of few digits, and its error on the last quarter of the rows."""
    if len(found.index) == 1:
        above = float(np.min(found.values[found.values > found.place]))
        t = round_between(found.place, above)
        rows = found.values > t
        condition = apply("greater", variable(found.index[0]), constant(t))
    else:
        rows = found.values > 0
        condition = apply("greater", *(variable(i) for i in found.index))
    n_fit = len(y) * 3 // 4
    off = np.zeros(len(y))
    table, goal = found.table * weights[:, None], y * weights
    for side in (rows, ~rows):
        first = np.flatnonzero(side[:n_fit])
        solved = np.linalg.lstsq(table[first], goal[first], rcond=1e-10)[0]
        off[side] = goal[side] - table[side] @ solved
    return Split(condition, rows, found.loss, float(np.sqrt(np.mean(np.square(off[n_fit:])))))


def round_between(low: float, high: float) -> float:
    """The number of fewest digits that is not below one and below another one."""
    size = max(abs(low), abs(high))
    if low <= 0 < high or size == 0:
        return 0.0
    top = math.ceil(math.log10(size))
    for digits in range(_MOST_DIGITS):
        step = 10.0 ** (top - digits)
        t = round(math.ceil(low / step) * step, max(0, digits - top))
        if low <= t < high:
            return t
    return low
