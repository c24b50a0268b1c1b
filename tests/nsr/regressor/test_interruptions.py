import pytest
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.search import solve


def test_ctrl_c_returns_the_best_so_far(regressor, guesses, monkeypatch, rng):
    guesses("1*x_0", "1*(x_0*x_1)")
    monkeypatch.setattr("nsr.search.finishing._rounded", interrupt)
    X = rng.uniform(1, 2, (40, 2))
    assert regressor.fit(X, 2 * X[:, 0] * X[:, 1]).best_["r2"] > 0.999


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_limit_too_short_to_search_says_so(rng):
    X = rng.uniform(1, 2, (200, 2))
    with pytest.warns(DataWarning, match="more time with time_limit"):
        SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, time_limit=1e-9, stages=("evolution",)).fit(
            X, X[:, 0]
        )


def test_ctrl_c_before_anything_was_found_gives_the_mean(regressor, monkeypatch, rng):
    monkeypatch.setattr("nsr.search.structure.stage.relations", interrupt)
    X = rng.uniform(1, 2, (40, 2))
    with pytest.warns(DataWarning, match="before it had tried"):
        regressor.set_params(stages=("families",)).fit(X, X[:, 0])
    assert regressor.best_["complexity"] == 1


@pytest.mark.parametrize("place", ["unscaled", "finished"])
def test_ctrl_c_while_finishing_keeps_what_was_found(place, monkeypatch, rng):
    interrupts = iter([True])
    real = getattr(solve, place)

    def interrupted_once(*arguments):
        if next(interrupts, False):
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(solve, place, interrupted_once)
    X = rng.uniform(1, 2, (60, 2))
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families",))
    assert model.fit(X, 2 * X[:, 0] * X[:, 1]).best_["r2"] > 0.999
