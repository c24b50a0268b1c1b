"""From a task in the user's units to its front of equations: what an estimator asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.notes import tell
from nsr.expressions.expression import Expression
from nsr.network.checkpoint import Pretrained
from nsr.progress import Stopped
from nsr.refinement.candidates import Candidate, as_found_by, scored, within
from nsr.refinement.choice import Front, chosen_front, without_twins
from nsr.refinement.conditioning import with_sure_digits
from nsr.refinement.plain import has_two_values, plain
from nsr.refinement.safety import without_needless_poles
from nsr.refinement.selection import without_duplicates
from nsr.search.engine import Ending, Search
from nsr.search.finishing import constants, finished, likeliest, unscaled
from nsr.search.noise import with_doubts, with_noise_of_best
from nsr.search.plainest import plainest
from nsr.search.scaled import ScaledSearch
from nsr.search.settings import SearchSettings, UnitsSettings
from nsr.search.turns import in_turns
from nsr.search.watching import Watch
from nsr.stopping import StopWhen
from nsr.task import Task

Array = NDArray[np.float64]

# With fewer rows chance explains much.
_FEW_ROWS = 10


class LimitsError(ValueError):
    """No equation that was tried keeps to all of the user's limits."""


@dataclass
class Solver:
    """Solves tasks with one network and one way to search.

    Attributes:
        network: Loaded when its model is first asked for.
        n_candidates: Sequences sampled from it for a table.
        components: Which of `nsr.search.settings.COMPONENTS` to use.
        settings: The numbers of the search.
        rule: How an equation of the front is chosen.
        is_loss_open: Whether the data may say that errors are proportional to the value.
        watch: Is told what is at work, the best equation so far, None before there is one, how many were
            tried, and the front so far; None where nobody watches.
        stop_when: When an equation is good enough; None for never.
        starts: Equations to begin with, over the task's variables, besides the user's guesses.
        smoothed: The target with its noise taken off, for the search to look at; None to look at it as it is.
        n_jobs: Processes that work, this one among them.
        ended: Why the latest search has ended; `time` also where time was up before the last look was done.
        n_tried: Equations that were tried.
        found: What the latest search has found, in the user's units.
    """

    network: Pretrained
    n_candidates: int
    components: Sequence[str]
    settings: SearchSettings
    rule: str = "auto"
    is_loss_open: bool = False
    watch: Watch | None = None
    stop_when: StopWhen | None = None
    starts: Sequence[Expression] = ()
    smoothed: Array | None = None
    n_jobs: int = 1
    ended: Ending = "answered"
    n_tried: int = 0
    found: list[Candidate] = field(default_factory=list)
    _is_stopped: bool = False

    def solve(self, task: Task, guesses: Sequence[Expression], clock: Clock) -> tuple[Front, Task]:
        """Searches until the clock is over, an answer leaves nothing to find, or Ctrl-C.

        Args:
            task: In the user's units.
            guesses: The user's own.
            clock: For everything.

        Returns:
            The front, and the task with the loss that it was judged by in the end, its scale told by the best
            equation.
        """
        self.ended, self.n_tried, self._is_stopped = "answered", 0, False
        weights = task.weights
        task = with_doubts(task, task.centre, weights, self.settings.noise)
        candidates = constants(task, self.settings.finishing)
        if is_explicable(task):
            if task.n_rows < _FEW_ROWS:
                tell(f"{task.n_rows} rows are few: another equation may explain them as well by chance")
            task, found = self._found_smoothly(task, guesses, clock)
            if not self.n_tried and not self._is_stopped:
                tell("the search ended before it had tried any equation: give it more time with time_limit")
            task, found = with_noise_of_best(task, found, weights, self.settings.noise)
            worth = [c for c in found if c.loss < task.null_loss or task.space.is_limited]
            candidates = [*constants(task, self.settings.finishing), *worth]
        candidates = self.found = _allowed(candidates, task)
        in_time = clock.reserving(self.settings.finishing.choice_share)
        told_apart = plain(without_duplicates(candidates, task), task, in_time)
        safe = without_needless_poles(told_apart, task, in_time)
        choosing = Clock.of(max(clock.left, self.settings.finishing.least_choice))
        front = self.with_enough(chosen_front(safe, task, self.rule, choosing), candidates, task)
        self.note_time(clock)
        if not task.loss.is_quadratic:
            task = replace(task, weights=weights)
        rows = front.candidates
        told = as_found_by(rows, scored([row.expression for row in rows], task), task)
        front = with_sure_digits(replace(front, candidates=likeliest(told, task)), task)
        if has_two_values(task.y) and not task.is_exact(front.candidates[front.best].loss):
            tell(
                "the target has two values, as a class has: the equation is for its mean, and may leave "
                "their range; a classifier, such as scikit-learn's LogisticRegression, says which it is"
            )
        return without_twins(front, task), task

    def _found_smoothly(
        self, task: Task, guesses: Sequence[Expression], clock: Clock
    ) -> tuple[Task, list[Candidate]]:
        """What the search finds, in a smoothed target where there is one, fitted to the task's own."""
        if self.smoothed is None:
            return self._found(task, guesses, clock)
        seen, found = self._found(replace(task, y=self.smoothed), guesses, clock)
        own = replace(seen, y=task.y)
        told = as_found_by(found, scored([one.expression for one in found], own), own)
        settings = self.settings.finishing
        return own, finished(told, own, clock.reserving(settings.choice_share), settings)

    def explored(
        self, task: Task, guesses: Sequence[Expression], clock: Clock
    ) -> tuple[Task, list[Candidate]]:
        """What a search finds, none of it chosen yet, where the task is a part of another one.

        Arguments are those of `solve`; what was tried counts beside what was tried before.

        Returns:
            The task with the loss that the search has settled on, and the candidates.
        """
        if not is_explicable(task) or self._is_stopped:
            return task, []
        return self._found(task, guesses, clock)

    def is_enough(self, candidate: Candidate, task: Task) -> bool:
        """Whether a candidate of a task in the user's units is as good as was asked for."""
        r2 = 1 - candidate.loss / task.null_loss if task.null_loss else 1.0
        wanted, is_exact = self.stop_when, task.is_exact(candidate.loss)
        return wanted is not None and wanted.is_met(r2, candidate.complexity, is_exact)

    def with_enough(self, front: Front, candidates: Sequence[Candidate], task: Task) -> Front:
        """A front whose chosen equation is as good as was asked for, where one that is has ended the search.

        Args:
            front: What was chosen.
            candidates: From which.
            task: In the user's units.
        """
        rows = front.candidates
        enough = [one for one in rows if self.is_enough(one, task)] or sorted(
            (one for one in candidates if self.is_enough(one, task)), key=lambda one: one.bits
        )
        if self.ended != "stopped" or not enough or self.is_enough(rows[front.best], task):
            return front
        rows = sorted({*rows, enough[0]}, key=lambda one: (one.complexity, -one.loss, str(one.expression)))
        return Front(rows, rows.index(enough[0]))

    def _note_ending(self, search: Search) -> None:
        self.ended = "stopped" if self._is_stopped else search.ended

    def note_time(self, clock: Clock) -> None:
        """Says that time was up where it was."""
        if clock.is_out_of_time and self.ended not in {"interrupted", "stopped"}:
            self.ended = "time"

    def _found(self, task: Task, guesses: Sequence[Expression], clock: Clock) -> tuple[Task, list[Candidate]]:
        """What the search finds, without units for constants or, where that explains little, with them."""
        units = task.space.units
        if units is None or units.constants == "free":
            return self._searched(task, guesses, clock)
        freed = replace(task, space=replace(task.space, units=replace(units, constants="free")))
        if not units.reach_target:
            tell("the columns that vary have no unit of the target together: constants may have any unit")
            return self._searched(freed, guesses, clock)
        strict, free = ScaledSearch(task, guesses, self), ScaledSearch(freed, guesses, self)
        clock = self._run(
            _with_units_first(strict, free, self._until_last_look(clock), self.settings.units), clock
        )
        self._note_ending(strict.search if strict.is_explained else free.search)
        found, task = self._finished(strict, clock), strict.task
        left = min((c.loss for c in found), default=math.inf)
        enough = self.settings.units.unexplained * task.null_loss
        if left <= enough or not free.search.candidates.n_seen:
            return task, found
        more = self._finished(free, clock)
        if not min((c.loss for c in more), default=math.inf) < left - enough:
            return task, found
        tell(
            "with constants that have no unit, the units leave no equation that explains the target: "
            "constants may have any unit in what is shown, as with constant_units='free'"
        )
        return free.task, found + more

    def _searched(
        self, task: Task, guesses: Sequence[Expression], clock: Clock
    ) -> tuple[Task, list[Candidate]]:
        """The best of what one search finds, in the user's units."""
        scaled = ScaledSearch(task, guesses, self)
        clock = self._run(scaled.run(self._until_last_look(clock)), clock)
        self._note_ending(scaled.search)
        return scaled.task, self._finished(scaled, clock)

    def _until_last_look(self, clock: Clock) -> Clock:
        return clock.reserving(self.settings.finishing.share).of_search()

    def _run(self, batches: Iterable[list[Candidate]], clock: Clock) -> Clock:
        """Runs searches to their end, to Ctrl-C, or to where there is enough; the clock for the last look."""
        try:
            for _ in batches:
                pass
        except (KeyboardInterrupt, Stopped) as stop:
            self._is_stopped = isinstance(stop, Stopped)
            return Clock.of(min(clock.left, self.settings.finishing.after_interruption))
        return clock

    def _finished(self, found: ScaledSearch, clock: Clock) -> list[Candidate]:
        """What was found, in the user's units and polished; after Ctrl-C the best few as they are."""
        candidates, scaler, task = found.search.candidates, found.scaler, found.task
        self.n_tried += candidates.n_seen
        try:
            pool = unscaled(candidates.most_promising(self.settings.finishing.n_promising), scaler, task)
        except KeyboardInterrupt:
            self.ended = "interrupted"
            return unscaled(candidates.most_promising(0), scaler, task)
        try:
            return finished(
                pool, task, clock.reserving(self.settings.finishing.choice_share), self.settings.finishing
            )
        except KeyboardInterrupt:
            self.ended = "interrupted"
            return pool


