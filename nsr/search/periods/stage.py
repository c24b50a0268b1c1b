"""The stage of the search that finds laws with waves; see `nsr.search.stage.Stage`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import ONE, linear_combination
from nsr.refinement.candidates import Candidate
from nsr.search.context import Context
from nsr.search.periods.pursuit import Wave, pursued
from nsr.search.settings import PeriodsSettings
from nsr.search.state import State
from nsr.task import MANY_ROWS

# What solves the law that has waves among its variables.
_COMPONENTS = frozenset({"families", "separation", "reduction"})


class Periods:
    """Sums of waves, and laws of waves and variables, where no polynomial is near the target."""

    components = frozenset({"curves"})
    share = 1.0

    def __init__(self, settings: PeriodsSettings) -> None:
        self._settings = settings
        self.head_start = settings.head_start

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Linear models with ever more of the waves, then what structure finds with them as variables."""
        settings, root = self._settings, context.root.first(self._settings.n_rows)
        if (
            not context.task.space.operators.has("sin")
            or not 0 < root.n_variables <= settings.most_variables
            or root.n_rows < settings.least_rows
            or context.root.error < settings.smooth
        ):
            return
        clock.spend(settings.work)
        waves = pursued(root.X, root.y, root.root_weights, settings)
        for n_waves in range(1, len(waves) + 1):
            yield context.polished(_linear_models(root, waves[:n_waves]), "curves", clock)
        if not waves or context.is_answered(context.settings.short):
            return
        for extended in _extended(context.root.first(MANY_ROWS), waves, settings):
            yield from self._solved(extended, context, clock)

    def _solved(self, state: State, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """What structure makes of a state that has waves among its variables."""
        own_clock = clock.within(self._settings.state_work)
        for batch in context.search_part(state, _COMPONENTS & context.components, own_clock):
            best = sorted(batch, key=lambda candidate: candidate.bits)[: self._settings.n_laws]
            yield context.polished([state.lift(one.expression) for one in best], "curves", clock)
            if context.is_answered(context.settings.short):
                return


def _expression(wave: Wave, quarter: bool = False) -> Expression:
    """The wave, or the same a quarter of a period on."""
    terms = [
        apply("mul", constant(w), variable(i)) for i, w in zip(wave.columns, wave.frequencies, strict=True)
    ]
    phase = constant(wave.phase + (np.pi / 2 if quarter else 0.0))
    return apply("sin", reduce(lambda a, b: apply("add", a, b), [*terms, phase]))


def _new_variables(waves: Sequence[Wave]) -> list[Expression]:
    both = [(_expression(wave), None if wave.is_steady else _expression(wave, True)) for wave in waves]
    return [one for pair in both for one in pair if one is not None]


def _linear_models(state: State, waves: Sequence[Wave]) -> list[Expression]:
    """Waves on a constant; on a plane; and times a line or a plane, on one."""
    own = _new_variables(waves)
    plane = [variable(i) for i in range(state.n_variables)]
    times = [apply("mul", one, wave) for one in plane for wave in own]
    return [
        _least_squares([ONE, *own], state),
        _least_squares([ONE, *own, *plane], state),
        _least_squares([ONE, *own, *plane, *times], state),
    ]


def _least_squares(terms: list[Expression], state: State) -> Expression:
    roots = state.root_weights
    design = Program(terms).values(state.X).T * roots[:, None]
    solution = np.linalg.lstsq(design, state.y * roots, rcond=1e-12)[0]
    return linear_combination(list(zip(solution.tolist(), terms, strict=True)))


def _extended(root: State, waves: Sequence[Wave], settings: PeriodsSettings) -> Iterator[State]:
    """The table with the strongest wave as a further variable, then with all of them, if there are few."""
    for n_waves in dict.fromkeys((1, min(len(waves), settings.most_added))):
        state = root
        for new in _new_variables(waves[:n_waves]):
            state = state.replaced((), new)
        yield state
