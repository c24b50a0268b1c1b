import numpy as np
import pandas as pd
import pytest
from untrained import save_untrained

from nsr import ODERegressor, SymbolicRegressor
from nsr.progress import watched_by


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    return str(save_untrained(tmp_path_factory.mktemp("progress") / "untrained"))


@pytest.fixture
def table(rng):
    X = pd.DataFrame({"mass": rng.uniform(1, 2, 40), "idle": np.ones(40), "height": rng.uniform(1, 5, 40)})
    return X, 9.81e3 * X["mass"] * X["height"]


def test_a_fit_tells_its_stages_and_the_best_equation_in_the_users_words(table, untrained):
    told = []
    with watched_by(told.append):
        model = SymbolicRegressor(
            untrained, guesses="a*mass + b*height", stages=("families", "curves"), time_limit=600
        )
        model.fit(*table)
    at_work = list(dict.fromkeys(one.at_work for one in told))
    assert at_work[:2] == ["guesses", "families, reduction, separation"]
    assert all(one.equation == "" and one.unexplained == 1 for one in told[:1])
    shares = [one.unexplained for one in told if one.equation]
    assert 1e-3 < shares[0] < 1
    assert shares[-1] < 1e-12
    assert "mass" in told[-1].equation
    assert "9810" in told[-1].equation


def test_an_interrupt_while_it_tells_keeps_the_best_so_far(table, untrained):
    def interrupting(progress):
        if progress.equation:
            raise KeyboardInterrupt

    with watched_by(interrupting):
        model = SymbolicRegressor(untrained, guesses="a*mass*height", time_limit=600).fit(*table)
    assert model.ended_ == "interrupted"
    assert model.best_["r2"] == pytest.approx(1)


def test_a_fit_of_a_system_tells_its_stages_and_the_best_system():
    t = np.linspace(0, 5, 60)
    told = []
    with watched_by(told.append):
        ODERegressor(stages=("library", "variation")).fit(t, pd.DataFrame({"fox": 3 * np.exp(-0.5 * t)}))
    assert told[0].at_work == "library"
    assert told[0].equation == ""
    assert told[-1].equation == "dfox/dt = -0.5*fox"
    assert told[-1].unexplained < 1e-8
