"""The stage of the search that finds laws with waves; see `nsr.search.stage.Stage`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import ONE, linear_combination
from nsr.refinement.candidates import Candidate
from nsr.search.context import Context
from nsr.search.periods.products import products
from nsr.search.periods.pursuit import Wave, pursued
from nsr.search.settings import PeriodsSettings
from nsr.search.state import State
from nsr.task import MANY_ROWS

# Exponents and rates with which refinement begins: not none, which is no form.
_BARELY = 0.01
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
        along = products(root, clock, settings) if root.n_variables > 1 else []
        found: list[tuple[State, list[Wave]]] = []
        for state in (*(root.replaced((), product) for product in along), root):
            waves = self._waves(state, root, clock)
            if not waves:
                continue
            found.append((state, waves))
            linear = (_linear_models(state, waves[:n]) for n in range(1, len(waves) + 1))
            for own in (_swelling(state, waves[0], root.n_variables), *linear):
                yield context.polished([state.lift(model) for model in own], "curves", clock)
        for state, waves in found:
            for extended in self._extended(state, waves, context.root.first(MANY_ROWS)):
                if context.is_answered(context.settings.short):
                    return
                yield from self._solved(extended, context, clock)

    def _waves(self, state: State, root: State, clock: Clock) -> list[Wave]:
        """Waves along the variables; where the table has a product beside them, the strongest along that."""
        settings, n_variables = self._settings, root.n_variables
        if state is root:
            clock.spend(settings.work * max(1, min(n_variables, settings.most_paired) - 1))
            return pursued(root.X, root.y, root.root_weights, settings)
        clock.spend(settings.work)
        waves = pursued(state.X[:, n_variables:], state.y, state.root_weights, settings)
        return [replace(wave, columns=(n_variables,)) for wave in waves[:1]]

    def _extended(self, state: State, waves: Sequence[Wave], root: State) -> Iterator[State]:
        """The table with the strongest wave as a further variable, then with all, if there are few."""
        for n_waves in dict.fromkeys((1, min(len(waves), self._settings.most_added))):
            own = root
            for new in _new_variables(waves[:n_waves]):
                own = own.replaced((), state.lift(new))
            yield own

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


def _swelling(state: State, wave: Wave, n_variables: int) -> list[Expression]:
    """The wave times powers of the table's variables, and times an exponential of them.

    They begin near one, for refinement to move, as in sin(w t)/t and in exp(-d t) sin(w t).
    """
    own = [i for i in range(n_variables) if np.all(state.X[:, i] > 0)]
    barely = [_BARELY * (1 + 0.1 * i) for i in range(n_variables)]  # equal ones would become one
    powers = [apply("pow", variable(i), constant(barely[i])) for i in own]
    exponents = [apply("mul", constant(-barely[i]), variable(i)) for i in range(n_variables)]
    rising = apply("exp", reduce(lambda a, b: apply("add", a, b), exponents))
    factors = [reduce(lambda a, b: apply("mul", a, b), powers)] if powers else []
    size = constant(math.sqrt(2) * float(np.std(state.y)) or 1.0)
    swelling = [apply("mul", size, apply("mul", one, _expression(wave))) for one in (*factors, rising)]
    return [*swelling, *(apply("add", constant(state.level), one) for one in swelling)]


def _least_squares(terms: list[Expression], state: State) -> Expression:
    roots = state.root_weights
    design = Program(terms).values(state.X).T * roots[:, None]
    solution = np.linalg.lstsq(design, state.y * roots, rcond=1e-12)[0]
    return linear_combination(list(zip(solution.tolist(), terms, strict=True)))
