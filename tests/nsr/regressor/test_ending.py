"""Why a search has ended, and the front that it leaves."""

import numpy as np
import pytest
from effort import IDLE
from untrained import UNTRAINED

from nsr import ODERegressor, SymbolicRegressor
from nsr.data.notes import DataWarning

FAST = {"checkpoint": UNTRAINED, "n_candidates": 16, "settings": IDLE}


@pytest.fixture
def X(rng):
    return rng.uniform(1, 3, (60, 2))


def test_an_exact_answer(X):
    model = SymbolicRegressor(**FAST, stages=("families",)).fit(X, 2 * X[:, 0])
    assert model.ended_ == "answered"
    assert model.n_tried_ > 0
    assert model.seconds_ > 0


def test_noise_that_is_left(rng):
    X = rng.uniform(1, 3, (3_000, 1))
    y = 2 * X[:, 0] + 0.1 * rng.standard_normal(3_000)
    assert SymbolicRegressor(**FAST, stages=("families",), time_limit=600).fit(X, y).ended_ == "answered"


def test_nothing_left_to_try(X, rng):
    y = 2 * X[:, 0] + 0.1 * rng.standard_normal(60)
    assert SymbolicRegressor(**FAST, stages=("families",), time_limit=600).fit(X, y).ended_ == "exhausted"


def test_no_time_left(X, rng, ticking):
    ticking(0.05)
    model = SymbolicRegressor(**FAST, time_limit=2).fit(X, X[:, 0] + 0.1 * rng.standard_normal(60))
    assert model.ended_ == "time"
    assert model.report()["search"].text.startswith("went on until it was ended")


def test_ctrl_c(X, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nsr.search.engine.in_turns", interrupt)
    model = SymbolicRegressor(**FAST, stages=("families", "evolution"))
    assert model.fit(X, np.sin(X[:, 0] ** 2) / X[:, 1] ** 0.37).ended_ == "interrupted"


def test_nothing_to_explain(X):
    model = SymbolicRegressor(**FAST).fit(X, np.full(60, 3.0))
    assert (model.ended_, model.n_tried_) == ("answered", 0)
    assert model.report().warnings == ()


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_the_front_has_at_most_as_many_rows_as_asked_for_and_the_chosen_one(X, rng):
    y = np.sin(X[:, 0]) * X[:, 1] + 0.3 * rng.standard_normal(60)
    entire = SymbolicRegressor(**FAST, stages=("families", "reduction"), n_equations=100).fit(X, y)
    assert len(entire.equations_) >= 3
    for n in (1, 2):
        model = SymbolicRegressor(**FAST, stages=("families", "reduction"), n_equations=n).fit(X, y)
        assert len(model.equations_) == n
        assert model.best_["equation"] == entire.best_["equation"]
    with pytest.raises(ValueError, match="n_equations must be at least 1"):
        SymbolicRegressor(**FAST, n_equations=0).fit(X, y)


def test_fronts_of_systems_have_at_most_as_many_rows_as_asked_for(rng):
    times = np.linspace(0, 4, 60)
    states = (0.3 + np.exp(-times) * (1 + 0.05 * rng.standard_normal(60)))[:, None]
    model = ODERegressor(stages="library", n_equations=1).fit(times, states)
    assert len(model.equations_) == 1
    assert model.best_index_ == 0
    with pytest.raises(ValueError, match="n_equations must be at least 1"):
        ODERegressor(n_equations=0).fit(times, states)


def test_a_choice_that_explains_little_is_told(X, rng):
    with pytest.warns(DataWarning, match="explains"):
        model = SymbolicRegressor(**FAST, stages=("families",)).fit(X, rng.standard_normal(60))
    assert model.report()["explained"].is_warning


def test_the_report_keeps_the_user_s_order_of_rows(rng):
    """A drift along the rows, which the search has shuffled."""
    X = rng.uniform(1, 3, (200, 2))
    y = 2 * X[:, 0] * X[:, 1] + np.linspace(-0.3, 0.3, 200) + 0.1 * rng.standard_normal(200)
    report = SymbolicRegressor(**FAST, stages=("families", "reduction")).fit(X, y).report()
    assert report["order"].is_warning
    assert not report["structure"].is_warning
