"""Constants within bounds, against SciPy's least squares with the same bounds."""

import numpy as np
import pytest
from scipy.optimize import least_squares, lsq_linear

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import Candidates, fitted, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.task import Task


def bounded(X, y, bounds, **more):
    return Task(X, y, SQUARED_ERROR, space=SearchSpace(constant_bounds=bounds), **more)


def test_linear_constants_are_those_of_bounded_least_squares_and_not_clipped_ones(rng):
    X = rng.uniform(1, 2, (80, 2))
    X[:, 1] = X[:, 0] + 0.2 * X[:, 1]
    y = 3.5 * X[:, 0] - 0.5 * X[:, 1] + 0.01 * rng.standard_normal(80)
    (found,) = fitted([parse("1.1*x_0 + 1.2*x_1")], bounded(X, y, (0, 3)), Effort(restarts=1), Clock())
    expected = lsq_linear(X, y, (0, 3)).x
    np.testing.assert_allclose(found.expression.constants, expected, atol=1e-6)
    assert expected.max() < 3  # where clipping would leave it


@pytest.mark.parametrize("text", ["1.1*exp(0.9*x_0) + 1.3", "1.2*sin(1.3*x_0 + 0.4)", "1.1*x_0/(x_0 + 1.2)"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_other_constants_leave_no_more_than_scipy_finds(rng, text, is_weighted):
    X = rng.uniform(0.2, 2, (60, 1))
    weights = rng.uniform(0.5, 2, 60) if is_weighted else None
    y = np.asarray(Program([parse("4*exp(0.4*x_0) - 3")]).values(X)[0])
    task = bounded(X, y, (-1.5, 1.5), weights=weights)
    (found,) = fitted([parse(text)], task, Effort(restarts=4), Clock())
    assert task.space.allows_constants(found.expression)
    program, root = Program([parse(text)]), 1.0 if weights is None else np.sqrt(weights)
    n = len(parse(text).constants)
    least = min(
        np.mean(least_squares(
            lambda c: (program.values(X, c[None])[0] - y) * root, start, bounds=(-1.5, 1.5)
        ).fun ** 2)
        for start in rng.uniform(-1.4, 1.4, (8, n))
    )  # fmt: skip
    own = np.mean(((Program([found.expression]).values(X)[0] - y) * root) ** 2)
    assert own <= least * 1.01 + 1e-12  # waves have several minima


def test_the_minus_before_a_term_is_that_of_its_constants(rng):
    X = rng.uniform(1, 2, (40, 2))
    y = X[:, 0] - 5 * X[:, 1]
    task = bounded(X, y, (-2, 3))
    (found,) = fitted([parse("x_0 - 1.5*x_1")], task, Effort(restarts=1), Clock())
    assert found.expression.constants == pytest.approx((2.0,))


def test_candidates_take_in_what_can_be_moved_within(rng):
    X = rng.uniform(1, 2, (40, 1))
    task = bounded(X, 5 * X[:, 0], (0, 2))
    pool = Candidates(task)
    (taken,) = pool.add(scored([parse("5*x_0")], task))
    assert taken.expression.constants == (2.0,)
    assert pool.add(scored([parse("3*x_0")], task))[0].loss == taken.loss
