"""Sums of products of two functions of variables, for derivatives that are known to many digits.

All pairs of products are tried beside constant and linear terms. Of observations with noise hundreds of these
sums are as good as any; of derivatives with eight digits next to none is exact that is not right.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import ONE, linear_combination
from nsr.expressions.parsing import parse

Array = NDArray[np.float64]

# Functions of a variable, of two, and of the difference of two.
_OF_ONE = tuple(
    map(
        parse,
        (
            *("x_0", "x_0**2", "1/x_0", "sqrt(x_0)", "log(x_0)", "exp(x_0)", "exp(-x_0)", "abs(x_0)"),
            *("tanh(x_0)", "1/sqrt(1 + x_0**2)"),
            *("sin(x_0)", "cos(x_0)", "tan(x_0)", "1/sin(x_0)", "1/cos(x_0)", "1/tan(x_0)"),
        ),
    )
)
_OF_TWO = tuple(map(parse, ("sqrt(x_0**2 + x_1**2)", "(x_0**2 + x_1**2)**(-1.5)")))
_OF_DIFFERENCES = tuple(map(parse, ("sin(x_0 - x_1)", "cos(x_0 - x_1)", "sqrt(x_0 - x_1)", "abs(x_0 - x_1)")))
# With more products than this those with a variable alone are tried, and with more of these none.
_MOST_PRODUCTS, _FEWEST_PRODUCTS = 2_000, 3
# Values this many times as large as is usual are near a pole.
_LARGEST = 1e4
# Share of a product's size beyond what stands beside it, from which on it is one of its own.
_OF_ITS_OWN = 1e-5
# Pairs that are looked at closely, and those that a third product is looked for.
_N_PAIRS, _N_EXTENDED = 24, 12
# Seconds of work for a pair of products, and for a look at one.
_SECONDS_A_PAIR, _SECONDS_A_LOOK = 3e-8, 3e-4


def product_sums(X: Array, y: Array, error: float, clock: Clock) -> list[Expression]:
    """Sums of constant and linear terms and of up to three products that are exact.

    Args:
        X: Variables, all of which vary, shape (P, V).
        y: Target, shape (P,).
        error: How far it is off, as a share of its spread.
        clock: Is told of the work.
    """
    beside = [ONE, *map(variable, range(X.shape[1]))]
    products, values = _products(X)
    base = values_of_terms(beside, X)
    basis = np.linalg.qr(base.T)[0]
    left = 3 * error * float(np.linalg.norm(y - y.mean()))
    rest = _without(basis, values)
    norms = np.linalg.norm(rest, axis=1)
    is_own = norms > _OF_ITS_OWN * np.linalg.norm(values, axis=1)
    products = [one for one, own in zip(products, is_own.tolist(), strict=True) if own]
    values, unit = values[is_own], rest[is_own] / norms[is_own, None]
    if len(products) < _FEWEST_PRODUCTS:
        return []
    target = _without(basis, y[None])[0]
    clock.spend(_SECONDS_A_PAIR * len(products) ** 2 + _SECONDS_A_LOOK * (_N_PAIRS + _N_EXTENDED))
    chosen: list[tuple[int, ...]] = [*_best_pairs(unit, target, _N_PAIRS)]
    chosen += [third for pair in chosen[:_N_EXTENDED] for third in _with_third(unit, target, pair)]
    found: list[Expression] = []
    for places in chosen:
        table = np.concatenate((base, values[list(places)]))
        if _left_by(table, y)[1] <= left:
            terms = [*beside, *(products[place] for place in places)]
            found.append(_shortened(terms, table, y, left))
    return found


def values_of_terms(terms: Sequence[Expression], X: Array) -> Array:
    """Values of terms, shape (T, P), of variables, shape (P, V)."""
    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(Program(list(terms)).values(X), (len(terms), len(X))))


def _products(X: Array) -> tuple[list[Expression], Array]:
    """Functions of variables and products of two of them, and their values."""
    n = X.shape[1]
    atoms = [shape.substitute({0: variable(place)}) for place in range(n) for shape in _OF_ONE]
    for first, second in itertools.permutations(range(n), 2):
        own = {0: variable(first), 1: variable(second)}
        shapes = (*_OF_TWO, *_OF_DIFFERENCES) if first < second else (_OF_DIFFERENCES[2],)
        atoms += [shape.substitute(own) for shape in shapes]
    values = values_of_terms(atoms, X)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(values), axis=1) / np.median(np.abs(values), axis=1)
    usable = np.flatnonzero(np.isfinite(values).all(axis=1) & (size < _LARGEST))
    alone = [place for place in usable.tolist() if len(atoms[place].tokens) == 1]
    pairs = [*itertools.combinations_with_replacement(usable.tolist(), 2)]
    if len(pairs) > _MOST_PRODUCTS:
        pairs = [(a, b) for a in alone for b in usable.tolist()]
    if len(pairs) > _MOST_PRODUCTS:
        pairs = []
    products = [atoms[a] for a in usable] + [apply("mul", atoms[a], atoms[b]) for a, b in pairs]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return products, np.concatenate((values[usable], values[left] * values[right]))


def _without(basis: Array, rows: Array) -> Array:
    """Rows less what a basis (P, m) spans of them."""
    for _ in range(2):
        rows = rows - (rows @ basis) @ basis.T
    return rows


def _best_pairs(unit: Array, target: Array, n: int) -> Iterator[tuple[int, ...]]:
    """Places of the pairs of unit rows that explain most of a target, the best first."""
    gram, moments = unit @ unit.T, unit @ target
    rows, columns = np.triu_indices(len(unit), 1)
    cosine, a, b = gram[rows, columns], moments[rows], moments[columns]
    with np.errstate(all="ignore"):
        explained = (a**2 + b**2 - 2 * cosine * a * b) / (1 - cosine**2)
    explained = np.where(1 - cosine**2 > _OF_ITS_OWN**2, explained, 0.0)
    best = np.argpartition(-explained, min(n, len(explained) - 1))[:n]
    for place in best[np.argsort(-explained[best], kind="stable")].tolist():
        yield int(rows[place]), int(columns[place])


def _with_third(unit: Array, target: Array, pair: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The pair and the unit row that explains most of what it leaves."""
    basis = np.linalg.qr(unit[list(pair)].T)[0]
    rest = _without(basis, unit)
    norms = np.linalg.norm(rest, axis=1)
    with np.errstate(all="ignore"):
        share = np.where(norms > _OF_ITS_OWN, np.abs(rest @ target) / norms, 0.0)
    third = int(np.argmax(share))
    return [(*pair, third)] if third not in pair else []


def _left_by(table: Array, y: Array) -> tuple[Array, float]:
    """Weights of rows, and the size of what their sum leaves."""
    norms = np.linalg.norm(table, axis=1)
    weights = np.linalg.lstsq((table / norms[:, None]).T, y, rcond=1e-14)[0] / norms
    return weights, float(np.linalg.norm(y - weights @ table))


def _shortened(terms: Sequence[Expression], table: Array, y: Array, left: float) -> Expression:
    """The sum without terms that do nothing, those that matter least first."""
    kept = list(range(len(terms)))
    while len(kept) > 1:
        trials = [[place for place in kept if place != gone] for gone in kept]
        sizes = [_left_by(table[trial], y)[1] for trial in trials]
        least = int(np.argmin(sizes))
        if sizes[least] > left:
            break
        kept = trials[least]
    weights = _left_by(table[kept], y)[0]
    return linear_combination([(w, terms[place]) for w, place in zip(weights.tolist(), kept, strict=True)])
