"""Fewer variables from the data: symmetries that a surrogate's gradients show, each confirmed by refitting.

A function of monomials of its variables, up to a monomial factor, has scale symmetries: vectors w with
sum_i w_i x_i df/dx_i = c f. They are the null space of a matrix of gradients, and what they leave invariant
are the dimensionless groups (Buckingham's theorem, learned from data). Pairs of variables that act only
through their sum, difference, or sum or difference of squares satisfy a linear relation of two gradients
(AI Feynman's symmetries; arXiv:1905.11481). A reduction is kept if the surrogate of what is left is as good.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import monomial
from nsr.search.polynomials import fitting_work
from nsr.search.state import State
from nsr.search.structure_settings import ReductionSettings
from nsr.search.surrogate import Surrogate

Array = NDArray[np.float64]


def reductions(
    state: State, clock: Clock = Clock(), settings: ReductionSettings = ReductionSettings()
) -> list[State]:
    """States with fewer variables that the data support, the fewest variables first.

    Args:
        state: What to reduce.
        clock: Once it is over no further state is judged; is told of the work.
        settings: The numbers of reduction.
    """
    if state.X.shape[1] < 1 or np.std(state.y) == 0:  # but for rounding, a constant
        return []
    surrogate = state.surrogate
    if not surrogate.error < settings.worst:
        return []
    n = settings.n_gradients
    X = state.X[:n]
    with np.errstate(all="ignore"):
        gradients = surrogate.gradients(X, state.centre[:n])
        targets = surrogate.targets(X, state.centre[:n])
    if not np.all(np.isfinite(gradients)):
        return []
    state, error = state.with_products_as(surrogate), min(surrogate.error, settings.largest_error)
    tolerance = settings.tolerance + settings.error_factor * error
    proposals = (
        _irrelevant(state, gradients, tolerance),
        _groupings(state, X, targets, gradients, tolerance, settings),
        _pairings(state, X, gradients, tolerance, settings.n_pairings),
    )
    kept: list[State] = []
    for child in itertools.takewhile(lambda _: not clock.is_over, itertools.chain(*proposals)):
        if state.products is not None and kept and child.n_variables > kept[0].n_variables:
            break  # it costs more there, and the smaller ones are as good
        clock.spend(fitting_work(child.X, child.settings))
        if is_usable(child):
            clock.spend(child.products_work)
            if _is_as_good(child, surrogate, settings):
                kept.append(child)
    return sorted(kept, key=lambda s: (s.X.shape[1], s.error))


def groupings(
    state: State, symmetries: Array, settings: ReductionSettings = ReductionSettings()
) -> list[State]:
    """States whose variables are what known scale symmetries leave invariant, the simplest first.

    Args:
        state: Where to begin.
        symmetries: Vectors (w, c): scaling each variable x_i by s^w_i scales the target by s^c; shape
            (k, D + 1), linearly independent.
        settings: How many, and of what exponents.
    """
    found = itertools.islice(_rational_groupings(symmetries, settings), settings.max_groupings)
    return [_grouped(state, groups, factor) for groups, factor in found]


def is_usable(state: State) -> bool:
    """Whether all values are finite and, if there are variables, they and the target vary."""
    if not all(
        np.all(np.isfinite(values)) for values in (state.X, state.y, state.centre, state.root_weights)
    ):
        return False
    return not state.n_variables or bool(np.all(np.ptp(state.X, axis=0) > 0) and np.ptp(state.y) > 0)


def _is_as_good(child: State, parent: Surrogate, settings: ReductionSettings) -> bool:
    """Whether the child lost nothing."""
    allowed = parent.growth(settings.least_growth, settings.most_growth) * parent.error
    if child.X.shape[1] == 0:
        return child.error < max(allowed, settings.negligible_spread)
    return child.error <= max(allowed, settings.negligible)


def _irrelevant(state: State, gradients: Array, tolerance: float) -> Iterator[State]:
    """Without the variables that do nothing."""
    with np.errstate(all="ignore"):  # beside a pole nothing is known
        effect = np.sqrt(np.mean(gradients**2, axis=0)) * np.std(state.X, axis=0) / np.std(state.y)
    idle = tuple(int(i) for i in np.flatnonzero(effect < tolerance / 4))
    if 0 < len(idle) < state.X.shape[1]:
        yield state.without(idle)


def _groupings(
    state: State, X: Array, y: Array, gradients: Array, tolerance: float, settings: ReductionSettings
) -> Iterator[State]:
    """With monomials of the variables as variables, and a monomial factor taken out."""
    # Each row is as large as it is relative to its own target, so that no few rows decide.
    size = np.abs(y) + 0.1 * np.median(np.abs(y))
    with np.errstate(all="ignore"):
        scaled = np.column_stack((X * gradients, -y)) / size[:, None]
    if not np.all(np.isfinite(scaled)):  # a target of zero, where most are
        return
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    n_symmetries = int(np.sum(sizes < tolerance * sizes[0]))
    n_variables = X.shape[1]
    for count in range(min(n_symmetries, n_variables), 0, -1):
        yield from groupings(state, directions[len(directions) - count :], settings)


def _rational_groupings(symmetries: Array, settings: ReductionSettings) -> Iterator[tuple[Array, Array]]:
    """Groups (exponents, shape (D, r)) and factor (shape (D,)) with small rational exponents, simplest first.

    Args:
        symmetries: Null vectors (w, c), shape (k, D + 1).
        settings: Which exponents.
    """
    n_variables = symmetries.shape[1] - 1
    weights, shifts = symmetries[:, :-1], symmetries[:, -1]
    n_groups = n_variables - len(symmetries)
    invariants = np.linalg.svd(weights)[2][len(symmetries) :].T  # null space of the weights
    options: list[tuple[float, Array, Array]] = []
    for pivots in itertools.combinations(range(n_variables), n_groups):
        others = [i for i in range(n_variables) if i not in pivots]
        block, rest = invariants[list(pivots)], weights[:, others]
        if abs(np.linalg.det(block)) < 1e-3 or abs(np.linalg.det(rest)) < 1e-3:
            continue
        groups, factor = invariants @ np.linalg.inv(block), np.zeros(n_variables)
        factor[others] = np.linalg.solve(rest, shifts)
        snapped = _snapped(np.column_stack((groups, factor)), settings)
        if snapped is not None:
            effort = float(np.sum(np.abs(snapped)) + np.sum(snapped != 0) + 2 * np.sum(snapped % 1 != 0))
            options.append((effort, snapped[:, :-1], snapped[:, -1]))
    options.sort(key=lambda option: option[0])
    yield from ((groups, factor) for _, groups, factor in options)


def _snapped(exponents: Array, settings: ReductionSettings) -> Array | None:
    """Small rational numbers nearby, or None where there are none."""
    if np.any(np.abs(exponents) > settings.largest_exponent + settings.snap):
        return None
    largest = settings.largest_denominator
    nearest = [float(Fraction(float(e)).limit_denominator(largest)) for e in exponents.ravel()]
    result = np.array(nearest).reshape(exponents.shape)
    return result if np.all(np.abs(result - exponents) < settings.snap) else None


def _grouped(state: State, groups: Array, factor: Array) -> State:
    result = state.divided(monomial(factor)) if np.any(factor) else state
    for exponents in groups.T:
        result = result.replaced((), monomial(exponents))
    return result.without(tuple(range(state.X.shape[1])))


def _pairings(state: State, X: Array, gradients: Array, tolerance: float, n_best: int) -> Iterator[State]:
    """With one variable in place of two, for the pairs whose gradients agree best."""
    options: list[tuple[float, tuple[int, int], Expression]] = []
    for i, j in itertools.combinations(range(X.shape[1]), 2):
        a, b, f, g = X[:, i], X[:, j], gradients[:, i], gradients[:, j]
        for left, right, new in (
            (f, -g, apply("sub", variable(i), variable(j))),
            (f, g, apply("add", variable(i), variable(j))),
            (a * f, b * g, apply("mul", variable(i), variable(j))),
            (a * f, -b * g, apply("div", variable(i), variable(j))),
            (b * f, a * g, _squares("add", i, j)),
            (b * f, -a * g, _squares("sub", i, j)),
        ):
            with np.errstate(all="ignore"):
                size = np.sqrt(np.mean(left**2)) + np.sqrt(np.mean(right**2))
                residual = float(np.sqrt(np.mean((left - right) ** 2)) / max(size, 1e-300))
            if residual < tolerance * 2:
                options.append((residual, (i, j), new))
    options.sort(key=lambda option: option[0])
    yield from (state.replaced(pair, new) for _, pair, new in options[:n_best])


def _squares(name: str, i: int, j: int) -> Expression:
    return apply(name, apply("square", variable(i)), apply("square", variable(j)))
