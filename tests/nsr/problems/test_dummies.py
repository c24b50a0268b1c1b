"""Idle columns change where variables stand, and nothing else."""

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import feynman
from nsr.evaluate.program import Program
from nsr.problems.dummies import with_dummies
from nsr.problems.problem import sample
from nsr.problems.suites import load

PROBLEMS = {problem.name: problem for suite in ("feynman", "srsd") for problem in load(suite)}


@pytest.mark.parametrize("name", ["I.9.18", "srsd_I.9.18", "srsd_bonus.7"])
def test_the_target_depends_on_the_same_variables_alone(name):
    plain = PROBLEMS[name]
    problem = with_dummies(plain, 3)
    own = [i for i, column in enumerate(problem.variable_names) if column in plain.variable_names]
    assert [problem.variable_names[i] for i in own] == list(plain.variable_names)
    X, y = sample(problem, 50, seed=1)
    assert X.shape == (50, len(own) + 3)
    np.testing.assert_allclose(Program([plain.expression]).values(X[:, own])[0], y, rtol=1e-12)
    assert [problem.ranges[i] for i in own] == list(plain.ranges)
    if plain.units:
        assert [problem.units[i] for i in own] == list(plain.units)


def test_dummies_are_the_same_each_time_and_differ_between_problems():
    assert with_dummies(PROBLEMS["I.9.18"], 0) is PROBLEMS["I.9.18"]
    assert with_dummies(PROBLEMS["I.9.18"], 2) == with_dummies(PROBLEMS["I.9.18"], 2)
    problems = [with_dummies(problem, 3) for problem in PROBLEMS.values()]
    of_dummies = [
        (name.startswith("dummy"), distribution)
        for problem in problems
        for name, distribution in zip(problem.variable_names, problem.distributions, strict=True)
    ]
    dummies = [distribution for is_dummy, distribution in of_dummies if is_dummy]
    assert len(dummies) == 3 * len(problems)
    middles = np.log10([np.sqrt(d.low * d.high) for d in dummies])
    assert middles.min() == pytest.approx(-32)
    assert middles.max() == pytest.approx(32)
    assert np.allclose([d.high / d.low for d in dummies], 100)
    assert np.mean([d.signs == "+-" for d in dummies]) == pytest.approx(0.5, abs=0.06)
    places = [p.variable_names.index("dummy_1") / (len(p.variable_names) - 1) for p in problems]
    assert np.mean(places) == pytest.approx(0.5, abs=0.06)


def test_dummies_are_an_option_of_the_command(tmp_path):
    options = ["--suite", "feynman", "--problems", "I.12.1", "--methods", "linear", "--noise", "0"]
    command = ["run", *options, "--rows", "20", "--output", str(tmp_path / "run"), "--dummies"]
    result = CliRunner().invoke(feynman.app, [*command, "3"])
    assert result.exit_code == 0, result.output
    assert "x_4" in (tmp_path / "run" / "results.jsonl").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="dummies was 3, is 2"):
        CliRunner().invoke(feynman.app, [*command, "2"], catch_exceptions=False)


def test_a_folder_has_no_dummies(tmp_path):
    command = ["run", "--suite", str(tmp_path), "--dummies", "3", "--output", str(tmp_path / "run")]
    with pytest.raises(ValueError, match="leave it out"):
        CliRunner().invoke(feynman.app, command, catch_exceptions=False)
    with pytest.raises(ValueError, match="give 0 or more"):
        with_dummies(PROBLEMS["I.12.1"], -1)
