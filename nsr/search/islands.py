"""Evolution on other processes: islands that breed apart, and exchange their best after each round.

After Tanese, "Distributed Genetic Algorithms", Proceedings of the 3rd International Conference on Genetic
Algorithms (1989). A round is as much work on an island as is done here meanwhile, so that what is found
depends on the data, the seed and the number of processes alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from nsr.clock import Clock
from nsr.data.notes import tell
from nsr.expressions.expression import Expression
from nsr.expressions.operators import N_BUILTIN, OPERATORS
from nsr.network.checkpoint import Pretrained
from nsr.refinement.candidates import Candidate, scored
from nsr.search.context import Context
from nsr.search.evolution_settings import IslandSettings
from nsr.search.settings import SearchSettings
from nsr.search.team import Team
from nsr.task import Task


@dataclass(frozen=True)
class Order:
    """A round of one island.

    Attributes:
        task: What is to be explained; its seed is the island's and the round's own.
        network: Not loaded.
        settings: The numbers of the search.
        members: What it begins with.
        seconds: Until time is up.
        operators: The fields of the user's own, which another process does not know.
    """

    task: Task
    network: Pretrained
    settings: SearchSettings
    members: tuple[Expression, ...]
    seconds: float
    operators: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Found:
    """What has come of a round.

    Attributes:
        members: The best equations of the island, the best first.
        n_tried: How many it has tried.
    """

    members: tuple[Expression, ...]
    n_tried: int


class Islands:
    """Populations on other processes; see `nsr.search.stage.Stage`."""

    components = frozenset({"evolution"})

    def __init__(self, settings: IslandSettings) -> None:
        self.head_start, self.share = settings.head_start, settings.share
        self._settings = settings

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Round after round, until too many have brought nothing better; none in one process."""
        if context.team is None:
            return
        try:
            yield from self._rounds(context.team, context, clock)
        finally:
            context.team.close()

    def _rounds(self, team: Team[Order, Found], context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        idle, number = 0, 0
        islands: list[tuple[Expression, ...]] = [()] * team.n_workers
        while idle < self._settings.patience and not clock.is_over and not team.is_lost:
            best = context.candidates.best
            migrants = self._migrants(context, islands)
            team.send(
                [self._order(context, clock, (*own, *migrants), number, k) for k, own in enumerate(islands)]
            )
            yield from self._meanwhile(clock)
            found = team.received(clock.left)
            number += 1
            if found is None:
                continue
            islands = [one.members for one in found]
            context.candidates.n_seen += sum(one.n_tried for one in found)
            new = dict.fromkeys(member for own in islands for member in own)
            yield scored(list(new), context.task, "islands, evolution")
            idle = 0 if context.candidates.best != best else idle + 1
        if team.is_lost:
            tell(f"the search goes on without its other processes, which were lost ({team.why_failed})")

    def _meanwhile(self, clock: Clock) -> Iterator[list[Candidate]]:
        """Turns without anything, until as much work was done here, or nobody works here any more."""
        meter = clock.meter
        begun, before = meter.done_by_all, -1.0
        while before < meter.done_by_all < begun + self._settings.work and not clock.is_over:
            before = meter.done_by_all
            yield []

    def _migrants(self, context: Context, islands: Sequence[tuple[Expression, ...]]) -> list[Expression]:
        """The best of what was found here, and on each island."""
        n, here = self._settings.n_migrants, context.candidates.most_promising(self._settings.n_migrants)
        return [*(candidate.expression for candidate in here), *(one for own in islands for one in own[:n])]

    def _order(
        self, context: Context, clock: Clock, members: Sequence[Expression], number: int, island: int
    ) -> Order:
        seed = (context.task.seed + 1 + 7919 * (1 + island) + 104_729 * number) % 2**31
        return Order(
            replace(context.task, seed=seed, n_threads=1),
            replace(context.network),  # without the weights, if these were loaded
            context.settings,
            tuple(dict.fromkeys(members)),
            clock.left,
            own_operators(),
        )


def own_operators() -> tuple[Mapping[str, Any], ...]:
    """The fields of the operators that users have registered here; operators themselves travel by name."""
    own = tuple(OPERATORS.values())[N_BUILTIN:]
    return tuple({one.name: getattr(operator, one.name) for one in fields(operator)} for operator in own)
