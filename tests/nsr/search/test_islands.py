"""Evolution on several processes: what is found there is taken in here."""

from dataclasses import replace

import joblib
import numpy as np
import pytest
from effort import IDLE
from tasks import task
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor
from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import scored
from nsr.search.engine import Search, search_apart
from nsr.search.evolution_settings import IslandSettings
from nsr.search.islands import Order, own_operators
from nsr.search.team import Team

SETTINGS = replace(
    IDLE,
    evolution=replace(IDLE.evolution, head_start=0.02, n_children=200, patience=3),
    islands=IslandSettings(head_start=-0.01, work=0.05, patience=2, n_members=20, n_migrants=3),
)


def hard(n=60):
    rng = np.random.default_rng(7)
    X = rng.uniform(0.5, 3, (n, 3))
    return X, np.sin(X[:, 0] ** 2 + X[:, 1]) / (1.3 + X[:, 2]) + 0.4 * np.sqrt(X[:, 0] + X[:, 1])


def found(n_jobs):
    """What a search with threads for processes finds, batch after batch."""
    with joblib.parallel_config(backend="threading"):
        network = from_pretrained(UNTRAINED)
        search = Search(task(*hard()), network, 8, ("evolution",), (), SETTINGS, None, n_jobs)
        return [candidate for batch in search.run(Clock()) for candidate in batch]


def test_what_islands_find_is_taken_in_and_repeats():
    one, three = found(1), found(3)
    assert not any("islands" in candidate.stage for candidate in one)
    assert any("islands" in candidate.stage for candidate in three)
    assert three == found(3)
    assert min(c.loss for c in three) <= min(c.loss for c in one)


@pytest.mark.usefixtures("registered")
def test_two_processes_go_on_from_what_they_are_given_with_operators_of_the_users_own():
    nsr.operator("bump_of_islands", lambda v: 1 / (1 + v**2))
    own = task(*hard())
    begun = (parse("0.4*sqrt(x_0 + x_1)"), parse("0.3*bump_of_islands(x_0)"))
    order = Order(own, replace(from_pretrained(UNTRAINED)), SETTINGS, begun, 300.0, own_operators())
    with joblib.parallel_config(backend="loky"):
        team = Team(2, search_apart)
    team.send([order, replace(order, task=replace(own, seed=1))])
    received = team.received(300)
    assert received is not None, team.why_failed
    first, second = received
    assert first.n_tried > 0 < second.n_tried
    assert first.members != second.members
    for members in (first.members, second.members):
        assert len(members) <= 20
        best = min(one.loss for one in scored(list(members), own))
        assert best <= min(one.loss for one in scored(list(begun), own))


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_a_fit_has_as_many_processes_as_joblib_is_told():
    X, y = hard()
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=8, time_limit=30, stages=("evolution",), settings=SETTINGS
    )
    with joblib.parallel_config(backend="threading", n_jobs=3):
        model.fit(X, y)
    assert any("islands" in stage for stage in model.candidates_["stage"])
    assert not any("islands" in stage for stage in model.fit(X, y).candidates_["stage"])


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all"])
def test_numbers_of_processes_that_are_none_are_refused(n_jobs):
    X, y = hard(20)
    with pytest.raises(ValueError, match=r"n_jobs must be a (number of processes|whole number)"):
        SymbolicRegressor(n_jobs=n_jobs).fit(X, y)
