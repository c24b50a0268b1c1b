import numpy as np
import pytest
from sklearn.base import BaseEstimator

from eval.oneshot import fit_problem, summary
from nsr.problems.metrics import RECOVERED_FVU
from nsr.problems.suites import load

PROBLEM = next(problem for problem in load("feynman") if problem.name == "I.12.1")


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
