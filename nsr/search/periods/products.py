"""Waves along products: cos(k x_0 x_1 / x_2) varies too fast for polynomials, and along no one column.

Each product of a few powers of the variables, and of a variable and a difference of two, is looked at as a
place, as time times frequency or a path over a wavelength would be, and its periodogram taken. What is
higher than noise, and than the waves along the variables themselves, names the product.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import monomial
from nsr.search.periodogram import Grid, floating_mean
from nsr.search.settings import PeriodsSettings
from nsr.search.state import State

Array = NDArray[np.float64]

# Seconds of work for a row of a periodogram.
_SECONDS = 8e-7


def products(state: State, clock: Clock, settings: PeriodsSettings) -> list[Expression]:
    """Products along which the target has waves, the strongest first.

    Args:
        state: Whose target it is.
        clock: Is told of the work.
        settings: How many variables a product has, and how much stronger than chance its waves are.
    """
    single = [variable(i) for i in range(state.n_variables)]
    tried = list(_tried(state.n_variables, settings))
    clock.spend(_SECONDS * state.n_rows * len(tried))
    shares = _shares(state, [*single, *tried], settings)
    # Of as many values as there are frequencies and products, noise explains about this by its best one.
    by_chance = 2 * (math.log(max(len(tried), 1) * settings.most_cycles * settings.fine_per_cycle) + 1)
    least = settings.beyond_chance * by_chance / state.n_rows
    own = shares[len(single) :]
    least = max(least, settings.stronger * float(np.max(shares[: len(single)], initial=0.0)))
    order = np.argsort(-own, kind="stable")[: settings.n_products]
    return [tried[place] for place in order if own[place] > least]


def _tried(n_variables: int, settings: PeriodsSettings) -> Iterator[Expression]:
    """Products of powers, and of a variable and a difference of two others."""
    for size in range(1, min(settings.most_factors, n_variables) + 1):
        powers = settings.powers if size <= settings.most_factors_with_powers else (1, -1)
        for own in itertools.combinations(range(n_variables), size):
            for exponents in itertools.product(powers, repeat=size):
                if exponents != (1,):
                    placed = dict(zip(own, exponents, strict=True))
                    yield monomial(placed.get(i, 0) for i in range(n_variables))
    for i, j in itertools.combinations(range(n_variables), 2):
        for k in set(range(n_variables)) - {i, j}:
            yield apply("mul", variable(k), apply("sub", variable(i), variable(j)))


@np.errstate(all="ignore")
def _shares(state: State, places: list[Expression], settings: PeriodsSettings) -> Array:
    """Share that the best wave along each explains of what a plane leaves of the target."""
    plane = np.column_stack((np.ones(state.n_rows), state.X))
    y = state.y - plane @ np.linalg.lstsq(plane, state.y, rcond=1e-12)[0]
    shares = np.zeros(len(places))
    if np.sum(y**2) <= settings.negligible * np.sum(state.y**2):
        return shares
    for number, own in enumerate(Program(places).values(state.X)):
        if not np.all(np.isfinite(own)) or len(np.unique(own)) < settings.least_levels:
            continue
        grid = Grid.of(own, settings.most_cycles, settings.fine_per_cycle)
        slow = math.ceil((settings.least_cycles - 0.5) * settings.fine_per_cycle)
        if grid.count > slow:
            shares[number] = np.max(floating_mean(own, y, grid)[slow:])
    return shares
