"""What a fit of systems tells whoever watches it, in the user's words, and whether it has found enough."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsr.data.names import Names
from nsr.ode.motion import Motion, System
from nsr.ode.printing import to_equations
from nsr.ode.shooting import FittedSystem
from nsr.progress import FrontRow, Progress, Stopped, Watcher
from nsr.stopping import StopWhen

# Digits of constants in what is shown while a fit goes on.
_DIGITS = 4


@dataclass(frozen=True)
class Telling:
    """Watches one search.

    Attributes:
        watcher: Who is told; None where nobody is.
        stop_when: When a system is good enough; None for never.
        names: Of the variables.
        motion: What the equations say.
        time_limit: Of the fit, in seconds.
        begun: When it has begun, on `time.monotonic`.
    """

    watcher: Watcher | None
    stop_when: StopWhen | None
    names: Names
    motion: Motion
    time_limit: float
    begun: float

    def __call__(self, at_work: str, front: Sequence[FittedSystem], best: int, n: int) -> None:
        """Tells how far the search is.

        Args:
            at_work: What is at work.
            front: The Pareto front so far, simplified; empty before there is one.
            best: The place of the best system in it.
            n: How many were fitted.

        Raises:
            Stopped: If it has gone far enough.
        """
        rows = tuple(map(self._row, front))
        own = rows[best] if rows else FrontRow(0, 1.0, "")
        if self.watcher is not None:
            passed = time.monotonic() - self.begun
            self.watcher(
                Progress(
                    at_work, own.equation, own.unexplained, own.complexity, n, passed, self.time_limit, rows
                )
            )
        if self.stop_when is not None and front:
            wanted = self.stop_when
            is_enough = 1 - own.unexplained >= wanted.r2 and own.complexity <= wanted.complexity
            if front[best].is_exact if wanted.is_exact else is_enough:
                raise Stopped

    def _row(self, fitted: FittedSystem) -> FrontRow:
        """With the worst state's unexplained share of the variance."""
        text = "; ".join(to_equations(fitted.system, self.names.identifiers, _DIGITS, self.motion))
        return FrontRow(complexity_of(fitted.system), float(np.max(fitted.unexplained)), text)


def complexity_of(system: System) -> int:
    """That of all components."""
    return sum(component.complexity for component in system)
