"""When work has to end, and how the time until then is shared."""

from __future__ import annotations

import math
import numbers
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """A deadline that is handed down; whoever hands on a part of the time makes a clock of it.

    Attributes:
        deadline: Of `time.monotonic`; infinity where nothing presses.
    """

    deadline: float = math.inf

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that is over after this many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 once it is over."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether no new work should begin."""
        return time.monotonic() >= self.deadline

    def share(self, part: float) -> Clock:
        """A clock that is over after a part, 0 to 1, of the time that is left."""
        return self if self.deadline == math.inf else Clock.of(part * self.left)


def check_time_limit(seconds: object) -> None:
    """Raises where a limit is not a time in which anything can be done.

    Raises:
        ValueError: If it is not a number, infinite, or not positive.
    """
    if not isinstance(seconds, numbers.Real) or not 0 < float(seconds) < math.inf:
        raise ValueError(f"time_limit must be a finite number of seconds above 0, not {seconds!r}")
