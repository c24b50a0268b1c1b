"""Variables that act through one alone, found by trial where a target turns too often for any surrogate.

A cosine of a product of two variables takes a polynomial of more degrees in either than there are rows for,
and its gradients say nothing of symmetries. In the product itself it takes one of few, so that the right one
of all products, ratios, sums and differences of two variables shows: no other lowers the error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, variable
from nsr.search.polynomials import degrees_up_to, fit_terms, fitting_work
from nsr.search.response import Response
from nsr.search.state import State
from nsr.search.structure.reduction import is_usable
from nsr.search.structure_settings import MergingSettings

Degrees = NDArray[np.int64]
Terms = Callable[[int, MergingSettings], Degrees]

_OPERATORS = ("mul", "div", "add", "sub")
# Of fitting one polynomial, for a row and a term.
_SECONDS_A_CELL = 2e-8


def merged(state: State, clock: Clock, settings: MergingSettings = MergingSettings()) -> State | None:
    """The state with pairs of variables replaced by one, as long as each lowers the surrogate's error.

    Args:
        state: Of which surrogates tell little.
        clock: Once it is over no further pair is tried; is told of the work.
        settings: How much the error is to fall, and of which polynomials.

    Returns:
        The state of fewest variables, or None where no pair may be replaced.
    """
    found, clock = None, clock.within(settings.most_work)
    while state.n_variables > settings.least_variables and state.error > settings.rough:
        tried = (_best(state, terms, clock, settings) for terms in (_along_the_last, _of_all))
        better = next((child for child in tried if child is not None), None)
        if better is None:
            return found
        found = state = better
    return found


def _best(state: State, terms: Terms, clock: Clock, settings: MergingSettings) -> State | None:
    """With one pair replaced, the best on all rows of those that are best on few; None if it is no better."""
    children = _promising(state, terms, clock, settings)
    best = min(children, key=lambda child: child.error, default=None)
    return best if best is not None and best.error < settings.gain * state.error else None


def _promising(state: State, terms: Terms, clock: Clock, settings: MergingSettings) -> list[State]:
    """States with one pair replaced: the few that are best on the first rows."""
    first = state.first(settings.n_rows)
    response, degrees = Response.of(first), terms(state.n_variables - 1, settings)
    options: list[tuple[float, tuple[int, int], Expression]] = []
    for pair, new in _replacements(state.n_variables):
        if clock.is_over:
            break
        child = first.replaced(pair, new)
        if is_usable(child):
            clock.spend(_SECONDS_A_CELL * first.n_rows * len(degrees))
            options.append((fit_terms(child.X, response, degrees, state.settings).error, pair, new))
    options.sort(key=lambda option: option[0])
    children = [state.replaced(pair, new) for _, pair, new in options[: settings.n_best]]
    clock.spend(sum(fitting_work(child.X, child.settings) for child in children))
    return [child for child in children if is_usable(child)]


def _replacements(n_variables: int) -> Iterator[tuple[tuple[int, int], Expression]]:
    for (i, j), name in itertools.product(itertools.combinations(range(n_variables), 2), _OPERATORS):
        yield (i, j), apply(name, variable(i), variable(j))


def _of_all(n_variables: int, settings: MergingSettings) -> Degrees:
    """Terms of as high a total degree as their number allows, shape (T, D)."""
    return degrees_up_to(n_variables, settings.max_terms)


def _along_the_last(n_variables: int, settings: MergingSettings) -> Degrees:
    """Terms of high degree in the last variable, which is the new one, and of low degree in the others."""
    highest, most = settings.high_degree, settings.max_terms // (settings.high_degree + 1)
    others = degrees_up_to(n_variables - 1, max(most, n_variables))
    degrees = [(*low.tolist(), high) for low in others for high in range(highest + 1)]
    return np.array(degrees, dtype=np.int64)
