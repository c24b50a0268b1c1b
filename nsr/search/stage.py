"""What a stage of the search is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from nsr.clock import Clock
from nsr.refinement.candidates import Candidate
from nsr.search.context import Context


class Stage(Protocol):
    """A source of equations.

    Attributes:
        components: What users switch on and off; the stage works if any of them is on.
        head_start: Seconds of work before the stages after it begin; infinity for one that they wait for,
            and negative for one that waits for them: until those that take turns have done as many seconds
            for each unit of their share.
        share: Its weight among those that take turns.
    """

    components: frozenset[str]
    head_start: float
    share: float

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Yields candidates for the context's task, batch after batch, each soon after the other.

        What is done must not depend on how long anything takes: the clock is told of work that it does not
        know of (`Clock.spend`), and is asked whether it is over, nothing else.
        """
        ...
