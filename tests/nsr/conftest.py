import time
from collections.abc import Callable

import pytest


@pytest.fixture(autouse=True)
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits count this process's seconds on the processor, which nobody else on the machine takes."""
    monkeypatch.setattr(time, "monotonic", time.process_time)


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
