"""Curves of one variable beside the others: times a product of their powers, or plus a sum of them.

And the textbook's curves of two variables: kinetics with an inhibitor or a second substrate.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, variable
from nsr.search.curves.fitting import Fit, best_fits
from nsr.search.curves.meaning import meant
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import PAIRS, SHAPES, Curve
from nsr.search.curves.weighting import seen_target
from nsr.search.curves_settings import CurvesSettings
from nsr.search.response import Output, Response
from nsr.search.state import State

Array = NDArray[np.float64]

_HOLE = Expression((PLACEHOLDER,))


def curves_with_partners(
    state: State, clock: Clock, settings: CurvesSettings = CurvesSettings()
) -> Iterator[list[Fit]]:
    """Fits of a state of several variables, each of which takes its turn as a curve's own.

    Args:
        state: Its first rows are fitted, as many as the caller wants looked at.
        clock: Once it is over no further curve is begun.
        settings: How many are tried, and how hard.
    """
    if state.n_variables > settings.most_partners:
        return
    for own, other in itertools.permutations(range(state.n_variables), 2):
        yield list(_pairs(state, own, other, clock, settings))
    factored: list[Fit] = []
    seen = seen_target(state, settings.far)
    for own in range(state.n_variables):
        for shape in SHAPES:
            if clock.is_over:
                return
            starts = starts_of(shape, Features.of(state.X[:, own], seen))
            fits = list(_products(shape, starts, state, own, clock, settings))
            factored += fits
            yield [*fits, *_sums(shape, starts, state, own, clock, settings)]
    best = _best_of_each_size(factored, settings.n_rounded)
    yield [near for fit in best for near in _with_round_exponents(fit, state, clock, settings)]


def _best_of_each_size(fits: list[Fit], n: int) -> list[Fit]:
    """The best few of each number of constants: with more of them even what is wrong leaves less."""
    by_size = sorted(fits, key=lambda fit: (len(fit.constants), fit.loss))
    groups = itertools.groupby(by_size, key=lambda fit: len(fit.constants))
    return [fit for _, group in groups for fit in itertools.islice(group, n)]


def _pairs(state: State, own: int, other: int, clock: Clock, settings: CurvesSettings) -> Iterator[Fit]:
    """The curves of two variables, alone."""
    seen = seen_target(state, settings.far)
    x, z = (Features.of(state.X[:, i], seen) for i in (own, other))
    for curve in PAIRS:
        if clock.is_over:
            return
        form = curve.skeleton.substitute({0: variable(own), 1: variable(other)})
        starts = starts_of(curve, x, z)
        fits = best_fits(form, starts, state, clock, name=curve.name, settings=settings)
        yield from meant(fits, curve, state)


def _products(
    shape: Curve,
    starts: list[tuple[float, ...]],
    state: State,
    own: int,
    clock: Clock,
    settings: CurvesSettings,
) -> Iterator[Fit]:
    """A curve times powers of the positive others, with and without an offset."""
    others = [i for i in range(state.n_variables) if i != own and np.all(state.X[:, i] > 0)]
    if not others:
        return
    exponents = _exponents(state, others)
    powers = [apply("pow", variable(i), _HOLE) for i in others]
    curve = shape.skeleton.substitute({0: variable(own)})
    name = f"{shape.name} times powers" if shape.name != "power" else "power law"
    product = reduce(lambda a, b: apply("mul", a, b), powers, apply("mul", _HOLE, curve))
    begun = [(1.0, *start, *exponents) for start in starts]
    fits = best_fits(product, begun, state, clock, name=name, settings=settings)
    yield from meant(fits, shape, state, n_before=1)
    offset = apply("add", product, _HOLE)
    begun_offset = [(*start, 0.0) for start in begun]
    name = f"{name} with an offset"
    fits = best_fits(offset, begun_offset, state, clock, name=name, settings=settings)
    yield from meant(fits, shape, state, n_before=1)


def _sums(
    shape: Curve,
    starts: list[tuple[float, ...]],
    state: State,
    own: int,
    clock: Clock,
    settings: CurvesSettings,
) -> list[Fit]:
    """A curve plus a constant and the others, each with a factor."""
    terms = [apply("mul", _HOLE, variable(i)) for i in range(state.n_variables) if i != own]
    curve = shape.skeleton.substitute({0: variable(own)})
    form = reduce(lambda a, b: apply("add", a, b), [*terms, _HOLE], apply("mul", _HOLE, curve))
    rest = (1.0,) * (len(terms) + 1)
    begun = [(1.0, *start, *rest) for start in starts]
    name = f"{shape.name} on a linear model"
    fits = best_fits(form, begun, state, clock, name=name, settings=settings)
    return meant(fits, shape, state, n_before=1)


def _exponents(state: State, others: list[int]) -> tuple[float, ...]:
    """Slopes of the logarithm of the target's size by those of the variables, weighted as its errors want."""
    usable = state.centre != 0
    some = state.of_rows(np.flatnonzero(usable))
    logarithm, weights = Response.of(some).transformed(Output(("log",)))
    columns = np.column_stack((np.ones(some.n_rows), np.log(some.X[:, others])))
    slopes = np.linalg.lstsq(columns * weights[:, None], logarithm * weights, rcond=None)[0]
    return tuple(slopes[1:].tolist())


def _with_round_exponents(fit: Fit, state: State, clock: Clock, settings: CurvesSettings) -> list[Fit]:
    """Fits of the form with multiples of a half in place of all exponents, and of those that are near."""
    exponents = fit.exponents
    rounded = {place: round(2 * value) / 2 for place, value in exponents.items()}
    near = {place: half for place, half in rounded.items() if abs(half - exponents[place]) < settings.near}
    fits = []
    for halves in (rounded, near) if near and near != rounded else (rounded,):
        tokens = tuple(halves.get(place, token) for place, token in enumerate(fit.form.tokens))
        start = tuple(value for place, value in fit.fitted.items() if place not in halves)
        fits += best_fits(Expression(tokens), [start], state, clock, name=fit.name, settings=settings)
    return fits
