"""From a task in the user's units to its front of equations: what an estimator asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsr.clock import Clock
from nsr.data.notes import tell
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression
from nsr.expressions.space import SearchSpace
from nsr.network.checkpoint import Pretrained
from nsr.refinement.candidates import Candidate, Candidates
from nsr.refinement.choice import Front, Rule, chosen_front
from nsr.refinement.selection import without_duplicates
from nsr.search.engine import Search
from nsr.search.finishing import constants, finished, likeliest, unscaled
from nsr.search.settings import SearchSettings
from nsr.task import Task

# Where units rule out all equations that leave less than this share of the null loss, a constant with a unit
# of its own may be missing; then this share of the time is kept to look for one.
_UNEXPLAINED, _FREE_SHARE = 0.1, 0.4
# Candidates that are carried back to the user's units beside the front.
_N_PROMISING = 500
# With fewer rows chance explains much.
_FEW_ROWS = 10
# Seconds that the last look may take after Ctrl-C.
_LAST_LOOK = 1.0


@dataclass
class Solver:
    """Solves tasks with one network and one way to search.

    Attributes:
        network: Loaded when its model is first asked for.
        n_candidates: Sequences sampled from it for a table.
        components: Which of `nsr.search.context.COMPONENTS` to use.
        settings: The numbers of the search.
        rule: How an equation of the front is chosen.
        is_interrupted: Whether Ctrl-C has ended the search.
    """

    network: Pretrained
    n_candidates: int
    components: Sequence[str]
    settings: SearchSettings
    rule: Rule = "auto"
    is_interrupted: bool = False

    def solve(self, task: Task, guesses: Sequence[Expression], clock: Clock) -> Front:
        """Searches until the clock is over, an answer leaves nothing to find, or Ctrl-C.

        Args:
            task: In the user's units.
            guesses: The user's own.
            clock: For everything.
        """
        candidates = constants(task)
        if task.null_loss > 0 and np.any(np.ptp(task.X, axis=0) > 0):
            if task.n_rows < _FEW_ROWS:
                tell(f"{task.n_rows} rows are few: another equation may explain them as well by chance")
            task, found = self._found(task, guesses, clock)
            worth = [c for c in found if c.loss < task.null_loss]
            candidates = _allowed([*candidates, *worth], task)
        front = chosen_front(without_duplicates(candidates, task), task, self.rule, clock)
        return replace(front, candidates=likeliest(front.candidates, task))

    def _found(self, task: Task, guesses: Sequence[Expression], clock: Clock) -> tuple[Task, list[Candidate]]:
        """What the search finds, without units for constants or, where that explains little, with them."""
        units = task.space.units
        if units is None or units.constants == "free":
            return task, self._searched(task, guesses, clock)
        freed = replace(task, space=SearchSpace(replace(units, constants="free")))
        if not units.reach_target:
            tell("the columns that vary have no unit of the target together: constants may have any unit")
            return freed, self._searched(freed, guesses, clock)
        found = self._searched(task, guesses, clock.share(1 - _FREE_SHARE))
        left = min((c.loss for c in found), default=math.inf)
        if left <= _UNEXPLAINED * task.null_loss or self.is_interrupted:
            return task, found
        more = self._searched(freed, guesses, clock)
        if not min((c.loss for c in more), default=math.inf) < left - _UNEXPLAINED * task.null_loss:
            return task, found
        tell(
            "with constants that have no unit, the units leave no equation that explains the target: "
            "constants may have any unit in what is shown, as with constant_units='free'"
        )
        return freed, found + more

    def _searched(self, task: Task, guesses: Sequence[Expression], clock: Clock) -> list[Candidate]:
        """The best of what one search finds, in the user's units."""
        scaler = Scaler.gentle(task.X, task.y)
        scaled = replace(
            task,
            X=task.X / scaler.x_scale,
            y=task.y / scaler.y_scale,
            loss=task.loss.scaled(scaler.y_scale),
        )
        own = tuple(scaler.scaled(guess) for guess in guesses)
        search = Search(scaled, self.network, self.n_candidates, self.components, own, self.settings)
        try:
            for _ in search.run(clock.share(1 - self.settings.finishing.share)):
                pass
        except KeyboardInterrupt:
            self.is_interrupted = True
            clock = Clock.of(min(clock.left, _LAST_LOOK))
        if not search.candidates.n_seen:
            tell("the search ended before it had tried any equation: give it more time with time_limit")
        return self._finished(search.candidates, scaler, task, clock)

    def _finished(self, found: Candidates, scaler: Scaler, task: Task, clock: Clock) -> list[Candidate]:
        """What was found, in the user's units and polished; after Ctrl-C the best few as they are."""
        try:
            pool = unscaled(found.most_promising(_N_PROMISING), scaler, task)
        except KeyboardInterrupt:
            self.is_interrupted = True
            return unscaled(found.most_promising(0), scaler, task)
        try:
            return finished(pool, task, clock, self.settings.finishing)
        except KeyboardInterrupt:
            self.is_interrupted = True
            return pool


def _allowed(candidates: list[Candidate], task: Task) -> list[Candidate]:
    """The candidates that the task's space allows; all of them, with a warning, if that is none."""
    allowed = [candidate for candidate in candidates if task.space.allows(candidate.expression)]
    if not allowed:
        tell("no equation with the given units was found: the best one shown is without regard to them")
    return allowed or candidates
