import time
from collections.abc import Callable

import pytest
from processor_time import own_time

__all__ = ["TickingClock", "own_time", "ticking"]


class TickingClock:
    """Goes on by one step at each look at it, so that a test counts looks and no machine is too slow."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], TickingClock]:
    """Replaces `time.monotonic` by a clock that goes on by a step, in seconds, at each look."""

    def replace(step: float) -> TickingClock:
        clock = TickingClock(step)
        monkeypatch.setattr(time, "monotonic", clock)
        return clock

    return replace
