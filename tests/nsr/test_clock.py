import math
import time

import pytest

from nsr.clock import Clock


@pytest.fixture
def at(monkeypatch):
    """Sets what `time.monotonic` says."""

    def set_time(now):
        monkeypatch.setattr(time, "monotonic", lambda: now)

    set_time(100.0)
    return set_time


def test_a_clock_counts_down(at):
    clock = Clock.of(10.0)
    assert (clock.left, clock.is_over) == (10.0, False)
    at(107.0)
    assert (clock.left, clock.is_over) == (3.0, False)
    at(111.0)
    assert (clock.left, clock.is_over) == (0.0, True)


def test_a_share_is_of_what_is_left(at):
    clock = Clock.of(10.0)
    at(105.0)
    part = clock.share(0.4)
    assert part.left == pytest.approx(2.0)
    assert part.share(0.5).left == pytest.approx(1.0)
    at(111.0)
    assert clock.share(0.5).is_over


def test_without_a_deadline_nothing_presses(at):
    clock = Clock()
    at(1e12)
    assert not clock.is_over
    assert clock.left == math.inf
    assert clock.share(0.1) == clock


def test_no_time_is_over_at_once(at):
    assert Clock.of(0.0).is_over
