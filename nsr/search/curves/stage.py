"""The stage of the search that fits textbook curves."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nsr.clock import Clock, Pauses
from nsr.evaluate.domains import safeties
from nsr.expressions.expression import Expression
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, named, scored
from nsr.search.context import Context
from nsr.search.curves.fitting import Fit, refitted
from nsr.search.curves.linear import linear_models, transformed_models
from nsr.search.curves.partners import curves_with_partners
from nsr.search.curves.rationals import polynomials
from nsr.search.curves.single import single_curves
from nsr.search.curves_settings import CurvesSettings
from nsr.search.state import State
from nsr.search.within_reach import within_reach
from nsr.task import Task


class Curves:
    """Fits of textbook curves, where structure left something to explain; see `nsr.search.stage.Stage`."""

    components = frozenset({"curves"})
    share = 1.0

    def __init__(self, settings: CurvesSettings) -> None:
        self.head_start = -settings.wait
        self._settings = settings

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """One batch for each kind of curve; where rows are many, one of the best of each state."""
        if self._is_first(context) or _is_sure(context):
            return
        yield from self._fits(context, clock)

    def _is_first(self, context: Context) -> bool:
        """Whether there is one variable, so that `CurvesFirst` fits the curves."""
        return context.root.n_variables == 1

    def _fits(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        root = context.root
        for state in self._single(context):
            yield _lifted(polynomials(state, self._settings).items(), state, context)
            curves = single_curves(state.first(self._settings.n_rows), clock, self._settings)
            yield from self._fitted(curves, state, context, clock)
        if not self._is_first(context):
            partners = curves_with_partners(root.first(self._settings.n_rows), clock, self._settings)
            yield from self._fitted(partners, root, context, clock)

    def _sums(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Sums of all variables of the table and functions of such sums: few fits, from one start each."""
        root, settings = context.root, self._settings
        for name, forms in linear_models(root.first(settings.polished_rows), settings):
            yield _lifted([(name, form) for form in forms], root, context)
        fitted = transformed_models(root.first(settings.n_rows), clock, settings)
        yield from self._fitted(fitted, root, context, clock)

    def _single(self, context: Context) -> list[State]:
        """States of one variable, those that explain most first; else the column that tells most.

        Noise, and curves that no polynomial follows, keep structure from finding the other columns idle.
        """
        states = [state for state in context.states or context.starts if state.n_variables == 1]
        if not states:
            enough = self._settings.nearly * context.root.error
            states = [state for state in within_reach(context.root, 1) if state.error <= enough]
        return sorted(states, key=lambda state: state.error)[: self._settings.n_states]

    def _fitted(
        self, batches: Iterator[list[Fit]], state: State, context: Context, clock: Clock
    ) -> Iterator[list[Candidate]]:
        """Fits to the first rows of a state, as they come if these are all, else the best of them on more."""
        settings = self._settings
        if state.n_rows <= settings.n_rows:
            for batch in batches:
                yield _lifted([(fit.name, fit.expression) for fit in batch], state, context)
            return
        fits: list[Fit] = []
        pauses = Pauses(clock)
        for batch in batches:
            fits += batch
            if pauses.is_due:
                yield []
        fits.sort(key=lambda fit: fit.loss)
        more = state.first(settings.polished_rows)
        best = [refitted(fit, more, clock, settings) for fit in fits[: settings.n_polished]]
        yield _lifted([(fit.name, fit.expression) for fit in best], state, context)


class CurvesFirst(Curves):
    """Before evolution, what is usually meant: curves of one variable, and sums of several.

    Sums take hundredths of a second, and noisy tables are to have them on their fronts in any case.
    """

    def __init__(self, settings: CurvesSettings) -> None:
        super().__init__(settings)
        self.head_start = settings.head_start

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """As those of `Curves`."""
        if _is_sure(context):
            return
        if self._is_first(context):
            yield from self._fits(context, clock)
        else:
            yield from self._sums(context, clock)


def _is_sure(context: Context) -> bool:
    return context.is_answered(context.settings.long) and not context.is_answer_doubtful


def _lifted(forms: Collection[tuple[str, Expression]], state: State, context: Context) -> list[Candidate]:
    """Solutions of a state, by the names of their curves, as equations of the table.

    What a curve of a reduced state is for the table has no name, unless only columns were left out, and
    neither has one with a pole between the rows, which is not what textbooks mean, nor one of which a
    variable has gone.
    """
    lifted = [_plain_named(name, state.lift(form), context.task) for name, form in forms]
    if context.task.space.is_limited:
        lifted = [(name, form) for name, form in lifted if context.task.space.allows(form)]
    names, own = [name for name, _ in lifted], [form for _, form in lifted]
    if state.factor is not None or not set(state.variables) <= set(context.root.variables):
        return scored(own, context.root, "reduction, curves")
    found = scored(own, context.root, "curves")
    verdicts = safeties(own, context.task.X)
    return [
        candidate if verdict.is_wrong else named(candidate, name, context.task)
        for candidate, name, verdict in zip(found, names, verdicts, strict=True)
    ]


def _plain_named(name: str, expression: Expression, task: Task) -> tuple[str, Expression]:
    plain = task.space.kept(expression, simplify(expression))
    return name if plain.variables == expression.variables else "", plain
