"""Evolution of reduced states: of the same law in fewer variables, where there is far less to try."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.expression import apply, constant, variable
from nsr.refinement.candidates import Candidate, fitted
from nsr.search.context import Context
from nsr.search.evolution.breeder import Breeder
from nsr.search.evolution.population import Population
from nsr.search.state import State


class _Line:
    """What descends from the variables of one state."""

    def __init__(self, context: Context, state: State, clock: Clock) -> None:
        settings = context.settings
        self._context, self._state, self._clock = context, state, clock
        self._population = Population(state, settings.evolution)
        self._breeder = Breeder(context, state, self._population, clock)
        seeds = [apply("mul", constant(1.0), variable(i)) for i in range(state.n_variables)]
        self._population.add(fitted(seeds, state, settings.evolution.first, clock))
        self._idle = 0

    @property
    def is_at_an_end(self) -> bool:
        """Whether too many looks have brought nothing better."""
        return self._idle >= self._context.settings.evolution.states_patience

    def grown(self) -> list[Candidate]:
        """What is new and promising, as equations of the table."""
        best = self._population.best
        lifted = [self._state.lift(expression) for expression in self._breeder.bred()]
        self._idle = 0 if self._population.best < best else self._idle + 1
        return self._context.polished(lifted, "reduction, evolution", self._clock)


def evolved_states(context: Context, clock: Clock) -> Iterator[list[Candidate]]:
    """Equations bred for reduced states, for a few at a time, those of the fewest variables first."""
    lines: dict[object, _Line] = {}
    while not clock.is_over:
        for state in _reduced(context):
            if len(lines) < context.settings.evolution.n_states and state.key not in lines:
                lines[state.key] = _Line(context, state, clock)
        growing = [line for line in lines.values() if not line.is_at_an_end]
        if not growing:
            return
        for line in growing:
            yield line.grown()


def _reduced(context: Context) -> list[State]:
    """The states that structure has looked at which lose nothing, and have fewer variables than the table."""
    root, most = context.root, context.settings.evolution.worse
    reduced = [
        state
        for state in context.states
        if 0 < state.n_variables < root.n_variables and state.error <= most * root.error
    ]
    return sorted(reduced, key=lambda state: (state.n_variables, state.error))
