"""Systems put together from right-hand sides of their components, simulated on pieces of trajectories."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.ode.forms import forms
from nsr.ode.motion import System
from nsr.ode.task import OdeTask

# States that are simulated at observations between two looks at the clock, whatever the number of systems.
_N_STATES_AT_A_TIME = 100_000
# Seconds of work for a system, and for a state that is simulated at an observation.
_SECONDS, _SECONDS_A_STATE = 5e-4, 1e-6


def best_combinations(
    candidates: Sequence[Sequence[Expression]], task: OdeTask, clock: Clock
) -> list[System]:
    """Systems of shortest description first, one of each form.

    All combinations of the best right-hand sides are simulated, then systems that differ from the best one in
    one component, the most promising first.

    Args:
        candidates: Right-hand sides of each component, the most promising first.
        task: What was observed.
        clock: When it is over no further combination is simulated, if there is one.
    """
    simulated = _Simulated(task, clock)
    best = [expressions[: task.settings.n_combined] for expressions in candidates]
    simulated.add(itertools.islice(itertools.product(*best), task.settings.most_combinations))
    for _ in range(task.settings.n_exchanges):
        current = simulated.best
        simulated.add(
            (*current[:place], expression, *current[place + 1 :])
            for alike in itertools.zip_longest(*candidates)
            for place, expression in enumerate(alike)
            if expression is not None
        )
        if simulated.best == current or clock.is_over:
            break
    found: dict[Hashable, System] = {}
    for system in simulated.by_description():
        found.setdefault(forms(system), system)
    return list(found.values())


class _Simulated:
    """Systems and their description lengths on pieces of trajectories."""

    def __init__(self, task: OdeTask, clock: Clock) -> None:
        self._task, self._clock = task, clock
        self._bits: dict[System, float] = {}
        n_states = task.pieces.n_observations * task.n_states
        self._n_batch = max(1, min(task.settings.n_batch, _N_STATES_AT_A_TIME // n_states))
        self._work = _SECONDS + _SECONDS_A_STATE * n_states

    @property
    def best(self) -> System:
        return min(self._bits, key=self._bits.__getitem__)

    def by_description(self) -> list[System]:
        return sorted(self._bits, key=self._bits.__getitem__)

    def add(self, systems: Iterable[System]) -> None:
        """Simulates those that were not yet, while there is time, and the first one anyway."""
        tied = ((system, self._task.with_ties(system)) for system in systems)
        whole = dict.fromkeys(one for pair in tied for one in pair if one is not None)
        new = [system for system in whole if system not in self._bits]
        for first in range(0, len(new), self._n_batch):
            if self._bits and self._clock.is_over:
                return
            batch = new[first : first + self._n_batch]
            self._clock.spend(len(batch) * self._work)
            self._bits.update(zip(batch, self._task.pieces.rough_bits(batch).tolist(), strict=True))
