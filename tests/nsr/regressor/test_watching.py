"""Callbacks, when to stop, and fits that begin with another."""

import pickle

import numpy as np
import pandas as pd
import pytest
from guessing import guess_instead
from sklearn.base import clone
from untrained import UNTRAINED

import nsr
from nsr import ODERegressor, SymbolicRegressor
from nsr.callbacks import TensorBoardLogger, WandbLogger
from nsr.search.solve import Solver

TIMES = np.linspace(0, 5, 60)


def table(rng, noise=0.05):
    X = pd.DataFrame({"mass": rng.uniform(1, 3, 80), "height": rng.uniform(1, 5, 80)})
    return X, 2.345 * X["mass"] ** 1.7 * np.sin(X["height"]) + noise * rng.standard_normal(80)


def model(**parameters):
    given = {
        "checkpoint": UNTRAINED,
        "n_candidates": 16,
        "stages": ("families", "evolution"),
        "time_limit": 900,
    }
    return SymbolicRegressor(**given | parameters)


def test_a_callback_sees_how_far_the_search_is_and_ends_it(rng):
    told = []

    def callback(progress):
        told.append(progress)
        return progress.r2 > 0.5

    fitted = model(callback=callback).fit(*table(rng))
    assert fitted.ended_ == "stopped"
    assert "was stopped" in fitted.report()["search"].text
    assert [one.r2 > 0.5 for one in told] == [False] * (len(told) - 1) + [True]
    last = told[-1]
    assert "mass" in last.equation
    assert last.n_tried > 0
    assert last.complexity > 1
    assert last.time_limit == 900
    assert 0 < last.seconds_left < 900
    assert fitted.best_["r2"] > 0.5


def test_the_front_so_far_is_told(rng):
    told = []
    model(callback=told.append, stop_when={"r2": 0.9}).fit(*table(rng))
    front = next(one.front for one in reversed(told) if one.front)
    assert [row.complexity for row in front] == sorted(row.complexity for row in front)
    assert [row.unexplained for row in front] == sorted((row.unexplained for row in front), reverse=True)


def test_a_search_ends_when_an_equation_is_good_enough(rng):
    X, y = table(rng)
    fitted = model(stop_when={"r2": 0.9, "complexity": 30}).fit(X, y)
    assert fitted.ended_ == "stopped"
    front = fitted.equations_
    assert ((front["r2"] >= 0.9) & (front["complexity"] <= 30)).any()


def test_exact_is_enough_where_a_long_answer_would_be_doubted(rng):
    X = pd.DataFrame({"a": rng.uniform(1, 3, 60)})
    fitted = model(stop_when="exact", guesses="p*a**4 + q*a**3 + r*a**2 + s*a + sin(a)").fit(
        X, 1.1 * X["a"] ** 4 - 2.3 * X["a"] ** 3 + 0.7 * X["a"] ** 2 - 5.2 * X["a"] + np.sin(X["a"])
    )
    assert fitted.ended_ == "stopped"
    assert fitted.best_["r2"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"stop_when": "good"}, "must be 'exact', or say r2"),
        ({"stop_when": {"R2": 0.9}}, "must be 'exact', or say r2"),
        ({"stop_when": {}}, "must be 'exact', or say r2"),
        ({"stop_when": {"r2": "much"}}, "r2 must be a number"),
        ({"stop_when": {"r2": 1.5}}, "r2 is at most 1"),
        ({"callback": "print"}, "callback must be a function"),
    ],
)
def test_what_cannot_be_meant_is_refused(rng, parameters, message):
    with pytest.raises(ValueError, match=message):
        model(**parameters).fit(*table(rng))
    with pytest.raises(ValueError, match=message):
        ODERegressor(**parameters).fit(TIMES, np.exp(-TIMES)[:, None])


def test_a_failing_callback_fails_the_fit_and_changes_nothing(rng):
    def failing(progress):
        raise ZeroDivisionError

    fitted = model(callback=failing)
    with pytest.raises(ZeroDivisionError):
        fitted.fit(*table(rng))
    assert not hasattr(fitted, "equations_")


def test_a_second_fit_begins_with_what_the_first_has_found(rng, monkeypatch, tmp_path):
    X, y = table(rng, noise=0.0)
    first = model(guesses="p*mass**q*sin(height)", stages=("families",)).fit(X, y)
    assert first.best_["r2"] == pytest.approx(1)
    path = tmp_path / "result.json"
    first.save(path)
    guess_instead(monkeypatch)()
    fresh = {"guesses": (), "stages": ("evolution",), "warm_start": True, "stop_when": {"r2": 0.999}}
    for again in (first, nsr.load(path)):
        again.set_params(**fresh).fit(X[["height", "mass"]], 3 * y)  # in another order
        assert again.n_tried_ < 2000
        assert again.ended_ == "stopped"
        assert again.best_["r2"] == pytest.approx(1)
        assert "sin(height)" in again.best_["equation"]
    with pytest.raises(ValueError, match="needs its columns"):
        again.fit(X.rename(columns={"mass": "weight"}), y)
    assert again.set_params(warm_start=False).fit(X[["mass"]], X["mass"]).n_features_in_ == 1


