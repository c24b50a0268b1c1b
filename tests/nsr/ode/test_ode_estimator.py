"""ODERegressor as an estimator: parameters, copies, names, interruption, limits and failed fits."""

import dataclasses
import io
import itertools
import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import nsr
from nsr import cli
from nsr.clock import Clock
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.ode import ODERegressor, plots, search, stages
from nsr.ode.integrate import Systems
from nsr.ode.library import LibraryStage
from nsr.ode.settings import OdeSettings
from nsr.ode.stage import Stage
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import Fit

TIMES = np.linspace(0, 5, 60)
DECAY = 2 * np.exp(-0.7 * TIMES)[:, None]


# The checkpoint that knows something else than a stage needs.
_OTHER = {"systems": "nsr-small", "functions": "nsr-ode"}


def quick(**parameters) -> ODERegressor:
    return ODERegressor(**{"stages": ("library",)} | parameters)


def test_clones_pickles_and_parameters():
    settings = OdeSettings(n_combined=3)
    model = quick(settings=settings, time_limit=3.0, random_state=None)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.get_params()["settings"] == settings
    copy.set_params(n_candidates=7)
    assert (copy.n_candidates, model.n_candidates) == (7, 256)
    model.fit(TIMES, DECAY)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(TIMES, [1.0]), model.predict(TIMES, [1.0]))
    assert repr(again) == repr(model)
    assert not hasattr(clone(model), "equations_")


def test_what_is_saved_is_read_back(tmp_path):
    rng = np.random.default_rng(2)
    t = pd.Series(TIMES, name="time [s]")
    states = pd.DataFrame({"u": DECAY[:, 0], "v [m]": 1 - DECAY[:, 0] ** 2 + 0.01 * rng.standard_normal(60)})
    model = quick(settings=OdeSettings(n_combined=3), time_limit=3.0).fit(t, states)
    model.save(tmp_path / "result.json")
    other = nsr.load(tmp_path / "result.json")
    assert other.get_params() == model.get_params()
    assert other.expressions_ == model.expressions_
    pd.testing.assert_frame_equal(other.equations_, model.equations_)
    assert (repr(other), other.latex(), other.sympy(0)) == (repr(model), model.latex(), model.sympy(0))
    for row in range(len(model.equations_)):
        np.testing.assert_array_equal(other.predict(TIMES, [1, 2], row), model.predict(TIMES, [1, 2], row))
    np.testing.assert_array_equal(other.initial_values_, model.initial_values_)
    assert (other.names_, other.time_name_) == (model.names_, "time [s]")
    content = json.loads((tmp_path / "result.json").read_text())
    content["systems"][0]["tokens"] = [["x_0"]]
    (tmp_path / "result.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="2 right-hand sides make a system, not 1"):
        nsr.load(tmp_path / "result.json")


def test_the_leaderboard_is_a_front_with_the_chosen_one_marked():
    rng = np.random.default_rng(0)
    model = ODERegressor(stages=("library", "variation"), time_limit=60).fit(
        TIMES, 0.3 + DECAY * (1 + 0.05 * rng.standard_normal(DECAY.shape))
    )
    front = model.equations_
    assert list(front.columns) == ["complexity", "loss", "r2", "score", "stage", "equation"]
    assert front["complexity"].is_monotonic_increasing
    assert front["loss"].is_monotonic_decreasing
    assert model.best_["score"] == front["score"].max()
    assert len(model.equations()) == len(model.expressions_) == len(front)
    for system, text in zip(model.expressions_, front["equation"], strict=True):
        assert text == f"dx_0/dt = {to_infix(system[0], ['x_0'])}"
        again = simplify(parse(text.split(" = ")[1]))
        assert again.constants == simplify(system[0]).constants  # to the last digit
    marked = [line for line in repr(model).splitlines() if "*  " in line.split("dx_0")[0]]
    assert len(marked) == 1
    assert model.equations(4)[model.best_index_] in marked[0]
    for index in range(len(front)):
        assert len(model.sympy(index)) == len(model.latex(index)) == 1
        assert np.all(np.isfinite(model.predict(TIMES, [1.0], index)[0]))


@pytest.mark.parametrize(
    "parameters",
    [
        {"time_limit": 0},
        {"time_limit": -1.0},
        {"time_limit": float("nan")},
        {"time_limit": float("inf")},
        {"n_candidates": 0},
        {"stages": "library,nothing"},
        {"stages": ()},
    ],
)
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        quick(**parameters).fit(TIMES, DECAY)


def test_a_fit_that_fails_changes_nothing(monkeypatch):
    model = quick().fit(TIMES, pd.DataFrame(DECAY, columns=["mass"]))
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="finite"):
        model.fit(TIMES, pd.DataFrame({"a": DECAY[:, 0], "b": np.full(60, np.nan)}))
    monkeypatch.setattr(LibraryStage, "propose", _raises(RuntimeError))
    with pytest.raises(RuntimeError):
        model.fit(TIMES, np.column_stack((DECAY, DECAY)))
    assert pickle.dumps(model) == before
    assert model.feature_names_in_.tolist() == ["mass"]


