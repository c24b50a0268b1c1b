"""A benchmark that no file of the package knows is a choice of the commands, and held out at once."""

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import feynman
from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from generators.holdout import Holdout, SystemHoldout
from generators.systems import SystemConfig, SystemSampler
from nsr.expressions.parsing import parse
from nsr.problems.formulas import read_functions
from nsr.problems.problem import Problem, SystemProblem
from nsr.problems.suites import Suite, load, load_systems, register

TABLE = """name,formula,variables
twice,2*mass + 1,mass:1:3
thrice,3*mass - sin(time),mass:1:3 time:0:2
"""


@pytest.mark.parametrize(("purpose", "held_out"), [("benchmark", True), ("development", False)])
def test_a_suite_from_outside_is_held_out_at_once_unless_it_is_for_development(own_suites, purpose, held_out):
    """Both suites are of this file: nothing in the package names them."""
    names = ("a", "b", "c")
    wave = Problem("wave", "toy", parse("a*sin(b**3)*tanh(c) + 2*a", names), names, ((1.0, 2.0),) * 3)
    spiral = SystemProblem(
        "spiral", (parse("x_1*tanh(x_0) - 3"), parse("x_0**3 - 0.5*tanh(x_1)")), ((1.0, 2.0),), (0.0, 5.0)
    )
    copies = parse("5*q*sin(p**3)*tanh(r) + 0.3*q", ("p", "q", "r")), *spiral.system
    assert not any(Holdout.default().contains(copy) for copy in copies)
    assert not SystemHoldout.default().contains(spiral.system)

    register(Suite("toy", Problem, purpose, lambda: [wave]))
    register(Suite("toy systems", SystemProblem, purpose, lambda: [spiral]))

    rng = np.random.default_rng(0)
    of_functions = EquationSampler(ExpressionConfig(), 0).holdout
    assert [of_functions.contains(copy) for copy in copies] == [held_out] * 3
    assert SystemSampler(SystemConfig(), rng).holdout.contains(spiral.system[::-1]) == held_out
    assert load("toy") == [wave]
    assert load_systems("toy systems") == [spiral]


def test_a_table_of_ones_own_is_run_like_any_other(own_suites, tmp_path):
    path = tmp_path / "toy.csv"
    path.write_text(TABLE, encoding="utf-8")
    register(Suite("toy", Problem, "benchmark", lambda: read_functions(path, "toy")))
    assert [problem.variable_names for problem in load("toy")] == [("mass",), ("mass", "time")]
    command = ["run", "--suite", "toy", "--problems", "twice", "--methods", "linear", "--noise", "0"]
    result = CliRunner().invoke(feynman.app, [*command, "--rows", "20", "--output", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert '"symbolic": true' in (tmp_path / "run" / "results.jsonl").read_text(encoding="utf-8")
