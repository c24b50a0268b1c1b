"""Simulation at any times, and of systems that the explicit method cannot follow, against SciPy."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from nsr.expressions.parsing import parse
from nsr.ode.simulation import simulate

OSCILLATOR = (parse("x_1"), parse("-x_0"))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20))
def test_times_may_come_in_any_order_and_repeat(times):
    states = simulate(OSCILLATOR, np.array(times), np.array([1.0, 0.0]))
    np.testing.assert_allclose(states[:, 0], np.cos(np.array(times) - min(times)), atol=1e-6)


def test_a_stiff_system_is_followed():
    """Van der Pol's oscillator, a million times stiffer than the explicit method can go through."""
    system = (parse("x_1"), parse("1e6*(1 - x_0**2)*x_1 - 1e6*x_0"))
    times = np.linspace(0, 2, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        states = simulate(system, times, np.array([2.0, 0.0]))
    expected = solve_ivp(
        lambda _, x: [x[1], 1e6 * (1 - x[0] ** 2) * x[1] - 1e6 * x[0]],
        (0, 2),
        [2.0, 0.0],
        method="Radau",
        t_eval=times,
        rtol=1e-8,
        atol=1e-10,
    )
    np.testing.assert_allclose(states[:, 0], expected.y[0], atol=1e-4)


def test_a_long_simulation_is_followed_to_its_end():
    """Some 1,600 turns: more than the 20,000 steps that rows of a search may take."""
    times = np.array([0.0, 1e4])
    states = simulate(OSCILLATOR, times, np.array([1.0, 0.0]))
    assert states[1, 0] == pytest.approx(np.cos(1e4), abs=1e-3)


@pytest.mark.parametrize("size", [1e-16, 1e16])
def test_units_do_not_matter(size):
    states = simulate(OSCILLATOR, np.linspace(0, 5, 20), np.array([size, 0.0]))
    np.testing.assert_allclose(states[:, 0] / size, np.cos(np.linspace(0, 5, 20)), atol=1e-6)


@pytest.mark.parametrize(("equation", "end"), [("x_0**2", 1.0), ("-1/x_0", 0.5), ("-1 - sqrt(x_0)", 0.6137)])
def test_what_ends_is_nan_from_there_on_and_says_so(equation, end):
    """1/(1 - t), sqrt(1 - 2 t), and a root that reaches 0 at 2 (1 - log(2)) and would go on below."""
    times = np.linspace(0, 2, 21)
    with pytest.warns(UserWarning, match="could not be followed beyond time"):
        states = simulate((parse(equation),), times, np.array([1.0]))
    assert np.all(np.isfinite(states[times < end - 0.05]))
    assert np.isnan(states[-1, 0])
