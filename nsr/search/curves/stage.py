"""The stage of the search that fits textbook curves."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, scored
from nsr.search.context import Context
from nsr.search.curves.fitting import Fit
from nsr.search.curves.rationals import polynomials
from nsr.search.curves.single import single_curves
from nsr.search.settings import FEW_ROWS
from nsr.search.state import State


class Curves:
    """Fits of textbook curves, where structure has left something to explain; see `nsr.search.stage.Stage`."""

    components = frozenset({"curves"})
    takes_turns = False

    def __init__(self, share: float) -> None:
        self.share = share

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """One batch for each kind of curve."""
        if context.is_answered(context.settings.long):
            return
        for state in context.states or context.starts:
            if state.n_variables == 1:
                yield scored([state.lift(form) for form in polynomials(state)], context.root, "curves")
                for fits in single_curves(state.first(FEW_ROWS), clock):
                    yield _lifted(fits, state, context)


def _lifted(fits: list[Fit], state: State, context: Context) -> list[Candidate]:
    """What was fitted to a state, as equations of the table."""
    return scored([simplify(state.lift(fit.expression)) for fit in fits], context.root, "curves")
