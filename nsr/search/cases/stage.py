"""The stages of the search that find laws with cases; see `nsr.search.stage.Stage`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant
from nsr.refinement.candidates import Candidate, scored
from nsr.search.cases.extremes import extremes, of_variables
from nsr.search.cases.hinges import hinges
from nsr.search.cases.logic import logical
from nsr.search.cases.splines import splines
from nsr.search.cases.splits import Split, best_split
from nsr.search.cases.staircases import staircases
from nsr.search.context import Context
from nsr.search.settings import CasesSettings
from nsr.search.state import State
from nsr.search.surrogate import ROUGH

Array = NDArray[np.float64]

# What solves the two laws of a split.
_COMPONENTS = frozenset({"families", "separation", "reduction", "cases"})
# Without any of these there is nothing to look for.
_NEEDED = ("maximum", "minimum", "abs", "where", "floor", "ceil", "round")


class Logic:
    """Logical functions of columns of zeros and ones, of which there are few and no need to search."""

    components = frozenset({"cases"})
    head_start = math.inf
    share = 1.0

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:  # noqa: ARG002
        """One batch."""
        found = context.allowed(logical(context.task.X, context.task.y))
        yield scored(found, context.root, "cases")


class Cases:
    """Extremes, hinges, steps, staircases and splits, where no polynomial is near the target."""

    components = frozenset({"cases"})
    share = 1.0

    def __init__(self, settings: CasesSettings) -> None:
        self._settings = settings
        self.head_start = settings.head_start

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Extremes, sums and products of hinges, and what is solved on both sides of a split."""
        root = context.root.first(self._settings.n_rows)
        operators = context.task.space.operators
        if not root.n_variables or not any(map(operators.has, _NEEDED)):
            return
        smooth = context.root.error  # of polynomials, the smoothest stand-ins
        if smooth < self._settings.smooth or root.n_rows < self._settings.least_rows:
            return
        weights, share = (
            root.root_weights,
            self._settings.better if smooth < ROUGH else self._settings.as_good,
        )
        spread = root.spread * np.sqrt(root.n_rows)
        for find in (partial(extremes, seed=root.seed), of_variables, staircases, hinges, splines):
            clock.spend(self._settings.work)
            forms, loss = find(root.X, root.y, weights)
            if np.sqrt(loss) < share * smooth * spread:
                yield context.polished(forms, "cases", clock)
        if context.is_answered(context.settings.short) or clock.is_over:
            return
        clock.spend(self._settings.work)
        split = best_split(root.X, root.y, weights)
        if split is not None and split.error < self._settings.better * smooth * root.spread:
            yield context.polished(self._solved(split, root, context, clock), "cases", clock)

    def _solved(self, split: Split, root: State, context: Context, clock: Clock) -> list[Expression]:
        """One law where a condition holds, and another one elsewhere."""
        sides = [
            self._laws(root.of_rows(np.flatnonzero(rows)), context, clock)
            for rows in (split.rows, ~split.rows)
        ]
        return [apply("where", split.condition, *laws) for laws in itertools.product(*sides)]

    def _laws(self, side: State, context: Context, clock: Clock) -> list[Expression]:
        """The best equations of some of the rows, the variables that vary there."""
        settings = self._settings
        varying = np.ptp(side.X, axis=0) > 0
        part = side.without(tuple(int(i) for i in np.flatnonzero(~varying)))
        level = [constant(side.level)]
        if not part.n_variables or np.ptp(part.y) <= settings.level * np.max(np.abs(part.y)):
            return level
        found: list[Candidate] = []
        n_after = settings.batches_after
        own_clock = clock.within(settings.side_work)
        for batch in context.search_part(part, _COMPONENTS & context.components, own_clock):
            found += batch
            exact = [c.complexity for c in found if part.is_exact(c.loss)]
            n_after -= bool(exact)
            if exact and (min(exact) <= context.settings.short or n_after <= 0):
                break
        best = sorted(found, key=lambda candidate: candidate.bits)[: settings.n_laws]
        return [part.lift(candidate.expression) for candidate in best] or level
