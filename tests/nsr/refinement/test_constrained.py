"""Constants under shape constraints, against least squares with the same constraints by SciPy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit, lsq_linear

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import holds
from nsr.expressions.parsing import parse
from nsr.expressions.shape import Bounded, Box, Exchangeable, Mirrored, Shape, Sloped, Tending
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import Candidates, fitted, scored
from nsr.refinement.constrained import fitted_to_shape, without_vanished
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.task import Task


def shaped(X, y, *constraints):
    space = SearchSpace(shape=Shape(constraints, Box(X.min(axis=0), X.max(axis=0))))
    return Task(X, y, SQUARED_ERROR, space=space)


def test_a_slope_that_must_not_fall_has_the_constants_of_bounded_least_squares(rng):
    X = rng.uniform(0, 2, (60, 2))
    y = 1.5 * X[:, 0] - 0.4 * X[:, 1] + 0.1 * rng.standard_normal(60)
    task = shaped(X, y, Sloped(0, 1, 1), Sloped(1, 1, 1))
    found = fitted_to_shape(parse("1.4*x_0 - 0.3*x_1"), task)
    expected = lsq_linear(X, y, (0, np.inf)).x
    constants = np.array(found.constants) * [1, -1]
    np.testing.assert_allclose(constants, expected, atol=1e-5)


def test_a_limit_is_met_and_the_other_constants_are_those_of_least_squares_with_it(rng):
    x = np.sort(rng.uniform(0.1, 12, 60))
    y = 1078 - 900 * np.exp(-0.3 * x) + 10 * rng.standard_normal(60)
    task = shaped(x[:, None], y, Tending(0, np.inf, 1078.0))
    best, _ = curve_fit(lambda x, a, k: 1078 - a * np.exp(-k * x), x, y, (900, 0.3))
    found = fitted_to_shape(parse("1071.3 - 890.2*exp(-0.31*x_0)"), task)
    assert found.constants[0] == 1078.0
    np.testing.assert_allclose(np.abs(found.constants[1:]), best, rtol=1e-4)


def test_a_limit_that_is_a_ratio_of_constants_is_met(rng):
    x = np.sort(rng.uniform(0.1, 12, 60))
    y = 1078 / (1 + 30 * np.exp(-0.7 * x)) + 10 * rng.standard_normal(60)
    task = shaped(x[:, None], y, Tending(0, np.inf, 1078.0))
    (_, rate), _ = curve_fit(lambda x, k, rate: 1078 / (1 + k * np.exp(-rate * x)), x, y, (20, 0.5))
    found = fitted_to_shape(parse("35.1/(exp(-0.71*x_0) + 0.0331)"), task)
    assert found.constants[0] / found.constants[2] == pytest.approx(1078, rel=1e-7)
    assert abs(found.constants[1]) == pytest.approx(rate, rel=1e-3)


def test_what_must_vanish_far_away_loses_its_level(rng):
    x = np.sort(rng.uniform(0.1, 8, 60))
    y = 2 * np.exp(-0.5 * x) + 0.02 * rng.standard_normal(60)
    task = shaped(x[:, None], y, Tending(0, np.inf, 0.0))
    before = parse("2.1*exp(-0.55*x_0) + 0.04")
    found = without_vanished(before, fitted_to_shape(before, task), task.space.shape)
    best, _ = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y, (2, 0.5))
    assert len(found.constants) == 2
    np.testing.assert_allclose(found.constants, best, rtol=1e-3)


def test_what_passes_by_a_limit_is_not_bent_to_it(rng):
    x = np.sort(rng.uniform(0.1, 8, 60))
    task = shaped(x[:, None], np.sqrt(x), Tending(0, np.inf, 3.0))
    assert fitted_to_shape(parse("1.1*sqrt(x_0)"), task) is None
    slow = parse("0.4 + 1.1*log(x_0 + 1.5)")
    assert without_vanished(slow, fitted_to_shape(slow, task), task.space.shape) is None


def test_a_curve_that_must_not_be_negative_touches_its_bound(rng):
    x = np.linspace(-1, 1, 81)
    task = shaped(x[:, None], x**2 - 0.2, Bounded(0.0))
    found = fitted_to_shape(parse("1.1*x_0**2 - 0.3"), task)
    assert holds([found], task.space.shape)[0]
    # a x^2 + b with b = 0 is the best there: its a is sum(x^2 (x^2 - 0.2)) / sum(x^4).
    best = np.sum(x**2 * (x**2 - 0.2)) / np.sum(x**4)
    loss = np.mean((best * x**2 - x**2 + 0.2) ** 2)
    assert scored([found], task)[0].loss == pytest.approx(loss, rel=1e-3)


def test_what_has_no_such_constants_is_given_up(rng):
    X = rng.uniform(-1, 1, (40, 2))
    task = shaped(X, X[:, 0], Bounded(2.0))
    assert fitted_to_shape(parse("x_0"), task) is None
    assert fitted_to_shape(parse("1.1*sin(x_0)"), task) is None


def test_candidates_take_in_what_has_the_shape_or_can_be_given_it(rng):
    X = rng.uniform(-1, 1, (80, 2))
    y = 2 * X[:, 0] + 2 * X[:, 1] + 0.3 * rng.standard_normal(80)
    task = shaped(X, y, Exchangeable(0, 1))
    pool = Candidates(task)
    free = fitted([parse("1.1*x_0 + 1.2*x_1")], task, Effort(restarts=1), Clock())
    (taken,) = pool.add(free)
    assert taken.expression.skeleton() == free[0].expression.skeleton()
    assert holds([taken.expression], task.space.shape)[0]
    assert not holds([free[0].expression], task.space.shape)[0]
    assert taken.expression.constants[0] == pytest.approx(
        np.sum(X.sum(axis=1) * y) / np.sum(X.sum(axis=1) ** 2)
    )


@pytest.mark.parametrize("text", ["1.2*sin(0.7*x_0)", "2*sin(1.3*x_0) + 0.7", "0.3/sin(0.3*x_0) + 0.4"])
def test_a_wave_is_given_no_limit_by_its_frequency(text):
    rng = np.random.default_rng(0)
    for low, high in ((1, 5), (0.3, 2), (2, 9)):
        X = rng.uniform(low, high, (60, 1))
        y = Program([parse(text)]).values(X)[0] + 0.1 * rng.standard_normal(60)
        assert fitted_to_shape(parse(text), shaped(X, y, Tending(0, -np.inf, 1.0)), 60) is None


def test_what_loses_a_required_column_by_its_shape_is_not_taken_in(rng):
    X = rng.uniform(-1, 1, (80, 2))
    y = 2 * X[:, 0] + 0.3 * X[:, 1] + 0.1 * rng.standard_normal(80)
    free = shaped(X, y, Mirrored(1, 1))
    (odd,) = fitted([parse("1.1*x_0 + 1.2*x_1")], free, Effort(restarts=1), Clock())
    assert [one.expression.variables for one in Candidates(free).add([odd])] == [(0,)]
    bound = replace(free, space=replace(free.space, required=frozenset({1})))
    assert Candidates(bound).add([odd]) == []