def counted_on(watch: Watch | None, solver: Solver) -> Watch | None:
    """What watches one of several searches: what was tried is counted on from those before it.

    Args:
        watch: Is told of all of them; None where nobody is.
        solver: Does all of them.
    """
    if watch is None:
        return None
    return lambda at_work, best, n_tried, front: watch(at_work, best, solver.n_tried + n_tried, front)


def is_explicable(task: Task) -> bool:
    """Whether there is anything to explain, and anything to explain it with."""
    return task.null_loss > 0 and bool(np.any(np.ptp(task.X, axis=0) > 0))


def _with_units_first(
    strict: ScaledSearch, free: ScaledSearch, clock: Clock, settings: UnitsSettings
) -> Iterator[list[Candidate]]:
    """Batches of a search that keeps to units; while it explains little, also of one with free constants."""
    batches = strict.run(clock)
    doubt = clock.within(settings.work)
    for batch in batches:
        yield batch
        if doubt.is_over and not strict.is_explained:
            break
    if strict.is_explained:
        return
    share = settings.free_share
    turns = [(1 - share, batches), (share, free.with_loss_of(strict).run(clock))]
    for batch in in_turns(turns, clock.meter):
        yield batch
        if strict.is_explained:
            yield from batches
            return


def _allowed(candidates: list[Candidate], task: Task) -> list[Candidate]:
    """The candidates that the task's space allows.

    Where there are none, the plainest equations that it allows; where it does not even allow these, those
    that have other units, with a warning.

    Raises:
        LimitsError: If limits rule all of them out.
    """
    space = task.space
    is_explained = not task.null_loss and within(candidates, space)  # a target that does not vary
    if space.is_limited and not is_explained:
        candidates = [c for c in (*candidates, *plainest(task)) if c.bits < math.inf]
    if own := within(candidates, space):
        return own
    others = within(candidates, replace(space, units=None))
    if not others:
        raise LimitsError(
            "no equation that was tried keeps to all limits (operators, max_complexity, shape ...): "
            "loosen one of them, or give the search more time with time_limit"
        )
    tell("no equation with the given units was found: the best one shown is without regard to them")
    return others
