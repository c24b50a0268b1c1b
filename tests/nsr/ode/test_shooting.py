"""Simulations against observed paths, and constants and initial values fitted by shooting."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.ode.integrate import Systems
from nsr.ode.paths import Paths
from nsr.ode.settings import DEFAULTS
from nsr.ode.shooting import shoot
from nsr.ode.trajectories import as_trajectories

PENDULUM = ("x_1", "-2*sin(x_0) - 0.3*x_1")


def observed(equations, initial, end, n_points=120, noise=0.0):
    system = tuple(map(parse, equations))
    times = np.linspace(0, end, n_points)
    states = Systems([system]).integrate(np.array([initial], dtype=float), times, rtol=1e-9)[0]
    return times, states * (1 + noise * np.random.default_rng(0).standard_normal(states.shape))


def paths_of(times, states) -> Paths:
    return Paths(as_trajectories(times, states), DEFAULTS)


def test_shooting_finds_constants_and_initial_values():
    times, states = observed(PENDULUM, [2.0, 0.0], 10, noise=0.02)
    paths = paths_of(times, states)
    started = tuple(map(parse, ("x_1", "-1.9*sin(x_0) - 0.35*x_1")))
    found = shoot(started, paths)
    assert [abs(value) for value in found.system[1].constants] == pytest.approx([2, 0.3], rel=0.05)
    np.testing.assert_allclose(found.initials[0], [2, 0], atol=0.05)
    assert found.bits < paths.rough_bits([started])[0]


def test_no_constants_are_likelier_than_those_that_fit_states_of_unlike_noise():
    """Errors of the state that scatters most would move the constants of the other one."""
    times, states = observed(("-0.8*x_0", "0.8*x_0 - 0.5*x_1"), [3.0, 0.2], 10)
    noise = np.random.default_rng(0).standard_normal(states.shape) * np.std(states, axis=0)
    paths = paths_of(times, states + [0.002, 0.2] * noise)
    true = tuple(map(parse, ("-0.8*x_0", "0.81*x_0 - 0.51*x_1")))
    found = shoot(tuple(map(parse, ("-0.9*x_0", "0.7*x_0 - 0.45*x_1"))), paths)
    errors = paths.errors(Systems([true]), np.array([[[3.0, 0.2]]]))[0]
    assert found.bits <= paths.bits(true, errors) + 0.1
    assert found.system[0].constants == pytest.approx([-0.8], rel=2e-3)


def test_shooting_out_of_time_keeps_what_it_has():
    paths = paths_of(*observed(PENDULUM, [2.0, 0.0], 10))
    started = tuple(map(parse, ("x_1", "-1.9*sin(x_0) - 0.35*x_1")))
    found = shoot(started, paths, clock=Clock(0.0))
    assert found.system == started
    assert found.bits == pytest.approx(paths.bits(started, paths.errors(Systems([started]))[0]))


def test_a_simulation_that_breaks_off_counts_as_far_off():
    paths = paths_of(*observed(("1 - x_0",), [0.0], 5))
    blown_up: tuple[Expression, ...] = (parse("1 + x_0**2"),)
    off = paths.errors(Systems([blown_up]))
    assert np.all(np.isfinite(off))
    assert off[0, -1, 0] >= 3


def test_paths_of_different_lengths_are_each_compared_with_their_own_solution():
    decay = (parse("-x_0"),)
    parts = [observed(("-1.0*x_0",), [start], end, n) for start, end, n in ((1.0, 2, 40), (5.0, 1, 15))]
    paths = paths_of([times for times, _ in parts], [states for _, states in parts])
    exact = np.concatenate([states[0] * np.exp(-times)[:, None] for times, states in parts])
    twice = np.concatenate([2 * states[0] * np.exp(-times)[:, None] for times, states in parts])
    starts = np.array([[[1.0], [5.0]], [[2.0], [10.0]]])
    off = paths.errors(Systems([decay]), starts, np.zeros((2, 1)), np.zeros(2, dtype=int))
    np.testing.assert_allclose(off[0], 0, atol=1e-5)
    np.testing.assert_allclose(off[1], (twice - exact) / exact.std(), rtol=1e-4, atol=1e-5)


def test_one_fit_serves_several_paths():
    parts = [
        observed(PENDULUM, start, end, n) for start, end, n in (([2.0, 0.0], 6, 60), ([0.5, 1.0], 3, 30))
    ]
    paths = paths_of([times for times, _ in parts], [states for _, states in parts])
    started = tuple(map(parse, ("x_1", "-1.7*sin(x_0) - 0.4*x_1")))
    found = shoot(started, paths)
    assert [abs(value) for value in found.system[1].constants] == pytest.approx([2, 0.3], rel=1e-3)
    np.testing.assert_allclose(found.initials, [[2, 0], [0.5, 1]], atol=1e-3)


def test_least_squares_are_scipys():
    """Through noise, with four pieces that each have their own initial values."""
    (whole,) = as_trajectories(*observed(PENDULUM, [2.0, 0.0], 10, noise=0.05))
    paths = Paths(whole.segments(30), DEFAULTS)
    started = tuple(map(parse, ("x_1", "-1.9*sin(x_0) - 0.35*x_1")))
    compiled = Systems([started])
    begin = np.concatenate((compiled.constants[0], paths.initials.ravel()))
    expected = least_squares(
        lambda v: paths.errors(compiled, v[2:].reshape(1, 4, 2), v[None, :2]).ravel(), begin, x_scale="jac"
    )
    found = shoot(started, paths)
    errors = paths.errors(Systems([found.system]), found.initials[None])
    assert np.sum(errors**2) == pytest.approx(2 * expected.cost, rel=1e-3)
