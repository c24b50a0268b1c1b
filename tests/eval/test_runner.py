import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sympy

from eval import methods
from eval.feynman import _sample
from eval.methods import Budget, make, package
from eval.records import RESULTS, Fit, Records
from eval.registry import MethodMissingError
from eval.runner import Limits, fit_and_measure, plan, run, run_fit
from eval.sandbox import Sandbox, SandboxError
from nsr import SymbolicRegressor
from nsr.evaluate.program import values_of
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.expressions.sympy_form import from_sympy
from nsr.problems.problem import Problem
from nsr.problems.suites import load

PROBLEMS = {problem.name: problem for problem in load("feynman")}
LIMITS = Limits(time_limit=1.0, cores=1, memory=8.0, rows=100)
ROOT = Path(__file__).parents[2]


def test_the_plan_has_every_combination_once():
    fits = plan(["a", "b"], ["m", "n"], [0.0, 0.1], [1, 2, 3])
    assert len(fits) == len(set(fits)) == 24
    assert fits[:2] == [Fit("a", "m", 0.0, 1), Fit("a", "n", 0.0, 1)]


@pytest.mark.integration
def test_a_run_records_each_fit_and_goes_on_also_with_more_processes(tmp_path):
    fits = plan(["I.12.1", "I.25.13"], ["mean", "linear"], [0.0], [1])
    for part, jobs in ((fits[:2], 1), (fits, 2), (fits, 2)):
        records = Records(tmp_path, {}, Fit)
        run(part, PROBLEMS, LIMITS, records, jobs)
        records.close()
    rows = [json.loads(line) for line in (tmp_path / RESULTS).read_text().splitlines()]
    assert sorted((row["problem"], row["method"]) for row in rows) == sorted(
        (f.problem, f.method) for f in fits
    )
    assert all(row["error"] is None for row in rows)
    assert all(row["r2"] > 0.5 for row in rows if row["method"] == "linear")
    assert set(rows[0]) >= {
        "problem", "method", "noise", "seed", "r2", "fvu", "recovered", "symbolic", "complexity", "seconds",
        "equation", "error",
    }  # fmt: skip


def test_a_sample_is_the_same_each_time_and_part_of_larger_ones():
    problems = list(PROBLEMS.values())
    small, large = (_sample(problems, size) for size in (10, 30))
    assert small == [problem for problem in large if problem in small]
    assert len(small) == 10
    assert small != problems[:10]
    assert _sample(problems, None) == problems


def test_whatever_goes_wrong_is_an_error_and_no_solution():
    fit, row = run_fit(Fit("I.12.1", "nothing", 0.0, 1), PROBLEMS["I.12.1"], LIMITS)
    assert "no method 'nothing'" in row["error"]
    assert not row["symbolic"]
    assert not row["recovered"]
    assert row["r2"] is None
    assert fit.method == "nothing"


def test_the_sandbox_kills_what_hangs_and_what_grows():
    with Sandbox(cores=1, memory_limit=4.0) as sandbox:
        assert sandbox.run(abs, -3, time_limit=60) == 3
        with pytest.raises(SandboxError, match="killed after 1 s"):
            sandbox.run(time.sleep, 60, time_limit=1)
        assert sandbox.run(abs, -4, time_limit=60) == 4
        with pytest.raises(SandboxError, match=r"(?i)memory"):
            sandbox.run(np.ones, 2**30, time_limit=60)
        with pytest.raises(SandboxError, match="died: SIGABRT"):
            sandbox.run(os.abort, time_limit=60)
        with pytest.raises(SandboxError, match="died: exit code 3"):
            sandbox.run(sys.exit, 3, time_limit=60)
        assert sandbox.run(os.getenv, "OMP_NUM_THREADS", time_limit=60) == "1"


def test_the_sandbox_tells_errors_of_the_work_and_goes_on_with_the_same_process():
    with Sandbox() as sandbox:
        first = sandbox.run(os.getpid, time_limit=60)
        with pytest.raises(SandboxError, match="ValueError: math domain error"):
            sandbox.run(math.sqrt, -1.0, time_limit=60)
        with pytest.raises(SandboxError, match=r"(?i)pickle"):  # a lock cannot be handed back
            sandbox.run(threading.Lock, time_limit=60)
        assert sandbox.run(os.getpid, time_limit=60) == first