def test_names_are_kept_as_they_are_and_matched_between_tables():
    table = pd.DataFrame({"H₂O [g/L]": DECAY[:, 0], "y ": DECAY[:, 0] ** 2 / 4})
    model = quick().fit([TIMES, TIMES], [table, table[["y ", "H₂O [g/L]"]] / 2])
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert model.n_features_in_ == 2
    assert model.names_.columns == tuple(table.columns)
    assert model.best_["equation"].startswith(f"d{model.names_.identifiers[0]}/dt = ")
    np.testing.assert_allclose(model.initial_values_[1], [1.0, 0.5], atol=1e-3)
    assert not hasattr(quick().fit(TIMES, pd.DataFrame(DECAY)), "feature_names_in_")


@pytest.mark.parametrize(("own", "other"), [("ab", "ac"), ("aab", "aba"), ("ab", "abc")])
def test_names_that_leave_states_unclear_are_refused(own, other):
    tables = [pd.DataFrame(np.tile(DECAY, len(names)), columns=list(names)) for names in (own, other)]
    with pytest.raises(ValueError, match="the same"):
        quick().fit([TIMES, TIMES], tables)


def test_one_seed_one_result_whatever_the_kind_of_seed():
    fits = [quick(random_state=seed).fit(TIMES, DECAY) for seed in (3, np.random.RandomState(3), None)]
    assert fits[0].equations() == fits[1].equations()
    assert len(fits[2].equations_) > 0


def test_predictions_come_in_the_order_asked_for():
    model = quick().fit(TIMES, DECAY)
    asked = np.array([3.0, 0.0, 5.0, 3.0])
    np.testing.assert_allclose(model.predict(asked, [2.0])[:, 0], 2 * np.exp(-0.7 * asked), rtol=1e-4)
    assert model.predict([], [2.0]).shape == (0, 1)
    with pytest.raises(ValueError, match="finite"):
        model.predict([0.0, np.nan], [2.0])


def _raises(error):
    def raising(*_, **__):
        raise error

    return raising


def _raises_once(original):
    interrupted = itertools.chain([True], itertools.repeat(False))

    def once(*arguments):
        if next(interrupted):
            raise KeyboardInterrupt
        return original(*arguments)

    return once


@pytest.mark.parametrize(
    ("owner", "name"),
    [(search.SystemSearch, "_look"), (search.Fitting, "fit"), (search.Fitting, "vary")],
)
def test_interruption_keeps_what_there_is(monkeypatch, owner, name):
    """Ctrl-C before anything was simulated, before anything was fitted, and after."""
    monkeypatch.setattr(owner, name, _raises_once(getattr(owner, name)))
    model = ODERegressor(stages=("library", "variation")).fit(TIMES, DECAY)
    assert model.best_["r2"] > 0.99


@pytest.mark.parametrize("owner", [search.Fitting, search])
def test_interruption_of_the_last_look_keeps_what_there_is(monkeypatch, owner):
    """A first Ctrl-C then, where fragility is checked or long tables are fitted, or a second one."""
    name = "best_of_each_form" if owner is search.Fitting else "shoot"
    settings = OdeSettings(most_points=30)
    whole = quick(settings=settings, time_limit=60).fit(TIMES, DECAY)
    for early in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, _raises_once(getattr(owner, name)))
            if early:
                patch.setattr(search.Fitting, "vary", _raises(KeyboardInterrupt))
            model = quick(settings=settings, time_limit=60).fit(TIMES, DECAY)
        np.testing.assert_allclose(model.predict(TIMES, [1.0]), whole.predict(TIMES, [1.0]), rtol=1e-4)


