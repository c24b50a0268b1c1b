"""Targets with a kink: the larger or the smaller of two affine functions of the variables.

The rows of each are found in turns with its coefficients, from several partitions (Magnani and Boyd,
"Convex piecewise-linear fitting", Optimization and Engineering 10, 2009). A hinge a + b max(x - t, 0), an
absolute value and the minimum of two variables are such targets.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.search.cases.linear import Affine, fitted
from nsr.task import FEW_ROWS

Array = NDArray[np.float64]

# Rounds in which rows change sides, and random partitions that it begins with beside those along variables.
_ROUNDS, _N_RANDOM = 30, 4
_ZERO, _HALF = constant(0.0), 0.5
_EXTREMES = {"minimum": np.minimum, "maximum": np.maximum}
# With more variables not all subsets are looked at.
_MOST_VARIABLES = 7


def extremes(X: Array, y: Array, weights: Array, seed: int) -> tuple[list[Expression], float]:
    """Forms of the best extreme of two affine functions, and the sum of squares that it leaves.

    Args:
        X: Shape (P, D), the rows in random order.
        y: Shape (P,).
        weights: Shape (P,).
        seed: Of random partitions.
    """
    columns = np.column_stack((np.ones(len(y)), X))
    table, goal = columns * weights[:, None], y * weights
    some = slice(0, FEW_ROWS)
    starts = list(_partitions(X[some], np.random.default_rng(seed)))
    found = [
        (loss, sign, difference)
        for sign in (1.0, -1.0)
        for start in starts
        for loss, difference in _alternated(table[some], goal[some], sign, start)
    ]
    if not found:
        return [], np.inf
    _, sign, difference = min(found, key=lambda one: one[0])
    loss, side = np.inf, columns @ difference * sign > 0
    for _, difference in _alternated(table, goal, sign, side):
        side = columns @ difference * sign > 0
    if min(side.sum(), (~side).sum()) <= columns.shape[1]:
        return [], np.inf
    f, g = (fitted(columns[rows], y[rows], weights[rows])[0] for rows in (side, ~side))
    name = "maximum" if sign > 0 else "minimum"
    values = _EXTREMES[name](columns @ f.coefficients, columns @ g.coefficients)
    loss = float(np.sum(np.square((y - values) * weights)))
    return _forms(name, f, g), loss


def of_variables(X: Array, y: Array, weights: Array) -> tuple[list[Expression], float]:
    """The smallest or the largest of some variables that explains most, and what it leaves, as `extremes`."""
    n_variables = X.shape[1]
    sizes = range(3, n_variables + 1) if n_variables <= _MOST_VARIABLES else ()
    subsets = itertools.chain.from_iterable(
        itertools.combinations(range(n_variables), size) for size in sizes
    )
    best: tuple[list[Expression], float] = [], np.inf
    for chosen, (name, extreme) in itertools.product(subsets, _EXTREMES.items()):
        values = extreme.reduce(X[:, chosen], axis=1)
        affine, left = fitted(np.column_stack((np.ones(len(y)), values)), y, weights)
        loss = float(left @ left)
        if loss < best[1]:
            variables = [variable(i) for i in chosen]
            own = variables[0]
            for other in variables[1:]:
                own = apply(name, own, other)
            best = [affine.expression.substitute({0: own})], loss
    return best


def _partitions(X: Array, rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
    """Rows on one side of each variable's quartiles, of a pair's equality, and of random planes."""
    for column, quantile in itertools.product(X.T, (0.25, 0.5, 0.75)):
        yield column > np.quantile(column, quantile)
    spread = np.std(X, axis=0)
    scaled = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    pairs = list(itertools.combinations(range(X.shape[1]), 2))
    for i, j in pairs[:10]:
        yield X[:, i] > X[:, j]
        yield scaled[:, i] + scaled[:, j] > 0
    for _ in range(_N_RANDOM):
        yield scaled @ rng.standard_normal(X.shape[1]) > 0


def _alternated(
    table: Array, goal: Array, sign: float, side: NDArray[np.bool_]
) -> Iterator[tuple[float, Array]]:
    """Sums of squares and differences of both functions' coefficients, round by round, while they fall."""
    least = table.shape[1] + 1
    best = np.inf
    for _ in range(_ROUNDS):
        if min(side.sum(), (~side).sum()) < least:
            return
        f, g = (np.linalg.lstsq(table[rows], goal[rows], rcond=1e-12)[0] for rows in (side, ~side))
        of_f, of_g = table @ f, table @ g
        values = np.maximum(of_f, of_g) if sign > 0 else np.minimum(of_f, of_g)
        loss = float(np.sum(np.square(goal - values)))
        if not loss < best:
            return
        best = loss
        yield loss, f - g
        side = (of_f - of_g) * sign > 0


def _forms(name: str, f: Affine, g: Affine) -> list[Expression]:
    """The extreme as it is, as a function and a hinge, and as a mean and a size; short ones first."""
    difference, middle = f - g, f.mean(g)
    half = difference.times(_HALF if name == "maximum" else -_HALF)
    forms = [
        apply(name, f.expression, g.expression),
        _total(g, apply(name, difference.expression, _ZERO)),
        _total(f, apply(name, difference.times(-1.0).expression, _ZERO)),
        _total(middle, _absolute(half, name)),
    ]
    return sorted(dict.fromkeys(forms), key=len)


def _total(affine: Affine, part: Expression) -> Expression:
    return apply("add", affine.expression, part) if np.any(affine.significant) else part


def _absolute(half: Affine, name: str) -> Expression:
    size = apply("abs", half.expression)
    return size if name == "maximum" else apply("neg", size)