def test_an_interrupted_call_is_not_what_answers_the_next_one(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with Sandbox() as sandbox:
        assert sandbox.run(abs, -1, time_limit=60) == 1
        with monkeypatch.context() as patch:
            patch.setattr("eval.sandbox.wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                sandbox.run(abs, -2, time_limit=60)
        assert sandbox.run(abs, -3, time_limit=60) == 3


def test_a_sandbox_that_is_left_open_does_not_keep_its_owner_from_ending():
    code = "from eval.sandbox import Sandbox\nprint(Sandbox().run(abs, -3, time_limit=60))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=900
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.filterwarnings("ignore::UserWarning:parfam")
@pytest.mark.parametrize(
    "method",
    [
        *("nsr", "operon", "operon_defaults", "gp_elite", "gplearn", "psrn", "linear"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("eggp", "parfam", "physo")),
    ],
)
def test_methods_write_down_what_they_predict(method):
    problem = PROBLEMS["I.12.1"]
    pytest.importorskip((package(method) or "numpy").replace("-", "_"))
    # One uses up its time, and its first population will do; the others end once they are exact.
    seconds = 1.0 if method == "eggp" else 60.0
    fitted = fit_and_measure(Fit("I.12.1", method, 0.0, 1), problem, replace(LIMITS, time_limit=seconds))
    assert fitted.figures["r2"] > 0.5
    model = make(method, Budget(seconds, 1, 1))
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 5, (100, 2))
    model.fit(X, X[:, 0] * X[:, 1])
    written = model.sympy()
    for row, predicted in zip(X[:5], model.predict(X[:5]), strict=True):
        symbols = {symbol: row[int(symbol.name[2:])] for symbol in written.free_symbols}
        assert float(written.subs(symbols)) == pytest.approx(predicted, rel=1e-4, abs=1e-4)


def test_nsr_is_told_the_units_and_the_stages(monkeypatch):
    seen = {}

    class Estimator:
        def __init__(self, **parameters):
            seen.update(parameters)

        def fit(self, X, y, X_units, y_units):
            seen.update(X_units=X_units, y_units=y_units)

        def predict(self, X):
            return np.zeros(len(X))

        def sympy(self):
            return sympy.Integer(0)

    monkeypatch.setattr("eval.methods.nsr.SymbolicRegressor", Estimator)
    problem = PROBLEMS["I.12.1"]
    fit_and_measure(Fit("I.12.1", "nsr_units", 0.0, 1), problem, replace(LIMITS, stages=("families",)))
    assert seen["stages"] == ("families",)
    assert (seen["X_units"], seen["y_units"]) == (problem.units, problem.target_unit)
    with pytest.raises(ValueError, match="no units"):
        make("nsr_units", Budget(1.0, 1, 1)).fit(np.ones((3, 1)), np.ones(3))


def test_nsr_is_told_the_operators_of_the_law(monkeypatch):
    seen = []
    monkeypatch.setattr(SymbolicRegressor, "fit", lambda self, X, y: seen.append(self.operators))
    monkeypatch.setattr(SymbolicRegressor, "predict", lambda self, X: np.zeros(len(X)))
    monkeypatch.setattr("eval.methods.nsr.Method.sympy", lambda self: None)
    monkeypatch.setattr("eval.methods.nsr.Method.stage", "")
    law = simplify(parse("sin(2*x_0) - x_1**2"))
    problem = Problem("P", "p", law, ("a", "b"), ((1.0, 2.0), (1.0, 2.0)))
    fit_and_measure(Fit("P", "nsr_operators", 0.0, 1), problem, LIMITS)
    assert seen == [("mul", "sin", "square", "sub")]
    with pytest.raises(ValueError, match="needs these"):
        make("nsr_operators", Budget(1.0, 1, 1)).fit(np.ones((3, 1)), np.ones(3))


def test_operon_and_gplearn_end_when_they_are_exact():
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 5, (200, 2))
    for name in ("operon", "operon_all_rows", "gplearn"):
        method = make(name, Budget(600.0, 1, 1))  # a test that waits for the limit is stopped
        method.fit(X, X[:, 0] * X[:, 1])
        np.testing.assert_allclose(method.predict(X), X[:, 0] * X[:, 1], rtol=1e-4)


