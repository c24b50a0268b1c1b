import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from eval.oneshot import fit_problem, main, summary
from nsr.problems.metrics import RECOVERED_FVU
from nsr.problems.suites import load

PROBLEM = next(problem for problem in load("feynman") if problem.name == "I.12.1")
RESULTS = Path(__file__).parents[2] / "eval" / "results"


class Known(BaseEstimator):
    """Predicts the product times a factor, whatever it is given."""

    def __init__(self, factor=1.0, error=None):
        self.factor = factor
        self.error = error

    def fit(self, X, y):
        if self.error:
            raise self.error
        self.best_ = {"equation": "x_0*x_1"}
        return self

    def predict(self, X):
        return self.factor * X[:, 0] * X[:, 1]


def test_the_truth_is_recovered_and_near_misses_are_not():
    assert fit_problem(PROBLEM, Known(), 100, 0.0, 0)["recovered"]
    near = fit_problem(PROBLEM, Known(1.01), 100, 0.0, 0)
    assert near["fvu"] > RECOVERED_FVU
    assert not near["recovered"]
    assert near["r2_above_0.99"]


def test_a_failure_counts_as_not_recovered():
    row = fit_problem(PROBLEM, Known(error=ValueError("no luck")), 100, 0.0, 0)
    assert row["error"] == "no luck"
    assert not row["recovered"]
    undefined = fit_problem(PROBLEM, Known(np.nan), 100, 0.0, 0)
    assert not undefined["recovered"]
    assert summary([row, undefined, fit_problem(PROBLEM, Known(), 50, 0.0, 0)])["recovered"] == pytest.approx(
        1 / 3
    )


def test_the_command_finds_again_what_is_among_the_results(monkeypatch, tmp_path):
    monkeypatch.setattr("eval.oneshot.load", lambda _: [PROBLEM])
    main(output=tmp_path / "rows.jsonl")
    again = json.loads((tmp_path / "rows.jsonl").read_text())
    lines = (RESULTS / "oneshot_feynman_nsr-small.jsonl").read_text().splitlines()
    (kept,) = (row for row in map(json.loads, lines) if row["problem"] == PROBLEM.name)
    assert again.keys() == kept.keys()
    assert (again["recovered"], again["r2_above_0.99"]) == (kept["recovered"], kept["r2_above_0.99"])
