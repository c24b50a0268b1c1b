"""How far a fit is, for whoever watches it: nothing is prepared, or costs anything, where nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a fit is.

    Attributes:
        at_work: What is at work, in the terms of the estimator's `stages`.
        equation: The best one so far, or the best system; empty before there is one.
        unexplained: Share of the null loss that it leaves: 1 - R2 for squared errors.
    """

    at_work: str
    equation: str = ""
    unexplained: float = 1.0


Watcher = Callable[[Progress], None]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Lets a function watch all fits of this thread.

    Args:
        watcher: Called between two steps of the work, in the thread that does it.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def current_watcher() -> Watcher | None:
    """Who watches fits of this thread; None where nobody does."""
    return _watcher.get()
