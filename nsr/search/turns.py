"""Stages that take turns, so that none of them can burn the time of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from nsr.clock import Meter

Batch = TypeVar("Batch")

# Work that a batch counts as at least, so that a stage which reports none leaves turns to the others.
_LEAST_WORK = 0.01


def in_turns(
    iterators: list[tuple[float, Iterator[Batch]]], meter: Meter, already: Sequence[float] = ()
) -> Iterator[Batch]:
    """Batches of all until all have ended; the work that each does is in proportion to its share.

    Args:
        iterators: Each with its share.
        meter: Where they report their work.
        already: Seconds of work that each is taken to have done already; none by default.
    """
    spent = list(already) or [0.0] * len(iterators)
    left = set(range(len(iterators)))
    while left:
        place = min(left, key=lambda i: spent[i] / iterators[i][0])
        before = meter.done
        batch = next(iterators[place][1], None)
        spent[place] += max(meter.done - before, _LEAST_WORK)
        if batch is None:
            left.remove(place)
        else:
            yield batch