def test_all_candidates_can_be_looked_at(rng, tmp_path):
    X, y = table(rng)
    fitted = model(stop_when={"r2": 0.9}).fit(X, y)
    found = fitted.candidates_
    assert list(found.columns) == ["equation", "complexity", "loss", "bits", "stage", "name"]
    assert len(fitted.equations_) < len(found) <= 1200
    assert found["bits"].is_monotonic_increasing
    assert found["equation"].str.contains("mass").any()
    assert {"families"} <= set(found["stage"])
    fitted.save(tmp_path / "result.json")
    assert not hasattr(nsr.load(tmp_path / "result.json"), "candidates_")


def test_nothing_is_prepared_where_nobody_watches(rng, monkeypatch):
    def watching(*_):
        raise AssertionError("somebody watches")

    monkeypatch.setattr("nsr.search.scaled.Watching", watching)
    monkeypatch.setattr(Solver, "_note_ending", lambda self, search: None)
    X = pd.DataFrame({"a": rng.uniform(1, 3, 60)})
    assert model(stages=("families",)).fit(X, 2 * X["a"]).best_["r2"] == 1


@pytest.mark.filterwarnings("ignore:the best system leaves")  # of those that are stopped at once
def test_systems_are_watched_stopped_and_begun_with_others(tmp_path):
    states = pd.DataFrame({"fox": 3 * np.exp(-0.5 * TIMES), "hen": 1 + np.exp(-0.2 * TIMES)})
    told = []
    first = ODERegressor(stages=("library", "variation"), callback=told.append, stop_when="exact")
    first.fit(TIMES, states)
    assert "dfox/dt" in told[-1].equation
    assert told[-1].front
    assert told[-1].n_tried > 0
    first.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json").set_params(warm_start=True, callback=told.append)
    told.clear()
    again.fit(TIMES, states[["hen", "fox"]])
    assert [one.at_work for one in told][:2] == ["warm_start", "warm_start"]
    assert "dhen/dt = " in told[1].equation
    assert told[1].unexplained < 1e-6
    found = first.candidates_
    assert list(found.columns) == ["equation", "complexity", "loss", "bits", "stage"]
    assert found["bits"].is_monotonic_increasing
    assert "dfox/dt = " in found["equation"][0]
    stopped = ODERegressor(stages=("library",), callback=lambda _: True).fit(TIMES, states)
    assert len(stopped.equations_) >= 1


def test_loggers_are_copied_with_the_estimators_that_have_them(rng, tmp_path):
    fitted = model(callback=TensorBoardLogger(tmp_path), stop_when={"r2": 0.5}).fit(*table(rng))
    for other in (clone(fitted), pickle.loads(pickle.dumps(fitted))):
        assert other.callback.folder == tmp_path
    fitted.save(tmp_path / "result.json")
    assert nsr.load(tmp_path / "result.json").callback is None


def test_searches_are_logged_to_tensorboard(rng, tmp_path):
    event = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    logger = TensorBoardLogger(tmp_path)
    model(callback=logger, stop_when={"r2": 0.5}).fit(*table(rng))
    log = event.EventAccumulator(str(tmp_path)).Reload()
    unexplained = [one.value for one in log.Scalars("search/unexplained")]
    assert unexplained[0] == 1
    assert unexplained[-1] < 1
    assert "mass" in log.Tensors("search/equation/text_summary")[-1].tensor_proto.string_val[0].decode()


def test_searches_are_logged_to_wandb(rng, monkeypatch):
    class Run:
        def __init__(self):
            self.summary, self.logged = {}, []

        def log(self, numbers, step):
            self.logged.append((step, numbers))

    run, given = Run(), {}
    wandb = pytest.importorskip("wandb")
    monkeypatch.setattr(wandb, "init", lambda **options: given.update(options) or run)
    model(callback=WandbLogger(project="laws"), stop_when={"r2": 0.5}).fit(*table(rng))
    assert given == {"project": "laws"}
    assert [step for step, _ in run.logged] == list(range(len(run.logged)))
    assert run.logged[-1][1]["unexplained"] < 1
    assert "mass" in run.summary["equation"]
