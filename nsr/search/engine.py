"""The search: structure on ever smaller states, then the network's guesses, then both and evolution in turns.

Anytime: whatever a stage finds is handed on at once, cheap stages and small states first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.network.checkpoint import Pretrained
from nsr.refinement.candidates import Candidate, Candidates
from nsr.search.context import Context
from nsr.search.registry import stages
from nsr.search.settings import SearchSettings
from nsr.search.stage import Stage
from nsr.search.state import State
from nsr.search.structure.stage import COMPONENTS as STRUCTURE
from nsr.search.structure.stage import starts
from nsr.search.turns import in_turns
from nsr.task import Task

# Why a search has ended: it found what leaves nothing to look for, nothing was left to try, time was up, or
# whoever ran it stopped.
Ending = Literal["answered", "exhausted", "time", "interrupted"]


class Search:
    """A search on one task.

    Args:
        task: What is to be explained, its variables and target scaled; only equations that its space allows
            are kept.
        network: Loaded when its model is first asked for.
        n_candidates: Sequences sampled from the network for the table; fewer for smaller states.
        components: Which of `nsr.search.context.COMPONENTS` to use.
        guesses: The user's own guesses, up to a factor.
        settings: The numbers of the search.
    """

    def __init__(
        self,
        task: Task,
        network: Pretrained,
        n_candidates: int,
        components: Iterable[str],
        guesses: tuple[Expression, ...] = (),
        settings: SearchSettings = SearchSettings(),
    ) -> None:
        root = State.root(task)
        self._context = Context(
            task=task,
            root=root,
            starts=starts(root, task.space),
            network=network,
            n_candidates=n_candidates,
            components=frozenset(components),
            settings=settings,
            search_part=self._search_part,
            guesses=guesses,
            candidates=Candidates(task),
        )

    @property
    def candidates(self) -> Candidates:
        """What was found so far."""
        return self._context.candidates

    def ended(self, clock: Clock) -> Ending:
        """Why a run has ended by itself.

        Args:
            clock: Of the run.
        """
        if clock.is_over:
            return "time"
        return "answered" if self._context.is_answered(self._context.settings.long) else "exhausted"

    def run(self, clock: Clock) -> Iterator[list[Candidate]]:
        """Yields refined equations, batch after batch, until time is up or nothing is left to find.

        Each says in its `stage` what found it: components or `guesses`, after `reduction` where it worked on
        a reduced state. Structure comes first, because it is cheap; then the network, asked about the table;
        then, in turns, the network asked about smaller states, evolution of all that was found, and the
        network asked about parts of it. A short answer ends the search at once, a longer one soon.
        """
        n_after = 0
        for batch in self._batches(clock):
            yield batch
            n_after += self._is_exact()
            if n_after >= self._context.settings.batches_after:
                return

    def _batches(self, clock: Clock) -> Iterator[list[Candidate]]:
        context = self._context
        own = [stage for stage in stages(context.settings) if self._is_on(stage)]
        for stage in own:
            if not stage.takes_turns:
                share = 1.0 if context.components <= STRUCTURE else stage.share
                yield from self._recorded(stage.batches(context, clock.share(share)))
                if context.is_answered(context.settings.short):
                    return
        turns = [(stage.share, stage.batches(context, clock)) for stage in own if stage.takes_turns]
        for batch in self._recorded(in_turns(turns)):
            yield batch
            if clock.is_over or context.is_answered(context.settings.long):
                return

    def _is_on(self, stage: Stage) -> bool:
        return not stage.components or bool(stage.components & self._context.components)

    def _recorded(self, batches: Iterator[list[Candidate]]) -> Iterator[list[Candidate]]:
        """What of the batches may be looked at, which the candidates take in."""
        return (self.candidates.add(batch) for batch in batches)

    def _is_exact(self) -> bool:
        best = self.candidates.best
        context = self._context
        return (
            best is not None and best.complexity <= context.settings.long and context.task.is_exact(best.loss)
        )

    def _search_part(self, part: Task, components: frozenset[str], clock: Clock) -> Iterator[list[Candidate]]:
        context = self._context
        n_candidates = context.n_candidates // context.settings.asking.smaller
        return Search(part, context.network, n_candidates, components, (), context.settings).run(clock)
