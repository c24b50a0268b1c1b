"""The search: structure on ever smaller states, then the network's guesses, then both and evolution in turns.

Anytime: whatever a stage finds is handed on at once, cheap stages and small states first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Literal

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.expressions.operators import OPERATORS, Operator, register
from nsr.network.checkpoint import Pretrained
from nsr.refinement.candidates import Candidate, Candidates, scored
from nsr.search.context import Context
from nsr.search.islands import Found, Order
from nsr.search.registry import stages
from nsr.search.settings import SearchSettings
from nsr.search.stage import Stage
from nsr.search.state import State
from nsr.search.structure.stage import COMPONENTS as STRUCTURE
from nsr.search.structure.stage import starts
from nsr.search.team import Team
from nsr.search.turns import in_turns
from nsr.search.within_reach import within_reach
from nsr.task import Task

# Why a search has ended: it found what leaves nothing to look for, nothing was left to try, time was up,
# whoever ran it interrupted it, or whoever watches it has enough.
Ending = Literal["answered", "exhausted", "time", "interrupted", "stopped"]
# What a stage with a head start may use of work that is limited.
_FIRST_SHARE = 0.4
# Is told what is at work, and what was found so far.
Watch = Callable[[str, Candidates], None]


class Search:
    """A search on one task.

    The same task and settings give the same batches; the clock's time says after which of them it ends.

    Attributes:
        ended: Why it has ended; `interrupted` until it has by itself.

    Args:
        task: What is to be explained, its variables and target scaled; only equations that its space allows
            are kept.
        network: Loaded when its model is first asked for.
        n_candidates: Sequences sampled from the network for the table; fewer for smaller states.
        components: Which of `nsr.search.settings.COMPONENTS` to use.
        guesses: The user's own guesses, up to a factor.
        settings: The numbers of the search.
        watch: Is told how far it is at the beginning of each stage and after each batch.
        n_jobs: Processes that work, this one among them.
    """

    def __init__(
        self,
        task: Task,
        network: Pretrained,
        n_candidates: int,
        components: Iterable[str],
        guesses: tuple[Expression, ...] = (),
        settings: SearchSettings = SearchSettings(),
        watch: Watch | None = None,
        n_jobs: int = 1,
    ) -> None:
        self._watch = watch
        self._doubt: Clock | None = None
        self.ended: Ending = "interrupted"
        root = State.root(task, settings.structure.surrogates)
        begin = within_reach(root, network.config.max_variables)
        self._context = Context(
            task=task,
            root=root,
            starts=[*begin, *starts(root, task.space, settings.structure.reduction)],
            network=network,
            n_candidates=n_candidates,
            components=frozenset(components),
            settings=settings,
            search_part=self._search_part,
            team=Team(n_jobs - 1, search_apart) if n_jobs > 1 else None,
            guesses=guesses,
            candidates=Candidates(task),
        )

    @property
    def candidates(self) -> Candidates:
        """What was found so far."""
        return self._context.candidates

    def run(self, clock: Clock) -> Iterator[list[Candidate]]:
        """Yields refined equations, batch after batch, until time is up or nothing is left to find.

        Each says in its `stage` what found it: components or `guesses`, after `reduction` where it worked on
        a reduced state. Structure comes first, because it is cheap, then evolution of what it has made of the
        table and of the table itself; all of these then go on in turns, and are joined by curves and, when
        they have had some time, by the network, asked about the table, about smaller states, and about parts
        of what was found. A short answer ends the search at once, a longer one soon.
        """
        if (yield from self._until_answered(clock)):
            self.ended = "answered"
        else:
            self.ended = "time" if clock.is_out_of_time else "exhausted"

    def _until_answered(self, clock: Clock) -> Generator[list[Candidate], None, bool]:
        """Batches; returns whether there is an answer."""
        n_after = 0
        batches = self._batches(clock)
        while True:
            try:
                yield next(batches)
            except StopIteration as end:
                return bool(end.value)
            n_after += self._is_exact()
            if n_after >= self._context.settings.batches_after:
                return True

    def _batches(self, clock: Clock) -> Generator[list[Candidate], None, bool]:
        context = self._context
        own = [stage for stage in stages(context.settings) if self._is_on(stage)]
        turns: list[tuple[Stage, Iterator[list[Candidate]]]] = []
        already: list[float] = []
        for stage in own:
            own_clock = clock.apart()
            batches = stage.batches(context, own_clock)
            if stage.head_start <= 0:
                turns.append((stage, batches))
                already.append(-stage.head_start * stage.share)
                continue
            allowed, prepared = None, 0.0
            for batch in self._recorded(batches, [stage]):
                if allowed is None:  # what it takes to begin is no part of a head start
                    prepared = own_clock.meter.done
                    allowed = self._head_start(stage, own_clock)
                yield batch
                if allowed.is_over:
                    turns.append((stage, batches))
                    already.append(own_clock.meter.done - prepared)
                    break
            if self._is_answered(context.settings.short, clock):
                return True
            if clock.is_over:
                return False
        weighted = [(stage.share, batches) for stage, batches in turns]
        in_turn = [stage for stage, _ in turns]
        for batch in self._recorded(in_turns(weighted, clock.meter, already), in_turn):
            yield batch
            if self._is_answered(context.settings.long, clock):
                return True
            if clock.is_over:
                break
        return False

    def _head_start(self, stage: Stage, clock: Clock) -> Clock:
        is_alone = self._context.components <= STRUCTURE
        return clock if is_alone else clock.share(_FIRST_SHARE).within(stage.head_start)

    def _is_answered(self, longest: int, clock: Clock) -> bool:
        """Whether there is an answer, and if it may be another law's double, was time to find that law."""
        if not self._context.is_answered(longest):
            return False
        if not self._context.is_answer_doubtful:
            return True
        if self._doubt is None:
            settings = self._context.settings
            self._doubt = clock.share(settings.doubtful_share).within(settings.doubtful_work)
        return self._doubt.is_over

    def _is_on(self, stage: Stage) -> bool:
        return not stage.components or bool(stage.components & self._context.components)

    def _recorded(
        self, batches: Iterator[list[Candidate]], own: Sequence[Stage]
    ) -> Iterator[list[Candidate]]:
        """What of the stages' batches may be looked at, which the candidates take in; who watches is told."""
        at_work = ", ".join(dict.fromkeys(map(_called, own)))
        self._tell(at_work)
        for batch in batches:
            kept = self.candidates.add(batch)
            self._tell(at_work)
            yield kept

    def _tell(self, at_work: str) -> None:
        if self._watch is not None:
            self._watch(at_work, self.candidates)

    def _is_exact(self) -> bool:
        best = self.candidates.best
        context = self._context
        return (
            best is not None
            and best.expression.complexity <= context.settings.long
            and context.task.is_exact(best.loss)
        )

    def _search_part(self, part: Task, components: frozenset[str], clock: Clock) -> Iterator[list[Candidate]]:
        context = self._context
        n_candidates = context.n_candidates // context.settings.asking.smaller
        return Search(part, context.network, n_candidates, components, (), context.settings).run(clock)


def search_apart(order: Order) -> Found:
    """A round of evolution in a process of its own."""
    for operator in order.operators:
        if operator["name"] not in OPERATORS:
            register(Operator(**operator))
    clock = Clock.of(order.seconds).within(order.settings.islands.work)
    search = Search(order.task, order.network, 1, ("evolution",), (), order.settings)
    search.candidates.add(scored(order.members, order.task))
    n_before = search.candidates.n_seen
    for _ in search.run(clock):
        pass
    best = list(search.candidates.most_promising(order.settings.islands.n_members))
    members = sorted(best, key=lambda candidate: candidate.bits)[: order.settings.islands.n_members]
    return Found(tuple(one.expression for one in members), search.candidates.n_seen - n_before)


def _called(stage: Stage) -> str:
    """A stage by the names that users know it by."""
    return ", ".join(sorted(stage.components)) or type(stage).__name__.lower()
