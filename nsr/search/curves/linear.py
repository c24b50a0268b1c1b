"""Models that are linear in several variables, in their logarithms, or under an exponential or a reciprocal.

Each comes in all sizes, from the one term that explains most to all of them, so that whoever chooses by what
holds on other rows has the sparse ones and the full one to choose from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, variable
from nsr.expressions.monomials import ONE, linear_combination, monomial
from nsr.refinement.plain import has_two_values
from nsr.refinement.subsets import backward_elimination, forward_selection
from nsr.search.curves.fitting import Fit, best_fits
from nsr.search.curves.meaning import has_usual_exponents
from nsr.search.curves.weighting import reweighted
from nsr.search.curves_settings import CurvesSettings
from nsr.search.response import Output, Response
from nsr.search.state import State

Array = NDArray[np.float64]

# Directions of columns whose singular values are below this share of the largest are rounding.
_COLLINEAR = 1e-10
_HOLE = Expression((PLACEHOLDER,))


def linear_models(
    state: State, settings: CurvesSettings = CurvesSettings()
) -> Iterator[tuple[str, list[Expression]]]:
    """Sums of variables with an intercept; then with squares and products of pairs, where rows allow.

    Yields:
        What a kind of sum is called, and one of each size.
    """
    n_variables = state.n_variables
    single = [variable(i) for i in range(n_variables)]
    yield "linear model", _sums(single, state.X, state, settings)
    every_pair = itertools.combinations_with_replacement(range(n_variables), 2)
    # The square of a column of two values is a line of it, and would take its place by chance.
    pairs = [(i, j) for i, j in every_pair if i != j or not has_two_values(state.X[:, i])]
    if (n_variables + len(pairs)) * settings.sparse_rows_each <= state.n_rows:
        degrees = np.array([[pair.count(i) for i in range(n_variables)] for pair in pairs])
        products = np.column_stack([state.X[:, i] * state.X[:, j] for i, j in pairs])
        terms = [*single, *(monomial(row) for row in degrees)]
        yield (
            "linear model of second order",
            _sums(terms, np.column_stack((state.X, products)), state, settings),
        )


def transformed_models(
    state: State, clock: Clock, settings: CurvesSettings = CurvesSettings()
) -> Iterator[list[Fit]]:
    """Products of powers, with and without an offset, and exponentials and reciprocals of sums.

    They begin where least squares for the logarithm or the reciprocal ends, weighted by what that does to
    errors, and are fitted to the target itself.
    """
    X, response = state.X, Response.of(state)
    y = response.centre
    if not (np.all(y > 0) or np.all(y < 0)):
        return
    sign = float(np.sign(y[0]))
    logarithm, reciprocal = (response.transformed(Output((name,))) for name in ("log", "inv"))
    positive = [i for i in range(state.n_variables) if np.all(X[:, i] > 0)]
    kinds = (
        (positive, np.log(X[:, positive]), *logarithm, _powers),
        (range(state.n_variables), X, *logarithm, _exponential),
        (range(state.n_variables), X, *reciprocal, _reciprocal),
    )
    for places, columns, target, own_weights, build in kinds:
        for subset, intercept, factors in _paths(
            columns, target, own_weights, settings.fitted_terms, settings
        ):
            if clock.is_over:
                return
            chosen = [places[i] for i in subset]
            yield [
                fit if has_usual_exponents(fit) else replace(fit, name="")
                for name, form, start in build(chosen, sign, intercept, factors)
                for fit in best_fits(form, [start], state, clock, name=name, settings=settings)
            ]


Started = tuple[str, Expression, tuple[float, ...]]


def _powers(places: Sequence[int], sign: float, intercept: float, factors: Array) -> list[Started]:
    """The product a * x_i^p * ..., and with an offset."""
    own = [apply("pow", variable(i), _HOLE) for i in places]
    form = reduce(lambda a, b: apply("mul", a, b), own, _HOLE)
    start = (sign * float(np.exp(intercept)), *factors.tolist())
    return [
        ("power law", form, start),
        ("power law with an offset", apply("add", form, _HOLE), (*start, 0.0)),
    ]


def _exponential(places: Sequence[int], sign: float, intercept: float, factors: Array) -> list[Started]:
    """The exponential a * exp(b * x_i + ...)."""
    form = apply("mul", _HOLE, apply("exp", _sum_of(places)))
    return [("exponential of a sum", form, (sign * float(np.exp(intercept)), *factors.tolist()))]


def _reciprocal(places: Sequence[int], sign: float, intercept: float, factors: Array) -> list[Started]:  # noqa: ARG001 (as the others)
    """The reciprocal 1 / (a + b * x_i + ...), which textbooks have no name for."""
    form = apply("inv", apply("add", _HOLE, _sum_of(places)))
    return [("", form, (intercept, *factors.tolist()))]


def _sum_of(places: Sequence[int]) -> Expression:
    terms = [apply("mul", _HOLE, variable(i)) for i in places]
    return reduce(lambda a, b: apply("add", a, b), terms)


def _sums(
    terms: list[Expression], columns: Array, state: State, settings: CurvesSettings
) -> list[Expression]:
    """Linear combinations of terms for the target, one of each size."""
    sums = []
    paths = _paths(columns, state.y, state.root_weights, settings.sparse_terms, settings)
    for subset, intercept, factors in paths:
        found = [intercept, *factors.tolist()]
        if not state.loss.is_quadratic:
            found = _of_least_loss(columns[:, subset], state)
        sums.append(linear_combination(list(zip(found, (ONE, *(terms[i] for i in subset)), strict=True))))
    return sums


def _of_least_loss(columns: Array, state: State) -> list[float]:
    """Intercept and factors of the columns."""
    norms = np.linalg.norm(columns, axis=0)
    table = np.column_stack((np.ones(state.n_rows), columns / norms))

    def solve(roots: Array) -> Array:
        return np.asarray(np.linalg.lstsq(table * roots[:, None], state.y * roots, rcond=_COLLINEAR)[0])

    found = reweighted(state, solve, lambda coefficients: table @ coefficients)
    return [float(found[0]), *(found[1:] / norms).tolist()]


def _paths(
    columns: Array, target: Array, weights: Array, n_sparse: int, settings: CurvesSettings
) -> Iterator[tuple[list[int], float, Array]]:
    """Least squares with an intercept by few of the columns, for each number of them, and by all.

    Yields:
        The columns, the intercept, and the factors.
    """
    varies = np.flatnonzero(np.ptp(columns, axis=0) > 0) if columns.size else np.empty(0, dtype=np.intp)
    share = weights**2 / np.sum(weights**2)
    centre, level = share @ columns[:, varies], float(share @ target)
    table = (columns[:, varies] - centre) * weights[:, None]
    goal = (target - level) * weights
    n_most = min(len(varies), len(target) // settings.sparse_rows_each)
    if n_most == 0 or not np.all(np.isfinite(table)):
        return
    wanted = {
        *range(1, min(n_sparse, n_most) + 1),
        *({len(varies)} if len(varies) <= min(settings.full_terms, n_most) else ()),
    }
    if len(varies) <= settings.few_columns and n_most == len(varies):
        subsets = {len(found.kept): found.kept for found in backward_elimination(table, goal, _COLLINEAR)}
    else:
        subsets = {n: forward_selection(table, goal, n) for n in wanted}
    for n in sorted(wanted & set(subsets)):
        chosen = subsets[n]
        factors = np.linalg.lstsq(table[:, chosen], goal, rcond=_COLLINEAR)[0]
        intercept = level - float(centre[chosen] @ factors)
        yield varies[chosen].tolist(), intercept, np.asarray(factors, dtype=np.float64)
