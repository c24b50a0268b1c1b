"""How far a fit is, for whoever watches it: nothing is prepared, or costs anything, where nobody does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class FrontRow:
    """An equation of the front so far.

    Attributes:
        complexity: Of it, or of all components of a system.
        unexplained: Share of the null loss that it leaves.
        equation: As text.
    """

    complexity: int
    unexplained: float
    equation: str


@dataclass(frozen=True)
class Progress:
    """How far a fit is.

    Attributes:
        at_work: What is at work, in the terms of the estimator's `stages`.
        equation: The best one so far, or the best system; empty before there is one.
        unexplained: Share of the null loss that it leaves: 1 - R2 for squared errors.
        complexity: Of it.
        n_tried: Equations, or systems, that were tried.
        seconds: Since the search has begun.
        time_limit: Seconds that it may take.
        front: The Pareto front so far, from simple to accurate; renewed a few times a second.
    """

    at_work: str
    equation: str = ""
    unexplained: float = 1.0
    complexity: int = 0
    n_tried: int = 0
    seconds: float = 0.0
    time_limit: float = math.inf
    front: tuple[FrontRow, ...] = ()

    @property
    def r2(self) -> float:
        """R2 of the best equation for squared errors, D2 for other losses."""
        return 1 - self.unexplained

    @property
    def seconds_left(self) -> float:
        """Until the time limit."""
        return max(0.0, self.time_limit - self.seconds)


# Is told of each step; what it returns says whether the fit is to stop, where it is true.
Watcher = Callable[[Progress], object]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Stopped(Exception):  # noqa: N818 (as StopIteration is called)
    """A watcher has enough; the fit ends with the best so far."""


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


def watchers(*own: Watcher | None) -> Watcher | None:
    """Everybody who watches a fit, as one: those of an estimator, and whoever watches this thread.

    Args:
        own: The estimator's; None for nobody.

    Returns:
        A function that tells all, and raises `Stopped` where one has enough; None where nobody watches.
    """
    everybody = [one for one in (current_watcher(), *own) if one is not None]
    if not everybody:
        return None

    def tell(progress: Progress) -> None:
        enough = [bool(one(progress)) for one in everybody]
        if any(enough):
            raise Stopped

    return tell


def check_callback(callback: object) -> None:
    """Raises where a callback cannot be called.

    Raises:
        ValueError: If so.
    """
    if callback is not None and not callable(callback):
        raise ValueError(f"callback must be a function of an nsr.progress.Progress, not {callback!r}")
