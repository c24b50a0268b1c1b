"""What a search tells whoever watches it, in the user's units, and whether what it has found is enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression
from nsr.expressions.simplify import simplify
from nsr.progress import Stopped
from nsr.refinement.candidates import Candidate, Candidates
from nsr.stopping import StopWhen
from nsr.task import Task

# Seconds between two looks at the whole front, which take a while.
_EVERY = 0.5


@dataclass(frozen=True)
class Seen:
    """An equation that was found, in the user's units.

    Attributes:
        expression: Over the columns that are used.
        unexplained: Share of the null loss that it leaves.
    """

    expression: Expression
    unexplained: float


# Is told what is at work, the best equation so far, how many were tried, and the front so far.
Watch = Callable[[str, Seen | None, int, tuple[Seen, ...]], None]


@dataclass
class Watching:
    """Watches one search.

    Attributes:
        watch: Who is told; None where nobody watches.
        stop_when: When an equation is good enough; None for never.
        scaler: How the search sees the user's task.
        task: As it sees it.
    """

    watch: Watch | None
    stop_when: StopWhen | None
    scaler: Scaler
    task: Task
    _n_checked: int = 0
    _front: tuple[Seen, ...] = ()
    _looked_at: float = -_EVERY
    _seen: dict[Candidate, Seen] = field(default_factory=dict)

    def __call__(self, at_work: str, candidates: Candidates) -> None:
        """Tells how far the search is.

        Raises:
            Stopped: If it has gone far enough.
        """
        if self.watch is not None:
            now = time.monotonic()
            if not self._front or now - self._looked_at >= _EVERY:
                self._look_at_front(candidates)
                self._looked_at = now
            best = None if candidates.best is None else self._in_users_units(candidates.best)
            self.watch(at_work, best, candidates.n_seen, self._front)
        if self.stop_when is not None:
            new, self._n_checked = candidates.since(self._n_checked)
            if any(self._is_enough(candidate, self.stop_when) for candidate in new):
                raise Stopped

    def _is_enough(self, candidate: Candidate, wanted: StopWhen) -> bool:
        if wanted.is_exact:
            return self.task.is_exact(candidate.loss)
        if 1 - self._share(candidate) < wanted.r2:
            return False
        return self.task.space.complexity(self._in_users_units(candidate).expression) <= wanted.complexity

    def _look_at_front(self, candidates: Candidates) -> None:
        front = candidates.front()
        self._seen = {candidate: self._in_users_units(candidate) for candidate in front}
        self._front = tuple(self._seen.values())

    def _in_users_units(self, candidate: Candidate) -> Seen:
        """Worked out only where it is something new."""
        known = self._seen.get(candidate)
        if known is None:
            expression = simplify(self.scaler.undo(candidate.expression))
            known = self._seen[candidate] = Seen(expression, self._share(candidate))
        return known

    def _share(self, candidate: Candidate) -> float:
        return candidate.loss / self.task.null_loss if self.task.null_loss else 1.0
