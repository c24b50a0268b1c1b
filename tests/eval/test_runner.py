import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy

from eval import methods
from eval.methods import Budget, make
from eval.records import RESULTS, Fit, Records
from eval.registry import MethodMissingError
from eval.runner import Limits, fit_and_measure, plan, run, run_fit
from eval.sandbox import Sandbox, SandboxError
from nsr import SymbolicRegressor
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.problems.problem import Problem
from nsr.problems.suites import load

PROBLEMS = {problem.name: problem for problem in load("feynman")}
LIMITS = Limits(time_limit=1.0, cores=1, memory=8.0, rows=100)
ROOT = Path(__file__).parents[2]


def test_the_plan_has_every_combination_once():
    fits = plan(["a", "b"], ["m", "n"], [0.0, 0.1], [1, 2, 3])
    assert len(fits) == len(set(fits)) == 24
    assert fits[:2] == [Fit("a", "m", 0.0, 1), Fit("a", "n", 0.0, 1)]


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


@pytest.mark.parametrize("method", ["nsr", "operon", "eggp", "gplearn", "linear"])
def test_methods_write_down_what_they_predict(method):
    problem = PROBLEMS["I.12.1"]
    pytest.importorskip({"operon": "pyoperon", "eggp": "eggp", "gplearn": "gplearn"}.get(method, "numpy"))
    # Two use up their time, and their first population will do; the others end once they are exact.
    seconds = 1.0 if method in {"operon", "eggp"} else 60.0
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


def test_missing_packages_and_methods_name_the_remedy(monkeypatch):
    assert {"nsr", "operon", "gplearn", "pysr", "linear", "mean"} <= set(methods.names())
    with pytest.raises(ValueError, match="choose from"):
        make("operom", Budget(1, 1, 0))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MethodMissingError, match=r"julialang\.org"):
        make("pysr", Budget(1, 1, 0))
    monkeypatch.setitem(sys.modules, "pyoperon.sklearn", None)
    monkeypatch.delitem(sys.modules, "eval.methods.operon", raising=False)
    with pytest.raises(MethodMissingError, match="operon needs the package pyoperon: pip install"):
        make("operon", Budget(1, 1, 0))


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