@pytest.mark.parametrize("law", ["exp(x_0)", "asin(x_0)", "acos(x_0)", "tanh(x_0)"])
def test_gplearn_has_the_functions_of_the_law(law):
    truth = parse(law)
    method = make("gplearn", Budget(60.0, 1, 1, operators=(str(truth.tokens[0]),)))
    X = np.random.default_rng(0).uniform(-0.9, 0.9, (100, 1))
    y = values_of(truth, X)
    method.fit(X, y)
    np.testing.assert_allclose(method.predict(X), y)
    assert values_of(from_sympy(method.sympy()), X) == pytest.approx(y)


def test_rows_tell_the_commit_and_the_versions():
    row = run_fit(Fit("I.12.1", "operon", 0.0, 1), PROBLEMS["I.12.1"], replace(LIMITS, time_limit=1.0))[1]
    assert re.fullmatch(r"[0-9a-f]{7,}\+?|unknown", row["commit"])
    assert f"numpy {np.__version__}" in row["versions"]
    assert f"pyoperon {version('pyoperon')}" in row["versions"]
    assert 0 < row["processor_seconds"] < 60


def test_pysr_is_asked_with_parameters_that_it_has(monkeypatch):
    parameters = json.loads((ROOT / "tests" / "docs" / "pysr_parameters.json").read_text())
    seen = {}

    class Estimator:
        def __init__(self, **settings):
            seen.update(settings)

        def set_params(self, **settings):
            seen.update(settings)

        def fit(self, X, y, variable_names):
            seen["names"] = variable_names

    monkeypatch.setitem(sys.modules, "pysr", SimpleNamespace(PySRRegressor=Estimator))
    make("pysr", Budget(30.0, 1, 1)).fit(np.ones((3, 2)), np.array([0.0, 1.0, 2.0]))
    assert seen.pop("names") == ["x_0", "x_1"]
    assert set(seen) <= set(parameters["PySRRegressor"])
    assert seen["timeout_in_seconds"] == 30.0
    assert 0 < seen["early_stop_condition"] < 1e-11


def test_missing_packages_and_methods_name_the_remedy(monkeypatch):
    assert {"nsr", "operon", "gplearn", "pysr", "linear", "mean"} <= set(methods.names())
    with pytest.raises(ValueError, match="choose from"):
        make("operom", Budget(1, 1, 0))
    monkeypatch.setitem(sys.modules, "pysr", None)
    with pytest.raises(MethodMissingError, match="pip install pysr"):
        make("pysr", Budget(1, 1, 0))
    monkeypatch.setattr("builtins.__import__", _without_julia)
    with pytest.raises(MethodMissingError, match=r"no Julia.*julialang\.org"):
        make("pysr", Budget(1, 1, 0))
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "pyoperon.sklearn", None)
    monkeypatch.delitem(sys.modules, "eval.methods.operon", raising=False)
    with pytest.raises(MethodMissingError, match="operon needs the package pyoperon: pip install"):
        make("operon", Budget(1, 1, 0))


def _without_julia(name, *args, original=__import__):
    if name == "pysr":
        raise RuntimeError("no connection")
    return original(name, *args)


@pytest.mark.slow
def test_a_run_killed_five_times_ends_with_exactly_the_planned_lines(tmp_path):
    names = [problem.name for problem in load("feynman")][:40]
    command = [
        sys.executable, "-m", "eval.feynman", "run", "--methods", "mean,linear",
        "--problems", ",".join(names),
        "--noise", "0,0.1", "--rows", "50", "--jobs", "2", "--cores", "1", "--output", str(tmp_path),
    ]  # fmt: skip
    rng = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(6, 25))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    rows = [json.loads(line) for line in (tmp_path / RESULTS).read_text().splitlines()]
    done = [(row["problem"], row["method"], row["noise"], row["seed"]) for row in rows]
    assert len(done) == len(set(done)) == len(names) * 4
    assert not any(row["error"] for row in rows)


def test_a_cluster_runs_the_same_plan(tmp_path):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        records = Records(tmp_path, {}, Fit)
        fits = plan(["I.12.1", "I.25.13"], ["mean"], [0.0], [1])
        run(fits, PROBLEMS, LIMITS, records, jobs=1, backend="ray")
        records.close()
        assert records.done == set(fits)
        assert '"error": null' in (tmp_path / RESULTS).read_text()
    finally:
        ray.shutdown()
