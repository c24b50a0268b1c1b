"""Workers in other processes, and what is left when one is lost."""

import threading

import joblib
from orders import doubled

from nsr.search.team import Team


def test_a_lost_worker_costs_its_round_alone():
    with joblib.parallel_config(backend="loky"):
        team = Team(2, doubled)
    team.send([1, 2])
    assert team.received(300) == [2, 4]
    team.send([3, "die"])
    assert team.received(300) is None
    assert team.why_failed.startswith("TerminatedWorkerError")
    assert not team.is_lost
    team.send([5, 6])
    assert team.received(300) == [10, 12]


def test_a_team_that_fails_again_and_again_is_lost():
    with joblib.parallel_config(backend="threading"):
        team = Team(2, lambda order: 1 / order)
    for number in range(3):
        assert not team.is_lost, number
        team.send([1, 0])
        assert team.received(300) is None
    assert team.is_lost
    assert team.why_failed == "ZeroDivisionError: division by zero"


def test_nobody_waits_longer_than_there_is_time():
    with joblib.parallel_config(backend="threading"):
        team = Team(1, lambda event: event.wait(300))
    event = threading.Event()
    team.send([event])
    assert team.received(0.01) is None
    event.set()
