"""When work has to end, and how what may be done until then is shared.

What is done must depend on the data and the seed alone, not on how fast or busy a machine is. So the time
decides when everything ends, and nothing else. Whatever is shared is work, which whoever does it reports to a
meter: in seconds that it takes on a usual core, estimated from numbers of rows, nodes and iterations. The
estimates need not be good; they must be the same every time. A search also ends by work, which leaves a core
as fast as the usual one some time, so that there the same search ends at the same place whenever it is run.
"""

from __future__ import annotations

import math
import numbers
import time
from dataclasses import dataclass, field, replace

# Work of a search that a second is taken to be enough for: a usual core does 0.9 to 1.1 seconds of it.
_WORK_A_SECOND = 0.85
# Seconds of work that the first search of a process could have done while it loads the network.
_LOADING = 1.5
# What a search may do at least, as estimates of its first steps are coarse.
_LEAST_WORK = 1.0
# Seconds of work after which who has nothing to hand on leaves others a turn.
_LONGEST_TURN = 0.1


@dataclass
class Meter:
    """Counts work.

    Attributes:
        done: Seconds that the work so far takes on a usual core.
        whole: Counts it, too, with that of others; None where there are no others.
        has_loaded: Whether the network was needed; the meter of all knows it.
    """

    done: float = 0.0
    whole: Meter | None = None
    has_loaded: bool = False

    @property
    def done_by_all(self) -> float:
        """Seconds of work that was done by whoever takes turns, in all."""
        return self.done if self.whole is None else self.whole.done_by_all

    def add(self, work: float) -> None:
        """Counts seconds of work."""
        self.done += work
        if self.whole is not None:
            self.whole.add(work)

    def note_loading(self) -> None:
        """Notes that the network was needed."""
        self.has_loaded = True
        if self.whole is not None:
            self.whole.note_loading()


@dataclass(frozen=True)
class Clock:
    """A deadline, and a budget of work, that are handed down; whoever hands on a part makes a clock of it.

    Attributes:
        deadline: Of `time.monotonic`; infinity where nothing presses.
        budget: What the meter shows when the work that is allowed is done; infinity where all is.
        meter: Shared by all clocks that were made of one.
        seconds: Until the deadline, when the first of them was made.
        last: What the meter shows when everything ends, whatever the time; shares are not of it.
        last_loaded: The same where the network was needed.
        outer: That of all who take turns with whoever has this one, which ends with it; None for all else.
    """

    deadline: float = math.inf
    budget: float = math.inf
    meter: Meter = field(default_factory=Meter, compare=False)
    seconds: float = math.inf
    last: float = math.inf
    last_loaded: float = math.inf
    outer: Clock | None = None

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that is over after this many seconds from now, whatever was done."""
        return cls(time.monotonic() + seconds, seconds=seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 once it has passed."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def work_left(self) -> float:
        """How much work is still allowed."""
        own = max(0.0, self.budget - self.meter.done)
        return own if self.outer is None else min(own, self.outer.work_left)

    @property
    def is_out_of_time(self) -> bool:
        """Whether the deadline has passed, or the work of so much time is done, so that everything ends."""
        last = self.last_loaded if self.meter.has_loaded else self.last
        if self.meter.done >= last or time.monotonic() >= self.deadline:
            return True
        return self.outer is not None and self.outer.is_out_of_time

    @property
    def is_over(self) -> bool:
        """Whether no new work should begin."""
        if self.meter.done >= self.budget or self.is_out_of_time:
            return True
        return self.outer is not None and self.outer.is_over

    @property
    def is_worth_loading(self) -> bool:
        """Whether there is work left once the network is loaded, or it is already."""
        is_worth = self.meter.has_loaded or self.meter.done < self.last_loaded
        return is_worth and (self.outer is None or self.outer.is_worth_loading)

    def spend(self, work: float) -> None:
        """Reports work that was done, or is about to be; never from several threads."""
        self.meter.add(work)

    def note_loading(self) -> None:
        """Reports that the network is needed, which the first search of a process waits for.

        Every search that needs it ends so much earlier: what a search does is the same in any process.
        """
        self.meter.note_loading()

    def apart(self) -> Clock:
        """A clock for one of several that take turns: its budgets are of its own work, not of the others'."""
        return replace(self.by_time_alone(), meter=Meter(whole=self.meter), outer=self)

    def by_time_alone(self) -> Clock:
        """A clock that no work of its own ends: its deadline does, or the clock of all who take turns."""
        return replace(self, budget=math.inf, last=math.inf, last_loaded=math.inf)

    def within(self, work: float) -> Clock:
        """A clock that is over after this much more work, if not before."""
        return replace(self, budget=min(self.budget, self.meter.done + work))

    def of_search(self) -> Clock:
        """A clock that also ends everything once as much work is done as there is surely time for."""
        work = max(_WORK_A_SECOND * self.seconds, _LEAST_WORK)
        last = min(self.last, self.meter.done + work)
        last_loaded = min(self.last_loaded, self.meter.done + max(work - _LOADING, _LEAST_WORK))
        return replace(self, last=last, last_loaded=last_loaded)

    def share(self, part: float) -> Clock:
        """A clock for a part, 0 to 1, of the work that is left; where all is allowed, all of it."""
        return self if self.work_left == math.inf else self.within(part * self.work_left)

    def reserving(self, part: float) -> Clock:
        """A clock that ends earlier, so that a part, 0 to 1, of the time that is left remains.

        Only for what comes when a search is over: what is done before must not depend on the time.
        """
        return self if self.deadline == math.inf else replace(self, deadline=self.deadline - part * self.left)


class Pauses:
    """Tells who works on something for long when others are to have a turn.

    Args:
        clock: Of whoever works.
    """

    def __init__(self, clock: Clock) -> None:
        self._meter = clock.meter
        self._last = self._meter.done

    @property
    def is_due(self) -> bool:
        """Whether the last pause was some work ago; if it was, the next one counts from here."""
        if self._meter.done - self._last < _LONGEST_TURN:
            return False
        self._last = self._meter.done
        return True


def check_time_limit(seconds: object) -> None:
    """Raises where a limit is not a time in which anything can be done.

    Raises:
        ValueError: If it is not a number, infinite, or not positive.
    """
    if not isinstance(seconds, numbers.Real) or not 0 < float(seconds) < math.inf:
        raise ValueError(f"time_limit must be a finite number of seconds above 0, not {seconds!r}")
