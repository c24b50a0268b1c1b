"""A method that no file of the package knows: a module that Python finds, as CONTRIBUTING.md says."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import dynamics, feynman, methods, odebench, runner
from eval.methods import Budget
from eval.odebench import SystemFit
from eval.registry import MethodMissingError
from nsr.expressions.parsing import parse
from nsr.problems.problem import SystemProblem

DECAY = SystemProblem("decay", (parse("-x_0"),), ((1.0,), (2.0,)), (0.0, 3.0))

TWICE = """
import sympy

class Method:
    def __init__(self, budget):
        self.seed = budget.seed

    def fit(self, X, y):
        pass

    def predict(self, X):
        return 2 * X[:, 0]

    def sympy(self):
        return 2 * sympy.Symbol("x_0", real=True)
"""
DECAYS = """
import numpy as np
import sympy

class Method:
    def __init__(self, time_limit):
        pass

    def fit(self, times, states):
        pass

    def predict(self, times, initial):
        return initial * np.exp(-times)[:, None]

    def sympy(self):
        return [-sympy.Symbol("x_0", real=True)]
"""


@pytest.fixture
def toy_methods(tmp_path, monkeypatch):
    """A package of methods that Python finds outside the repository."""
    package = tmp_path / "toy_methods"
    package.mkdir()
    files = {"__init__": "", "twice": TWICE, "decays": DECAYS, "needy": "import a_package_nobody_has\n"}
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    runner._sandbox.cache_clear()  # a process of an earlier test would look elsewhere
    return "toy_methods"


def test_a_method_for_functions_runs_in_a_process_of_its_own(toy_methods, tmp_path):
    command = [
        "run",
        "--problems",
        "I.34.27",
        "--methods",
        f"{toy_methods}.twice",
        "--noise",
        "0",
        "--rows",
        "20",
    ]
    result = CliRunner().invoke(feynman.app, [*command, "--output", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    (line,) = (tmp_path / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(line)
    assert (row["method"], row["error"]) == (f"{toy_methods}.twice", None)
    assert row["equation"] == "2*x_0"
    assert not row["symbolic"]


def test_a_method_for_systems(toy_methods):
    row = odebench.fit_and_measure(SystemFit("decay", f"{toy_methods}.decays", 0.0, 0.0, 0), DECAY, 1.0)
    assert row["reconstruction"] == pytest.approx(1)
    assert row["generalisation"] == pytest.approx(1)
    assert row["form"]


def test_a_method_in_a_folder_of_the_package_has_the_same_interface(toy_methods):
    """What the two rooms of methods make is told by name alone, by one registry."""
    assert {"linear", "mean", "nsr"} <= set(methods.names())
    assert {"nsr", "sindy"} <= set(dynamics.names())
    X = np.array([[1.0], [2.0]])
    np.testing.assert_allclose(methods.make(f"{toy_methods}.twice", Budget(1.0, 1, 0)).predict(X), [2, 4])


@pytest.mark.parametrize("room", [methods, dynamics])
def test_what_is_missing_is_named_with_its_remedy(room, toy_methods):
    with pytest.raises(ValueError, match=r"no method 'nothing'; choose from .*nsr"):
        room.make("nothing", None)
    for absent in (f"{toy_methods}.nothing", "no_such_package.method"):
        with pytest.raises(ValueError, match=f"no method '{absent}'.*a module that Python finds"):
            room.make(absent, None)
    with pytest.raises(MethodMissingError, match="needs the package a_package_nobody_has: pip install"):
        room.make(f"{toy_methods}.needy", None)
