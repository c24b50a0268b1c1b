import json

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from sklearn.metrics import r2_score
from typer.testing import CliRunner

from eval import odebench
from eval.development_systems import generated_systems, turning_systems
from eval.dynamics import make
from eval.odebench import SystemFit, explained, fit_and_measure, has_form, observed, summarise, trajectory
from eval.sandbox import SandboxError
from generators.holdout import SystemHoldout
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.ode.integrate import Systems
from nsr.problems.suites import load_systems

PROBLEMS = {problem.name.split()[0]: problem for problem in load_systems("odebench")}


class Inline:
    """A sandbox that runs in this process."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, function, *arguments, time_limit):
        try:
            return function(*arguments)
        except Exception as error:
            raise SandboxError(str(error)) from error


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(odebench, "Sandbox", Inline)
    some = [PROBLEMS["2"], PROBLEMS["24"]]
    monkeypatch.setattr(odebench, "load_systems", lambda suite: some)
    return lambda *arguments: CliRunner().invoke(odebench.app, list(map(str, arguments)))


@pytest.mark.parametrize("number", ["3", "24", "50", "63"])
def test_trajectories_are_scipys(number):
    problem, grid = PROBLEMS[number], np.linspace(0, 10, 40)
    program = Program(problem.system)
    for initial in problem.initial_values:
        expected = solve_ivp(
            lambda _, x: program.values(x[None])[:, 0],
            (0, 10),
            initial,
            method="LSODA",
            t_eval=grid,
            rtol=1e-10,
            atol=1e-12,
        )
        found = trajectory(problem, initial, grid)
        np.testing.assert_allclose(found, expected.y.T, rtol=1e-5, atol=1e-6 * np.abs(expected.y).max())


def test_noise_is_multiplicative_and_points_are_dropped():
    problem = PROBLEMS["24"]
    times, clean = observed(problem, 0.0, 0.0, 0)
    again, noisy = observed(problem, 0.05, 0.5, 0)
    assert (len(times), len(again)) == (150, 75)
    assert np.all(np.diff(again) > 0)
    kept = np.searchsorted(times, again)
    ratio = noisy / clean[kept]
    assert np.std(ratio) == pytest.approx(0.05, rel=0.2)


def test_success_is_scikit_learns_weighted_r2():
    rng = np.random.default_rng(0)
    true = rng.standard_normal((50, 2)) * [1, 10]
    found = true + 0.3 * rng.standard_normal((50, 2))
    assert explained(true, found) == pytest.approx(r2_score(true, found, multioutput="variance_weighted"))
    assert explained(true, np.full_like(true, np.nan)) == -1
    assert explained(true, true + 1e6) == -1


def test_forms_are_compared_without_their_constants():
    problem = PROBLEMS["24"]  # x_1 and -2.1 x_0
    assert has_form(problem, [to_sympy(parse(text)) for text in ("0.98*x_1", "-2.3*x_0")])
    for other in (("x_1", "-2.1*x_0 + 0.1*x_1"), ("x_0", "-2.1*x_0"), ("-2.1*x_0", "x_1")):
        assert not has_form(problem, [to_sympy(parse(text)) for text in other])


@pytest.mark.integration
def test_a_run_records_every_fit_once_and_reports(run, tmp_path):
    pytest.importorskip("pysindy")
    pytest.importorskip("matplotlib")
    methods = ("--methods", "sindy,nsr", "--noise", "0,0.01", "--time-limit", 1)
    arguments = ("run", *methods, "--output", tmp_path)
    for _ in range(2):
        assert run(*arguments).exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert len(rows) == 8
    clean = {row["problem"].split()[0]: row for row in rows if row["noise"] == 0 and row["method"] == "sindy"}
    assert clean["24"]["reconstruction"] > 0.99
    assert clean["24"]["form"]
    printed = run("report", tmp_path)
    assert printed.exit_code == 0
    written = (tmp_path / "report.md").read_text()
    assert "| sindy |" in written
    for picture in ("shares.png", "trajectories.png"):
        assert f"({picture})" in written
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["nsr", "nsr_library", "sindy_tuned"])
def test_the_oscillator_is_solved(method):
    if method == "sindy_tuned":
        pytest.importorskip("pysindy")
    fit = SystemFit(PROBLEMS["24"].name, method, 0.0, 0.0, 0)
    row = fit_and_measure(fit, PROBLEMS["24"], 600.0)  # it ends by itself
    assert row["reconstruction"] > 0.999
    assert row["generalisation"] > 0.999
    assert row["form"]


def test_tuned_sindy_finds_waves_and_polynomials():
    pytest.importorskip("pysindy")
    times = np.linspace(0, 10, 150)
    system = (parse("x_1"), parse("-2*sin(x_0) - 0.3*x_1"))
    states = Systems([system]).integrate(np.array([[2.0, 0.0]]), times, rtol=1e-9)[0]
    method = make("sindy_tuned", 600.0)
    method.fit(times, states)
    fresh = np.array([1.0, 0.5])
    expected = Systems([system]).integrate(fresh[None], times, rtol=1e-9)[0]
    assert explained(expected, method.predict(times, fresh)) > 0.99


def test_systems_to_develop_on_live_through_their_time_from_both_initial_values():
    holdout = SystemHoldout.default()
    for problem in [*generated_systems(12), *load_systems("textbook")]:
        assert not holdout.contains(problem.system)
        grid = np.linspace(*problem.time_span, 30)
        for initial in problem.initial_values:
            states = trajectory(problem, initial, grid)
            assert states.shape == (30, len(problem.system))
            assert np.all(np.isfinite(states))


def test_what_goes_wrong_is_an_error_and_no_success():
    fit = SystemFit(PROBLEMS["24"].name, "nothing", 0.0, 0.0, 0)
    row = odebench.run_fit(fit, PROBLEMS["24"], 1.0, Inline())
    assert "no method 'nothing'" in row["error"]
    table = summarise(pd.DataFrame([{**vars(fit), **row}]))
    assert table["reconstructed"][0] == table["form"][0] == 0
    assert table["failed"][0] == 1
    with pytest.raises(ValueError, match="choose from"):
        make("nothing", 1.0)


def test_turning_systems_turn():
    problems = turning_systems(60)
    assert problems
    for problem in problems:
        times = np.linspace(*problem.time_span, 600)
        slopes = np.sign(np.diff(trajectory(problem, problem.initial_values[0], times), axis=0))
        assert (slopes[1:] * slopes[:-1] < 0).sum(axis=0).max() >= 3
