"""Structured families: targets that, transformed, are sums of few simple terms, or ratios of such sums.

T(y) * (1 - sum_k d_k phi_k(z)) = sum_j c_j phi_j(z) is linear in its unknown constants. The terms phi come
from a small grammar, T from the functions that have an inverse, and the sparsest relations are found by
exhaustive search over subsets, which unlike greedy selection does not fail on collinear terms.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nsr.expression import Expression, apply, constant, variable
from nsr.program import Program
from nsr.search.monomials import monomial, power
from nsr.search.state import State
from nsr.search.surrogate import degrees_up_to

Array = NDArray[np.float64]

MAX_VARIABLES = 9
_MAX_ROWS = 600
_POWERS = (1.0, 2.0, -1.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, 1.5)
_SCALES = (1.0, 2.0, 0.5, np.pi, 3.0, 4.0)
_MAX_TERMS = 140
# Terms that sums of three are made of, and ratios of three: above and below the line.
_MAX_TRIPLE_TERMS, _MAX_RATIO_TERMS = 48, 20
_N_BEST = 4
# Share of the transformed target that a worthwhile relation leaves unexplained, at most.
_WORTHWHILE = 0.05
# Share of the target that a sum which holds exactly leaves unexplained on rows it was not fitted to.
_EXACT = 1e-7
_MAX_EXACT_TERMS = 12
# Polynomials go up to this total degree.
_MAX_DEGREE = 9
_EXTREME = 1e12
_ONE = constant(1.0)


@dataclass(frozen=True)
class Transform:
    """A function of the target with its inverse.

    Attributes:
        name: Operators from the target outwards, such as ("square", "inv").
        inverse: Operators that undo them.
    """

    name: tuple[str, ...]
    inverse: tuple[str, ...]

    def of_target(self, y: Array) -> Array:
        """The transformed target; NaN outside the domain."""
        form = _applied(self.name, variable(0))
        return np.asarray(Program([form]).values(y[:, None])[0], dtype=np.float64)


_TRANSFORMS = (
    Transform((), ()),
    Transform(("inv",), ("inv",)),
    Transform(("square",), ("sqrt",)),
    Transform(("log",), ("exp",)),
    Transform(("square", "inv"), ("inv", "sqrt")),
    Transform(("sqrt",), ("square",)),
    Transform(("exp",), ("log",)),
    Transform(("sin",), ("asin",)),
    Transform(("cos",), ("acos",)),
)


def relations(state: State) -> Iterator[list[Expression]]:
    """Equations t = f(z) that nearly hold, one list for each transform of the target, simple ones first."""
    n_variables = state.X.shape[1]
    if n_variables == 0:
        yield [constant(float(np.mean(state.y)))]
        return
    if n_variables > MAX_VARIABLES:
        return
    rows = slice(0, _MAX_ROWS)
    X, y = state.X[rows], state.y[rows]
    terms = _terms(n_variables)
    values = np.asarray(Program(list(terms)).values(X), dtype=np.float64)
    usable = _is_moderate(values)
    terms = tuple(term for term, good in zip(terms, usable, strict=True) if good)
    table = values[usable].T
    yield _polynomials(X, y)
    for transform in _TRANSFORMS:
        target = transform.of_target(y)
        if _is_moderate(target) and np.ptp(target) > 0:
            negative = transform.inverse[-1:] == ("sqrt",) and bool(np.all(y < 0))
            yield [
                apply("neg", form) if negative else form for form in _forms(transform, terms, table, target)
            ]


def _polynomials(X: Array, y: Array) -> list[Expression]:
    """The polynomial, and the reciprocal of one, that hold exactly, if few terms do."""
    degrees = degrees_up_to(X.shape[1], len(y) // 4)
    degrees = degrees[degrees.sum(axis=1) <= _MAX_DEGREE]
    table = np.prod(X[:, None, :] ** degrees[None], axis=2)
    if not np.all(_is_moderate(table.T)):
        return []
    forms = []
    for target, inverse in ((y, ()), (1 / np.where(y == 0, np.nan, y), ("inv",))):
        for subset in exact_subset(table, target) if _is_moderate(target) else []:
            weights = np.linalg.lstsq(table[:, subset], target, rcond=None)[0]
            terms = [(float(w), monomial(degrees[i])) for i, w in zip(subset, weights, strict=True)]
            forms.append(_applied(inverse, _sum(terms)))
    return forms


def _is_moderate(values: Array) -> NDArray[np.bool_]:
    """Whether values, along the last axis, are finite, not all zero, and far from overflow when squared."""
    largest = np.max(np.abs(values), axis=-1)
    return np.asarray((largest > 1 / _EXTREME) & (largest < _EXTREME))


def _forms(
    transform: Transform, terms: tuple[Expression, ...], table: Array, target: Array
) -> list[Expression]:
    """The best explicit sums and ratios for one transform of the target."""
    both = np.column_stack((table, target[:, None] * table[:, 1:]))
    n_terms = table.shape[1]
    forms = []
    for subset in (*_best_subsets(both, target, n_terms), *exact_subset(table, target)):
        columns = both[:, subset]
        scale = np.linalg.norm(columns, axis=0)
        weights = np.linalg.lstsq(columns / scale, target, rcond=1e-13)[0] / scale
        above = [(w, terms[i]) for i, w in zip(subset, weights, strict=True) if i < n_terms]
        below = [(-w, terms[i - n_terms + 1]) for i, w in zip(subset, weights, strict=True) if i >= n_terms]
        if not above:
            continue
        form = _sum(above)
        if below:
            form = apply("div", form, _sum([(1.0, _ONE), *below]))
        forms.append(_applied(transform.inverse, form))
    return forms


def _best_subsets(columns: Array, target: Array, n_explicit: int) -> list[tuple[int, ...]]:
    """Subsets of one to three columns that explain the target best.

    Triples are made of the first columns only, as their number grows with the cube.
    """
    scaled = columns / np.linalg.norm(columns, axis=0)
    gram, moments = scaled.T @ scaled, scaled.T @ target
    total = float(target @ target)
    n = len(moments)
    found: list[tuple[int, ...]] = []
    for subsets in (np.arange(n)[:, None], _pairs(n), _sums(n_explicit), _ratios(n_explicit, n)):
        if not len(subsets):
            continue
        block = gram[subsets[:, :, None], subsets[:, None, :]]
        block = block + 1e-13 * np.eye(subsets.shape[1])
        right = moments[subsets]
        with np.errstate(all="ignore"):
            solved = np.linalg.solve(block, right[..., None])[..., 0]
            unexplained = 1 - np.sum(solved * right, axis=1) / total
        order = np.argsort(unexplained)[:_N_BEST]
        found += [tuple(int(i) for i in subsets[k]) for k in order if unexplained[k] < _WORTHWHILE]
    return found


@cache
def _pairs(n: int) -> NDArray[np.intp]:
    return np.array(list(itertools.combinations(range(n), 2)), dtype=np.intp).reshape(-1, 2)


@cache
def _sums(n_explicit: int) -> NDArray[np.intp]:
    """Triples of explicit columns."""
    chosen = itertools.combinations(range(min(n_explicit, _MAX_TRIPLE_TERMS)), 3)
    return np.array(list(chosen), dtype=np.intp).reshape(-1, 3)


@cache
def _ratios(n_explicit: int, n: int) -> NDArray[np.intp]:
    """Triples of which one or two columns are explicit."""
    above = range(min(n_explicit, _MAX_RATIO_TERMS))
    below = range(n_explicit, min(n, n_explicit + _MAX_RATIO_TERMS))
    one = ((*pair, k) for pair in itertools.combinations(above, 2) for k in below)
    two = ((i, *pair) for i in above for pair in itertools.combinations(below, 2))
    return np.array([*one, *two], dtype=np.intp).reshape(-1, 3)


def exact_subset(table: Array, target: Array) -> list[tuple[int, ...]]:
    """The terms of a sum that holds exactly: all terms at once, then without those that do nothing."""
    n_fit = len(target) * 3 // 4
    if table.shape[1] > n_fit // 2:
        table = table[:, : n_fit // 2]
    kept = np.arange(table.shape[1])
    norms = np.linalg.norm(table, axis=0)
    size = np.sqrt(np.mean(target**2))
    while True:
        columns = table[:, kept] / norms[kept]
        weights = np.linalg.lstsq(columns[:n_fit], target[:n_fit], rcond=1e-14)[0]
        residual = np.sqrt(np.mean((columns[n_fit:] @ weights - target[n_fit:]) ** 2)) / size
        if not residual < _EXACT:
            return []
        active = np.abs(weights) > 1e-6 * np.max(np.abs(weights))
        if active.all():
            break
        kept = kept[active]
    return [tuple(int(i) for i in kept)] if 3 < len(kept) <= _MAX_EXACT_TERMS else []


@cache
def _terms(n_variables: int) -> tuple[Expression, ...]:
    """Terms in so many variables, the constant first, then from simple to complicated."""
    n_powers = {1: 10, 2: 9, 3: 8, 4: 6}.get(n_variables, 3)
    atoms = [[power(i, p) for p in _POWERS[:n_powers]] for i in range(n_variables)]
    scales = _SCALES if n_variables == 1 else _SCALES[:2] if n_variables == 2 else _SCALES[:1]
    functions = [_functions(i, scales) for i in range(n_variables)]
    singles = [term for level in itertools.zip_longest(*atoms) for term in level if term is not None]
    plain = [term for level in itertools.zip_longest(*functions) for term in level if term is not None]
    mixed = _products(atoms, n_powers)
    decorated = [
        apply("mul", power, function)
        for i, j in itertools.product(range(n_variables), repeat=2)
        for power in atoms[i][:2]
        for function in functions[j][:4]
    ]
    cubes = [
        apply("mul", apply("mul", atoms[i][0], atoms[j][0]), atoms[k][0])
        for i, j, k in itertools.combinations(range(n_variables), 3)
    ]
    ordered = (
        _ONE,
        *singles[: 3 * n_variables],
        *mixed[:40],
        *plain,
        *singles[3 * n_variables :],
        *cubes,
        *decorated,
        *mixed[40:],
    )
    return tuple(dict.fromkeys(ordered))[:_MAX_TERMS]


def _products(atoms: list[list[Expression]], n_powers: int) -> list[Expression]:
    """Products of powers of two variables, low powers first."""
    pairs = itertools.combinations(range(len(atoms)), 2)
    options = [
        (p + q, apply("mul", atoms[i][p], atoms[j][q]))
        for i, j in pairs
        for p in range(n_powers)
        for q in range(n_powers)
    ]
    options.sort(key=lambda option: option[0])
    return [product for _, product in options]


def _functions(index: int, scales: tuple[float, ...]) -> list[Expression]:
    """Functions of one variable, with a few inner constants that refinement will move."""
    z = variable(index)
    scaled = [z if scale == 1 else apply("mul", constant(scale), z) for scale in scales]
    result = [
        function
        for inner in scaled
        for function in (
            apply("exp", inner),
            apply("exp", apply("neg", inner)),
            apply("sin", inner),
            apply("cos", inner),
        )
    ]
    return [*result, apply("log", z), apply("exp", apply("neg", apply("square", z))), apply("tanh", z)]


def _sum(parts: list[tuple[float, Expression]]) -> Expression:
    result: Expression | None = None
    for weight, term in parts:
        weighted = constant(float(weight)) if term == _ONE else apply("mul", constant(float(weight)), term)
        result = weighted if result is None else apply("add", result, weighted)
    assert result is not None
    return result


def _applied(names: tuple[str, ...], expression: Expression) -> Expression:
    for name in names:
        expression = apply(name, expression)
    return expression
