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
        share: Of the time that is left, for a stage that comes before others; its weight among those that
            take turns.
        takes_turns: Whether it goes on side by side with others until the time is up, rather than before
            them.
    """

    components: frozenset[str]
    share: float
    takes_turns: bool

    def batches(self, context: Context, clock: Clock) -> Iterator[list[Candidate]]:
        """Yields candidates for the context's task, batch after batch, each soon after the other."""
        ...
