"""Sums that grow term by term: exponentials, peaks on a background, and waves of independent frequencies.

Each further term begins where the data suggest one in what the best sum so far leaves unexplained; then all
constants are fitted together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import apply
from nsr.search.curves.fitting import Fit, best_fits
from nsr.search.curves.meaning import meant
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import Curve
from nsr.search.curves.weighting import seen_target
from nsr.search.curves_settings import CurvesSettings
from nsr.search.state import State


@dataclass(frozen=True)
class Series:
    """A kind of sum.

    Attributes:
        term: What is added again and again.
        backgrounds: What it begins with.
        most: Terms at most.
    """

    term: Curve
    backgrounds: tuple[Curve | None, ...]
    most: int

    def name(self, n_terms: int, background: Curve | None) -> str:
        """What a sum is called, such as `2 Gaussian peaks on a line`."""
        terms = self.term.name if n_terms == 1 else f"{n_terms} {self.term.name}s"
        return terms if background is None else f"{terms} on {background.name}"


_CONSTANT, _LINE = Curve("a constant", "c"), Curve("a line", "c + d*x")
_DECAY = Curve("a decay", "a*exp(-k*x)", {"k": "rate"})

SERIES = (
    Series(Curve("exponential", "a*exp(-k*x)", {"k": "rate"}), (None, _CONSTANT), 3),
    Series(
        Curve("Gaussian peak", "a*exp(-((x - m)/w)^2)", {"m w": "peak"}, turns=True),
        (None, _CONSTANT, _LINE, _DECAY),
        3,
    ),
    Series(
        Curve("Lorentzian peak", "a/(1 + ((x - m)/w)^2)", {"m w": "peak"}, turns=True),
        (None, _CONSTANT, _LINE, _DECAY),
        3,
    ),
    Series(Curve("wave", "a*sin(w*x + p)", {"w p": "wave"}, turns=True), (_CONSTANT, _LINE), 6),
)


def grown(
    state: State,
    clock: Clock,
    kinds: Sequence[Series] = SERIES,
    settings: CurvesSettings = CurvesSettings(),
) -> Iterator[list[Fit]]:
    """The best sums of each kind, background and size; a kind ends where a further term explains nothing."""
    for series in kinds:
        for background in series.backgrounds:
            yield from _grown(series, background, state, clock, settings)


def _grown(
    series: Series, background: Curve | None, state: State, clock: Clock, settings: CurvesSettings
) -> Iterator[list[Fit]]:
    x, seen, n_kept = state.X[:, 0], seen_target(state, settings.far), settings.n_series
    current: list[Fit] = []
    if background is not None:
        starts = starts_of(background, Features.of(x, seen))
        current = best_fits(background.skeleton, starts, state, clock, n_best=n_kept, settings=settings)
    loss = state.null_loss
    for n_terms in range(1, series.most + 1):
        if clock.is_over:
            return
        found: list[Fit] = []
        bases: list[Fit | None] = [*current] or [None]
        for base in bases:
            left = seen if base is None else seen - Program([base.expression]).values(state.X)[0]
            known = () if base is None else base.constants
            starts = [(*known, *start) for start in starts_of(series.term, Features.of(x, left))]
            form = series.term.skeleton if base is None else apply("add", base.form, series.term.skeleton)
            name = series.name(n_terms, background)
            found += best_fits(form, starts, state, clock, n_kept, name, settings)
        current = sorted(found, key=lambda fit: fit.loss)[:n_kept]
        if not current:
            return
        is_alone = n_terms == 1 and background in (None, _CONSTANT)
        n_constants = len(series.term.constants)
        n_before = len(current[0].constants) - n_constants
        yield meant(current, series.term, state, n_before) if is_alone else current
        if state.is_exact(current[0].loss) or not _is_gain(loss, current[0].loss, n_constants, state):
            return
        loss = current[0].loss


def _is_gain(before: float, after: float, n_constants: int, state: State) -> bool:
    """Whether further constants lowered the loss by more than noise explains (Schwarz 1978)."""
    n_rows = state.n_rows
    return state.loss.bits(after, before, n_rows) < -0.5 * n_constants * math.log2(n_rows)
