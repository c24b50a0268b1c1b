"""Inner constants are rounded, the others are those of least squares."""

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.enumeration.rounded import with_round_constants
from nsr.task import Task

EFFORT = Effort(restarts=1, iterations=8)


@pytest.fixture
def task():
    rng = np.random.default_rng(5)
    u = rng.uniform(1, 8, 300)
    return Task(u[:, None], 1.4 * np.sqrt(u / (u + 1)) - 0.9 + 0.01 * rng.standard_normal(300), SQUARED_ERROR)


def rounded(text: str, n_outer: int, task: Task) -> list[tuple[Expression, float]]:
    return with_round_constants([parse(text)], [n_outer], task, EFFORT, Clock())


def test_scale_and_offset_are_fitted_anew(task):
    ((form, loss),) = rounded("-0.93 + 1.43*sqrt(x_0/(x_0+1.04))", 2, task)
    u = task.X[:, 0]
    columns = np.column_stack((np.ones(300), np.sqrt(u / (u + 1))))
    (offset, scale), (squares,), *_ = np.linalg.lstsq(columns, task.y, rcond=None)
    assert form.constants == pytest.approx((offset, scale, 1.0), rel=1e-6)
    assert loss == pytest.approx(squares / 300, rel=1e-6)


def test_exponents_become_multiples_of_a_half(task):
    ((form, _),) = rounded("1.4*(x_0/(x_0+1.1))^0.47", 1, task)
    assert form.constants[1:] == (1.0,)  # as a structural exponent is none
    assert form.tokens[-1] == 0.5


@pytest.mark.parametrize("text", ["1.4*sqrt(x_0/(x_0+0.2))", "1.4*sqrt(x_0/(x_0+0.75))", "1.4*sqrt(x_0)"])
def test_what_is_far_from_round_is_left_alone(text, task):
    assert rounded(text, 1, task) == []
