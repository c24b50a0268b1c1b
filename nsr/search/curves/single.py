"""Curves of one variable: each of the table, then sums that grow, polynomials and rational functions."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.expression import PLACEHOLDER
from nsr.search.curves.fitting import Fit, best_fits
from nsr.search.curves.meaning import meant
from nsr.search.curves.rationals import rational_fits
from nsr.search.curves.series import grown
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import CURVES
from nsr.search.curves.weighting import seen_target
from nsr.search.curves_settings import CurvesSettings
from nsr.search.state import State


def single_curves(
    state: State, clock: Clock, settings: CurvesSettings = CurvesSettings()
) -> Iterator[list[Fit]]:
    """Fits of a state of one variable, kind after kind, those with few constants first.

    When time is up, what is simple has been tried: a longer curve alone would seem to be what is meant.

    Args:
        state: Its first rows are fitted, as many as the caller wants looked at.
        clock: Once it is over no further curve is begun.
        settings: How many are tried, and how hard.
    """
    data = Features.of(state.X[:, 0], seen_target(state, settings.far))
    for curve in sorted(CURVES, key=lambda curve: curve.skeleton.tokens.count(PLACEHOLDER)):
        if clock.is_over:
            return
        starts = starts_of(curve, data)
        fits = best_fits(curve.skeleton, starts, state, clock, name=curve.name, settings=settings)
        yield meant(fits, curve, state)
    yield rational_fits(state, clock, settings)
    yield from grown(state, clock, settings=settings)
