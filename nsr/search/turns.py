"""Stages that take turns, so that none of them can burn the time of all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

Batch = TypeVar("Batch")


def in_turns(iterators: list[tuple[float, Iterator[Batch]]]) -> Iterator[Batch]:
    """Batches of all until all have ended; the time that each takes is in proportion to its share.

    Args:
        iterators: Each with its share.
    """
    spent = [0.0] * len(iterators)
    left = set(range(len(iterators)))
    while left:
        place = min(left, key=lambda i: spent[i] / iterators[i][0])
        started = time.monotonic()
        batch = next(iterators[place][1], None)
        spent[place] += time.monotonic() - started
        if batch is None:
            left.remove(place)
        else:
            yield batch
