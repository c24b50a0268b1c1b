"""What is said of constants beside round ones."""

import numpy as np
import pytest

from nsr.expressions.parsing import parse
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.reported import reported
from nsr.refinement.uncertainty import most_likely
from nsr.task import Task


def _line(noise: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 2, (100, 1))
    return X, 0.7431 * X[:, 0] + 2.52 + noise * rng.standard_normal(100)


@pytest.mark.parametrize(("noise", "is_free"), [(0.05, True), (1e-5, False)])
def test_errors_allow_for_a_round_constant_that_may_be_arbitrary(noise, is_free):
    X, y = _line(noise)
    y = y if is_free else y - 0.02  # to five digits 2.5 is no chance
    task = Task(X, y, SQUARED_ERROR)
    line = most_likely(parse("0.74*x_0 + 2.5"), task)
    said = reported(line, task)
    assert said.fit is not None
    assert said.constants is not None
    design = np.column_stack((X[:, 0], np.ones(100))) if is_free else X
    target = y if is_free else y - 2.5
    slope = np.linalg.lstsq(design, target, rcond=None)[0]
    off = target - design @ slope
    covariance = off @ off / (100 - design.shape[1]) * np.linalg.inv(design.T @ design)
    assert said.constants.values == pytest.approx(slope[:1], rel=1e-6)
    assert said.constants.errors == pytest.approx([np.sqrt(covariance[0, 0])], rel=1e-4)
    assert [value for value, _ in said.rounded] == [2.5]
    low, high = said.interval_of(line, X, 0.95).T
    assert (low + high) / 2 == pytest.approx(design @ slope + (y - target), rel=1e-6)
