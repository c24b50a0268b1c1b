import math
import time

import pytest

from nsr.clock import Clock, Pauses


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


def test_a_share_is_of_the_work_that_is_left_and_not_of_the_time(at):
    clock = Clock.of(10.0).within(8.0)
    clock.spend(3.0)
    at(109.0)
    part = clock.share(0.4)
    assert part.work_left == pytest.approx(2.0)
    assert part.share(0.5).work_left == pytest.approx(1.0)
    part.spend(2.0)
    assert (part.is_over, clock.is_over, clock.work_left) == (True, False, 3.0)
    at(111.0)
    assert (clock.is_over, clock.work_left) == (True, 3.0)


def test_a_part_of_the_time_can_be_kept_for_what_comes_last(at):
    clock = Clock.of(10.0)
    at(105.0)
    most = clock.reserving(0.2)
    assert (most.left, clock.left) == (pytest.approx(4.0), 5.0)
    at(109.5)
    assert (most.is_over, clock.is_over) == (True, False)


def test_a_narrower_clock_does_not_widen_the_one_it_comes_from(at):
    assert Clock.of(10.0).within(1.0).within(5.0).work_left == 1.0


def test_a_search_ends_by_work_before_its_time_is_up(at):
    whole = Clock.of(10.0)
    search = whole.of_search()
    assert search.share(0.5) == search  # all of it is allowed until it ends
    search.spend(8.4)
    assert not search.is_over
    search.spend(0.2)
    assert search.is_over
    assert search.within(100.0).is_out_of_time
    assert not whole.is_over
    at(111.0)
    assert whole.is_over
    assert Clock.of(0.1).of_search().last == 1.0


def test_without_a_deadline_nothing_presses(at):
    clock = Clock()
    at(1e12)
    assert not clock.is_over
    assert clock.left == math.inf
    assert clock.share(0.1) == clock
    assert clock.reserving(0.1) == clock
    assert clock.work_left == math.inf
    clock.spend(1e9)
    assert not clock.of_search().is_over


def test_no_time_is_over_at_once(at):
    assert Clock.of(0.0).is_over


def test_who_takes_turns_has_budgets_of_own_work_that_end_with_all(at):
    whole = Clock.of(10.0).within(5.0)
    own, other = whole.apart(), whole.apart()
    part = own.within(1.0)
    other.spend(2.0)
    assert (part.work_left, own.work_left, other.work_left) == (1.0, 3.0, 3.0)
    part.spend(1.5)
    assert (part.is_over, own.is_over) == (True, False)
    assert part.meter.done_by_all == other.meter.done_by_all == 3.5
    assert whole.work_left == own.share(1.0).work_left == 1.5
    other.spend(1.5)
    assert (own.is_over, own.is_out_of_time) == (True, False)
    at(111.0)
    assert own.is_out_of_time


def test_the_end_of_a_search_is_that_of_who_takes_turns_in_it(at):
    search = Clock.of(10.0).of_search()
    own = search.apart()
    assert own.share(0.5) == own
    search.apart().spend(search.last)
    assert own.within(5.0).is_out_of_time


def test_a_search_that_needs_the_network_ends_earlier(at):
    search = Clock.of(10.0).of_search()
    own, other = search.apart(), search.apart()
    other.spend(6.9)
    assert own.is_worth_loading
    own.note_loading()
    assert not other.is_out_of_time
    other.spend(0.2)
    assert other.is_out_of_time
    assert other.is_worth_loading  # it is loaded


def test_what_loading_takes_is_not_worth_it_in_the_end(at):
    search = Clock.of(10.0).of_search()
    own = search.apart()
    own.spend(7.1)
    assert not own.is_over
    assert not own.within(1.0).is_worth_loading
    assert Clock.of(0.1).of_search().is_worth_loading
    assert Clock().of_search().is_worth_loading


def test_pauses_come_after_some_work(at):
    clock = Clock()
    pauses = Pauses(clock)
    due = []
    for _ in range(30):
        clock.spend(0.01)
        due.append(pauses.is_due)
    assert 2 <= sum(due) <= 3
    assert not any(due[:9])
