"""Structured families: targets that, transformed, are sums of few simple terms, or ratios of such sums.

T(y) * (1 - sum_k d_k phi_k(z)) = sum_j c_j phi_j(z) is linear in its unknown constants. The terms phi come
from a small grammar, T from the functions that have an inverse, and the sparsest relations are found by
exhaustive search over subsets, which unlike greedy selection does not fail on collinear terms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.monomials import ONE, linear_combination, monomial
from nsr.expressions.operator_set import OperatorSet
from nsr.refinement.subsets import backward_elimination, best_subsets, combinations
from nsr.search.polynomials import degrees_up_to
from nsr.search.response import Response
from nsr.search.state import State
from nsr.search.structure.grammar import functions_known, terms_of
from nsr.search.structure.inner_constants import with_inner_constant
from nsr.search.structure.transforms import Transform, applied, is_moderate, transforms
from nsr.search.structure_settings import FamiliesSettings, StructureSettings
from nsr.search.surrogate import ROUGH

Array = NDArray[np.float64]

# Share of the target that a sum which holds exactly leaves unexplained on rows it was not fitted to: rounding
# errors of least squares with a few hundred terms. And the share of the largest weight that is none.
_EXACT, _IDLE = 1e-7, 1e-6
# Directions of columns whose singular values are below this share of the largest are noise.
_COLLINEAR = 1e-6

# Seconds of work for one list of relations, about.
WORK = 0.03


def relations(
    state: State, given: tuple[Expression, ...] = (), settings: StructureSettings = StructureSettings()
) -> Iterator[list[Expression]]:
    """Equations t = f(z) that nearly hold, one list for each transform of the target, simple ones first.

    Args:
        state: What to find equations for.
        given: Terms to use before those of the grammar, over the state's variables.
        settings: The numbers of families and of inner constants.
    """
    s = settings.families
    n_variables = state.X.shape[1]
    if n_variables == 0:
        yield [constant(state.level)]
        return
    if n_variables > s.max_variables:
        return
    is_rough = state.error >= ROUGH
    n_simple = s.n_simple if is_rough else 0
    rows = slice(0, s.many_rows if is_rough else s.n_rows)
    X, response = state.X[rows], Response.of(state).first(rows.stop)
    n_best = s.n_best_rough if is_rough else s.n_best
    terms = terms_of(n_variables, functions_known(state.space.operators), s)
    if given:
        terms = tuple(dict.fromkeys((ONE, *given, *terms)))[: len(terms)]
    terms = tuple(term for term in terms if state.space.allows(term))
    values = np.asarray(Program(list(terms)).values(X), dtype=np.float64)
    usable = is_moderate(values)
    terms = tuple(term for term, good in zip(terms, usable, strict=True) if good)
    table = values[usable].T
    if not given:
        yield _polynomials(X[: s.n_rows], response.y[: s.n_rows], state.space.operators, s)
        if is_rough:
            yield _noisy_polynomials(X, response, state.space.operators, s)
            yield _power_laws(X, response, s)
    for transform in transforms(state.space.operators):
        target, weights = transform.of_response(response)
        if is_moderate(target) and np.ptp(target) > 0:
            negative = transform.hides_sign and bool(np.all(response.centre < 0))
            largest = transform.worthwhile(response, target, weights, s)
            forms = _forms(transform, terms, table, target, weights, (n_best, n_simple), largest, s)
            yield [apply("neg", form) if negative else form for form in forms]
    if n_variables == 1 and not given:
        yield with_inner_constant(state, settings)


def _polynomials(X: Array, y: Array, operators: OperatorSet, settings: FamiliesSettings) -> list[Expression]:
    """Polynomials for the target and for some transforms of it that hold exactly, if few terms do."""
    degrees = degrees_up_to(X.shape[1], len(y) // 4)
    degrees = degrees[degrees.sum(axis=1) <= settings.max_degree]
    table = np.prod(X[:, None, :] ** degrees[None], axis=2)
    if not np.all(is_moderate(table.T)):
        return []
    forms = []
    for transform in transforms(operators):
        if not transform.is_of_polynomials or (
            X.shape[1] > settings.max_transformed and not transform.is_elementary
        ):
            continue
        target = transform.of_target(y)
        for subset in exact_subset(table, target, settings) if is_moderate(target) else []:
            weights = np.linalg.lstsq(table[:, subset], target, rcond=None)[0]
            terms = [(float(w), monomial(degrees[i])) for i, w in zip(subset, weights, strict=True)]
            forms.append(applied(transform.inverse, linear_combination(terms)))
    return forms


def _noisy_polynomials(
    X: Array, response: Response, operators: OperatorSet, settings: FamiliesSettings
) -> list[Expression]:
    """Polynomials with as many terms as noise leaves significant, of low and of higher degree.

    They are polynomials for the target, its reciprocal, or its square.
    """
    forms = []
    terms_of_sizes = [degrees_up_to(X.shape[1], n_terms) for n_terms in settings.polynomial_sizes]
    tables = [_powers(X, degrees) for degrees in {len(terms): terms for terms in terms_of_sizes}.values()]
    for transform in transforms(operators):
        if not (transform.is_of_polynomials and transform.is_elementary):
            continue
        target, weights = transform.of_response(response)
        for degrees, table in tables if is_moderate(target) and np.all(np.isfinite(weights)) else ():
            subset, coefficients = significant_terms(
                table * weights[:, None], target * weights, settings.significant
            )
            if 0 < len(subset) <= settings.max_exact_terms:
                terms = [(float(c), monomial(degrees[i])) for i, c in zip(subset, coefficients, strict=True)]
                forms.append(applied(transform.inverse, linear_combination(terms)))
    return list(dict.fromkeys(forms))


def _power_laws(X: Array, response: Response, settings: FamiliesSettings) -> list[Expression]:
    """A product of powers of all variables, and one of the simple exponents that are near.

    Noise hides none of them, as each is told by all rows; more variables than terms are tried of make one.
    """
    sign = float(np.sign(np.median(response.centre)))
    is_told = len(X) >= settings.enough_rows and bool(np.all(X > 0))
    if not is_told or not np.mean(sign * response.centre > 0) > settings.of_one_sign:
        return []
    with np.errstate(all="ignore"):
        target, weights = Transform(("log",)).of_response(response.times(sign))
    own = np.isfinite(target) & np.isfinite(weights)  # noise may change the sign of what is small
    table = np.column_stack((np.ones(len(X)), np.log(X)))[own] * weights[own, None]
    if not is_moderate(target[own]):
        return []
    level, *exponents = np.linalg.lstsq(table, (target * weights)[own])[0]
    near = np.round(np.multiply(exponents, 2)) / 2
    near = np.where(np.abs(near - exponents) < settings.near_exponent, near, exponents)
    scale = constant(sign * float(np.exp(level)))
    return [apply("mul", scale, monomial(powers)) for powers in (near, np.array(exponents))]


def _powers(X: Array, degrees: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """The monomials, shape (T, D), that are far from overflow on all rows, and their values there."""
    table = np.prod(X[:, None, :] ** degrees[None], axis=2)
    usable = is_moderate(table.T)
    return degrees[usable], table[:, usable]


def significant_terms(table: Array, target: Array, significant: float) -> tuple[list[int], Array]:
    """Backward elimination until every column that is left is significant.

    Args:
        table: Columns to choose from, shape (P, n).
        target: Shape (P,).
        significant: Standard errors from zero of a coefficient that is.

    Returns:
        Indices of the columns left, and their coefficients.
    """
    for kept, coefficients, costs, unexplained in backward_elimination(table, target, rcond=_COLLINEAR):
        variance = unexplained / max(len(target) - len(kept), 1)
        # A column's cost is its coefficient over its standard error, squared, in units of the variance.
        if np.min(costs) > significant**2 * variance:
            return kept.tolist(), coefficients
    return [], np.empty(0)


def _forms(
    transform: Transform,
    terms: tuple[Expression, ...],
    table: Array,
    target: Array,
    weights: Array,
    n_best: tuple[int, int],
    largest: float,
    settings: FamiliesSettings,
) -> list[Expression]:
    """The best explicit sums and ratios for one transform of the target."""
    both = np.column_stack((table, target[:, None] * table[:, 1:])) * weights[:, None]
    weighted = target * weights
    n_terms = table.shape[1]
    forms = []
    best = _best_subsets(both, weighted, n_terms, n_best, largest, settings)
    for subset in (*best, *exact_subset(table, target, settings)):
        columns = both[:, subset]
        scale = _lengths(columns)
        factors = np.linalg.lstsq(columns / scale, weighted, rcond=1e-13)[0] / scale
        above = [(w, terms[i]) for i, w in zip(subset, factors, strict=True) if i < n_terms]
        below = [(-w, terms[i - n_terms + 1]) for i, w in zip(subset, factors, strict=True) if i >= n_terms]
        if not above:
            continue
        form = linear_combination(above)
        if below:
            form = apply("div", form, linear_combination([(1.0, ONE), *below]))
        forms.append(applied(transform.inverse, form))
    return forms


def _best_subsets(
    columns: Array,
    target: Array,
    n_explicit: int,
    n_best: tuple[int, int],
    largest: float,
    settings: FamiliesSettings,
) -> list[tuple[int, ...]]:
    """The subsets of one, of two and of three columns that explain the target best.

    Triples are made of the first columns only, as their number grows with the cube; with a constant, of all.

    Args:
        columns: Terms, then terms times the target.
        target: What they are to explain.
        n_explicit: How many columns are terms.
        n_best: Subsets of each kind; of the simplest terms, which noise hides behind others, so many more.
        largest: Share that a subset may leave unexplained.
        settings: How many columns are looked at.
    """
    scaled = columns / _lengths(columns)
    gram, moments = scaled.T @ scaled, scaled.T @ target
    total, n = float(target @ target), len(moments)
    sums = (
        np.arange(n_explicit)[:, None],
        combinations(n_explicit, 2),
        combinations(min(n_explicit, settings.max_triple_terms), 3),
        _with_constant(n_explicit, settings.max_triple_terms),
    )
    places = [(kind, n_best[0]) for kind in sums]
    if n_best[1]:
        n_simple = min(n_explicit, settings.n_simple_terms)
        places += [(combinations(n_simple, size), n_best[1]) for size in (2, 3)]
    found = [best_subsets(gram, moments, total, kind, most, largest) for kind, most in places]
    for kind in (_hyperbolas(n_explicit, n), _ratios(n_explicit, n, settings.max_ratio_terms)):
        more = best_subsets(gram, moments, total, kind, settings.times_best * n_best[0], largest)
        left = _left_of_sums(more, gram, moments, total, n_explicit)
        found.append([more[i] for i in np.argsort(left, kind="stable") if left[i] < largest][: n_best[0]])
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


def _left_of_sums(
    subsets: Sequence[tuple[int, ...]], gram: Array, moments: Array, total: float, n_explicit: int
) -> Array:
    """What ratios leave unexplained, as a share of what their terms above the line are.

    Terms below the line whose sum is nearly 1 wherever there are rows explain the target by itself.

    Args:
        subsets: Columns of each ratio, as many of each, of which the first are above the line.
        gram: Inner products of columns of unit length, shape (n, n).
        moments: Inner products of the columns and the target, shape (n,).
        total: Inner product of the target with itself.
        n_explicit: Columns before this one are above the line.

    Returns:
        One number for each subset.
    """
    if not subsets:
        return np.empty(0)
    places = np.array(subsets)
    own, explained = gram[places[:, :, None], places[:, None, :]], moments[places]
    factors = np.einsum("sij,sj->si", np.linalg.pinv(own, rcond=_COLLINEAR**2, hermitian=True), explained)
    above = np.where(places < n_explicit, factors, 0.0)
    size = np.einsum("si,sij,sj->s", above, own, above)
    left = np.maximum(total - np.einsum("si,si->s", factors, explained), 0.0)
    return np.where(size > 0, left / np.where(size > 0, size, 1.0), math.inf)


def _lengths(columns: Array) -> Array:
    """Lengths of columns, 1 for those that are zero: a term may vanish wherever the target does not."""
    lengths = np.linalg.norm(columns, axis=0)
    return np.where(lengths > 0, lengths, 1.0)


@cache
def _with_constant(n_explicit: int, n_first: int) -> NDArray[np.intp]:
    """Triples of the first column, the constant, and two others, not both of them among the first few."""
    pairs = np.column_stack(np.triu_indices(n_explicit, 1))
    pairs = pairs[(pairs[:, 0] > 0) & (pairs[:, 1] >= n_first)]
    return np.column_stack((np.zeros(len(pairs), np.intp), pairs))


@cache
def _hyperbolas(n_explicit: int, n: int) -> NDArray[np.intp]:
    """Pairs of which the first column is explicit and the second is not."""
    return np.array(list(itertools.product(range(n_explicit), range(n_explicit, n))), dtype=np.intp)


@cache
def _ratios(n_explicit: int, n: int, most: int) -> NDArray[np.intp]:
    """Triples of which one or two columns are explicit."""
    above = range(min(n_explicit, most))
    below = range(n_explicit, min(n, n_explicit + most))
    one = ((*pair, k) for pair in itertools.combinations(above, 2) for k in below)
    two = ((i, *pair) for i in above for pair in itertools.combinations(below, 2))
    return np.array([*one, *two], dtype=np.intp).reshape(-1, 3)


def exact_subset(table: Array, target: Array, settings: FamiliesSettings) -> list[tuple[int, ...]]:
    """The terms of a sum that holds exactly: all terms at once, then without those that do nothing."""
    n_fit = len(target) * 3 // 4
    if table.shape[1] > n_fit // 2:
        table = table[:, : n_fit // 2]
    kept = np.arange(table.shape[1])
    norms = np.linalg.norm(table, axis=0)
    size = np.sqrt(np.mean(target**2))
    while len(kept) >= 3:
        columns = table[:, kept] / norms[kept]
        weights = np.linalg.lstsq(columns[:n_fit], target[:n_fit], rcond=1e-14)[0]
        residual = np.sqrt(np.mean((columns[n_fit:] @ weights - target[n_fit:]) ** 2)) / size
        if not residual < _EXACT:
            return []
        active = np.abs(weights) > _IDLE * np.max(np.abs(weights))
        if active.all():
            return [tuple(int(i) for i in kept)] if len(kept) <= settings.max_exact_terms else []
        kept = kept[active]
    return []