@pytest.mark.parametrize(
    ("parameter", "stage"), [("checkpoint", "systems"), ("function_checkpoint", "functions")]
)
def test_a_checkpoint_that_is_not_there_is_refused_before_all_else(monkeypatch, parameter, stage):
    monkeypatch.setattr(LibraryStage, "propose", _raises(AssertionError))
    for name, message in (("nsr-tny", "no checkpoint 'nsr-tny'"), (_OTHER[stage], f"{stage} are needed")):
        with pytest.raises(ValueError, match=message):
            quick(stages=("library", stage), **{parameter: name}).fit(TIMES, DECAY)
    monkeypatch.undo()
    assert quick(**{parameter: "nsr-tny"}).fit(TIMES, DECAY).best_["r2"] > 0.99  # as nobody asks it


def test_interruption_before_anything_was_found_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(LibraryStage, "propose", _raises(KeyboardInterrupt))
    model = quick()
    with pytest.raises(KeyboardInterrupt, match="before any system was found"):
        model.fit(TIMES, DECAY)
    assert not hasattr(model, "equations_")


def test_interruption_on_the_command_line_prints_and_writes_the_best(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(search.Fitting, "vary", _raises(KeyboardInterrupt))
    path, result = tmp_path / "decay.csv", tmp_path / "result.json"
    pd.DataFrame({"t": TIMES, "mass": DECAY[:, 0]}).to_csv(path, index=False)
    monkeypatch.setattr("sys.argv", ["nsr", "ode", str(path), "--time", "t", "--output", str(result)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    assert "dmass/dt = -0.7" in capsys.readouterr().out
    assert "-0.7" in result.read_text()
    monkeypatch.setattr("sys.argv", ["nsr", "predict", str(result), str(path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    np.testing.assert_allclose(found[["t", "mass"]], np.column_stack((TIMES, DECAY)), atol=1e-5)


@pytest.fixture
def drawn(monkeypatch, capsys, tmp_path):
    """Runs `nsr ode --plot` in this process; gives exit code, standard output and standard error."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "decay.csv"
    pd.DataFrame({"t": TIMES, "mass": DECAY[:, 0]}).to_csv(path, index=False)

    def run():
        command = f"nsr ode {path} --time t --stages library --plot {tmp_path / 'decay.png'}"
        monkeypatch.setattr("sys.argv", command.split())
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return run


def test_warnings_of_the_picture_are_notes(monkeypatch, drawn):
    def warns(_, times, *__):
        warnings.warn("the solution could not be followed", UserWarning, stacklevel=2)
        return np.zeros((len(times), 1))

    monkeypatch.setattr(plots, "simulate", warns)
    code, _, err = drawn()
    assert (code, err) == (0, "note: the solution could not be followed\n")


def test_an_interrupt_of_the_picture_leaves_the_result_and_says_nothing_else(monkeypatch, drawn):
    monkeypatch.setattr(plots, "simulate", _raises(KeyboardInterrupt))
    code, out, err = drawn()
    assert (code, err) == (130, "nsr: interrupted before everything was written\n")
    assert "dmass/dt = -0.7" in out


class _Wrong(Stage):
    """Proposes what is far from the observations."""

    def propose(self, task, clock):
        wrong = [Fit(parse(f"{c}*sin(9*x_{c}) + x_0"), 0.0) for c in range(task.n_states)]
        return [[[one]] for one in wrong]


@pytest.mark.parametrize("n_trajectories", [1, 3])
def test_no_system_is_reported_that_constant_rates_beat(monkeypatch, n_trajectories):
    """Against straight lines by numpy; and the user is told where they are no answer, either."""
    monkeypatch.setitem(stages.STAGES, "wrong", lambda _: _Wrong())
    rng = np.random.default_rng(0)
    times = [np.linspace(1, 5, 60 + 10 * place) for place in range(n_trajectories)]
    tables = [
        pd.DataFrame({"noise": rng.standard_normal(len(t)), "line": 3 - 2 * t + rng.standard_normal(len(t))})
        for t in times
    ]
    with pytest.warns(DataWarning, match=r"leaves .* of the variance of noise.* unexplained: "):
        model = ODERegressor(stages="wrong").fit(times, tables)
    t, x = (np.concatenate([v - v.mean(axis=0) for v in map(np.asarray, some)]) for some in (times, tables))
    rates = (t @ x) / (t @ t)
    left = np.mean((x - np.outer(t, rates)) ** 2, axis=0) / np.var(np.concatenate(tables), axis=0)
    assert model.best_["loss"] == pytest.approx(left.mean(), rel=1e-4)
    np.testing.assert_allclose(np.array(model.sympy(), dtype=float), rates, rtol=1e-6)
    assert model.best_["score"] == model.equations_["score"].max()
    assert model.best_["stage"] == ""


class _Toy(Stage):
    """Proposes the truth, which no library holds."""

    def propose(self, task, clock):
        return [[], [[Fit(parse("1.5*cos(x_0*x_1) - 2*x_0"), 0.0)]]]


def test_a_stage_from_outside(monkeypatch):
    monkeypatch.setitem(stages.STAGES, "toy", lambda _: _Toy())
    truth = (parse("x_1"), parse("1.5*cos(x_0*x_1) - 2*x_0"))
    states = Systems([truth]).integrate(np.array([[0.1, 0.0]]), TIMES, rtol=1e-9)[0]
    model = ODERegressor(stages=("library", "toy")).fit(TIMES, states)
    assert model.best_["stage"] == "library, toy"
    assert "cos(x_0*x_1)" in str(model.sympy()[1])


def test_an_exact_and_short_system_ends_the_search():
    class Never(Stage):
        def propose(self, task, clock):
            raise AssertionError

    task = OdeTask.of(TIMES, DECAY, OdeSettings(), 0)
    found = search.SystemSearch(task, {"library": LibraryStage(), "systems": Never()})
    found.run(Clock.of(60))
    front, best = found.found(Clock.of(60))
    assert front[best].fitted.is_exact


@pytest.mark.parametrize("n_states", [2, 10])
@pytest.mark.parametrize("n_points", [150, 10_000])
def test_little_is_done_after_time_is_up(monkeypatch, n_states, n_points):
    """Counted, not timed: states simulated at observations, and subsets regressed, once the clock is over."""
    rng = np.random.default_rng(0)
    times = np.linspace(0, 10, n_points)
    states = np.sin(rng.uniform(0.5, 2, n_states) * times[:, None] + rng.uniform(0, 3, n_states))
    simulated = 0
    original = Systems.integrate

    def counted(self, initial, grid, *arguments, **keywords):
        nonlocal simulated
        simulated += len(initial) * np.shape(grid)[-1] * initial.shape[1]
        return original(self, initial, grid, *arguments, **keywords)

    monkeypatch.setattr(Systems, "integrate", counted)
    task = OdeTask.of(times, states + 0.01 * rng.standard_normal(states.shape), OdeSettings(), 0)
    built = {name: stages.STAGES[name](None) for name in ("library", "variation")}
    found = search.SystemSearch(task, built)
    found.run(Clock.of(0))
    front, _ = found.found(Clock.of(0))
    assert len(front) == 1
    assert simulated <= 40 * min(n_points, 1_600) * n_states + 2 * n_points * n_states


def test_long_tables_are_fitted_to_all_rows_in_the_end():
    times = np.linspace(0, 5, 6_000)
    rng = np.random.default_rng(0)
    states = 2 * np.exp(-0.7 * times)[:, None] + 0.05 * rng.standard_normal((6_000, 1))
    settings = dataclasses.replace(OdeSettings(), most_points=200)
    model = quick(settings=settings, time_limit=60).fit(times, states)
    rate = -float(model.sympy()[0].as_coefficients_dict().popitem()[1])
    design = np.column_stack((np.exp(-0.7 * times), -2 * times * np.exp(-0.7 * times)))
    error = 0.05 * np.sqrt(np.linalg.inv(design.T @ design)[1, 1])
    assert abs(rate - 0.7) < 4 * error
