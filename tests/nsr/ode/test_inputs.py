"""Inputs as functions of time, and what they do in simulations: against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from nsr.expressions.parsing import parse
from nsr.ode.inputs import Inputs, StackedInputs
from nsr.ode.integrate import Systems

KNOTS = np.linspace(0, 10, 51)
STEPS = np.where((KNOTS // 2) % 2 == 0, 1.0, -0.5)


def simulated(equations, initial, times, inputs, **options):
    system = Systems([tuple(map(parse, equations))], len(inputs.pieces), **options)
    tight = {} if options else {"rtol": 1e-9, "atol": 1e-11}
    return system.integrate(np.array([initial]), times, inputs=StackedInputs.of([inputs]), **tight)[0]


def test_lines_steps_and_curves_go_through_the_observations():
    wave = np.sin(KNOTS)
    curved = Inputs.of(KNOTS, np.column_stack((wave, KNOTS)), False, False)
    fine = np.linspace(0, 10, 333)
    assert curved.is_smooth is False  # a straight line is no curve
    np.testing.assert_allclose(curved.at(fine), np.column_stack((np.sin(fine), fine)), atol=1e-3)
    lines = Inputs.of(KNOTS, STEPS[:, None], False, True)
    expected = np.column_stack((np.interp(fine, KNOTS, STEPS), fine))
    np.testing.assert_allclose(lines.at(fine), expected, atol=1e-12)
    held = Inputs.of(KNOTS, STEPS[:, None], True, False).at(fine[:-1])[:, 0]
    np.testing.assert_array_equal(held, STEPS[np.searchsorted(KNOTS, fine[:-1], side="right") - 1])


@pytest.mark.parametrize("is_held", [True, False])
def test_simulations_with_inputs_and_time_agree_with_scipy(is_held):
    """Piece by piece, as no solver should step over a jump."""
    inputs = Inputs.of(KNOTS, STEPS[:, None], is_held, True)
    found = simulated(("x_1", "x_2 - x_0 + 0.1*x_3"), [1.0, 0.0], KNOTS, inputs)
    expected = [np.array([1.0, 0.0])]
    for a, b, left, right in zip(KNOTS, KNOTS[1:], STEPS, STEPS[1:], strict=False):

        def slope(t, x, a=a, b=b, left=left, right=right):
            force = left if is_held else left + (right - left) * (t - a) / (b - a)
            return [x[1], force - x[0] + 0.1 * t]

        expected.append(solve_ivp(slope, (a, b), expected[-1], rtol=1e-11, atol=1e-12).y[:, -1])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_paths_have_their_own_inputs_and_grids():
    pairs = ((KNOTS, 1.0), (KNOTS[:9], -2.0))
    one, other = (Inputs.of(knots, np.full((len(knots), 1), value), True, False) for knots, value in pairs)
    systems = Systems([(parse("x_1"),)], 1)
    both = StackedInputs.of([one, other])
    times = np.stack((KNOTS, np.minimum(KNOTS, KNOTS[8])))
    found = systems.integrate(
        np.zeros((2, 1)), times, index=np.zeros(2, int), inputs=both, which=np.array([0, 1])
    )
    np.testing.assert_allclose(found[..., 0], times * [[1.0], [-2.0]], atol=1e-9)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.floats(-0.9, 0.9))
def test_maps_are_iterated_over_gaps_with_the_input_of_each_step(gaps, factor):
    steps = np.concatenate(([3], 3 + np.cumsum(gaps))).astype(float)
    grid = np.arange(3, steps[-1] + 2)
    force = np.cos(grid)
    inputs = Inputs.of(grid, force[:, None], False, False)
    found = simulated((f"{factor}*x_0 + x_1",), [0.5], steps, inputs, is_discrete=True)[:, 0]
    values = [0.5]
    for acting in force[: int(steps[-1] - 3)]:
        values.append(factor * values[-1] + acting)
    np.testing.assert_allclose(found, [values[int(step - 3)] for step in steps], atol=1e-9)


def test_inputs_that_are_not_given_are_missed():
    with pytest.raises(ValueError, match="2 rows need 1 inputs each, not 0"):
        Systems([(parse("x_1"),)], 1).integrate(np.ones((2, 1)), KNOTS, index=np.zeros(2, int))
