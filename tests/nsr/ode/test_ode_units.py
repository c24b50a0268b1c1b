"""Units of the time, the states and the inputs of systems."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from nsr import ODERegressor
from nsr.data.names import Names
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.ode.motion import PLAIN, Motion
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask
from nsr.ode.units import check_sums, units_of_states, without_groups

NAMES = Names.of(["x", "v"])
MECHANICS = {"t": "s", "x": "m", "v": "m/s"}


def read(given, names=NAMES, motion=PLAIN, n_states=2, n_groups=0, constants="free"):
    return units_of_states(given, names, "t", motion, n_states, n_groups, constants)


@pytest.mark.parametrize(
    ("state", "text", "is_allowed"),
    [
        ("x", "v", True),
        ("x", "x", False),
        ("x", "1.1*v - 0.1*x", True),
        ("x", "v + x", False),
        ("x", "v*(1.1 - x)", False),
        ("x", "0.3*sin(v)", False),
        ("x", "0.3*sin(2.2*v)", True),
        ("v", "v*v/x", True),
        ("v", "v/x", False),
        ("v", "-2.3*x - 0.4*v", True),
    ],
)
def test_right_sides_have_the_units_of_rates(state, text, is_allowed):
    """By hand: x in m, v in m/s, so that dx/dt is in m/s and dv/dt in m/s^2."""
    times = np.linspace(0, 6, 30)
    task = OdeTask.of(times, np.column_stack((np.cos(times), -np.sin(times))), DEFAULTS, 0)
    task = OdeTask(task.trajectories, task.settings, 0, 1, units=read(MECHANICS))
    assert (task.allowed("xv".index(state), [parse(text, ["x", "v"])]) != []) == is_allowed


@pytest.mark.parametrize(
    ("motion", "wanted"),
    [
        (Motion(order=2, n_inputs=1, has_time=True), [[1, 0], [1, -1], [1, -2], [0, 1]]),
        (Motion(n_inputs=1), [[1, 0], [1, -2]]),
    ],
)
def test_velocities_inputs_and_the_time_have_units(motion, wanted):
    names = Names.of(motion.variable_names(["x"], ["push"], "t"))
    (own,) = read({"t": "s", "x": "m", "push": "m/s^2"}, names, motion, 1)
    assert own.variables.tolist() == wanted
    assert own.target.tolist() == [1, -motion.order]


def test_maps_need_no_unit_of_steps_and_indicators_none():
    motion = Motion(is_discrete=True, n_inputs=2)
    names = Names.of(["n", "is_a", "is_b"])
    units = read({"n": "kg"}, names, motion, 1, n_groups=2)
    assert (units[0].variables.tolist(), units[0].target.tolist()) == ([[1], [0], [0]], [1])
    assert without_groups(units, motion, 2)[0].variables.tolist() == [[1]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"t": "s", "x": "m"}, "there is none for 'v'; give each one, '1' for none"),
        ({"x": "m", "v": "m/s"}, "there is none for 't'"),
        (MECHANICS | {"y": "m"}, "there is no 'y'"),
        (MECHANICS | {"x": "metres per"}, "not a unit"),
    ],
)
def test_units_that_cannot_be_used_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        read(given)


def test_sums_of_unlike_units_do_not_stay_constant():
    check_sums(np.array([[1.0, 1.0]]), read({"t": "s", "x": "m", "v": "cm"}), NAMES)
    with pytest.raises(ValueError, match=r"x \+ v have unlike units"):
        check_sums(np.array([[1.0, 1.0]]), read(MECHANICS), NAMES)


def test_units_act_inside_the_search():
    """With constants that have no units every system is a sum of terms in m/s: x alone, or 1, is in none."""
    times = np.linspace(0, 8, 60)
    inputs = pd.DataFrame({"k": 0.5 + 0.3 * np.sin(times), "u": np.cos(2 * times)})
    solved = solve_ivp(
        lambda t, x: np.cos(2 * t) - (0.5 + 0.3 * np.sin(t)) * x, (0, 8), [1.0], t_eval=times, rtol=1e-9
    )
    model = ODERegressor(stages="library", time_limit=3.0, constant_units="dimensionless")
    units = {"t": "s", "x": "m", "k": "1/s", "u": "m/s"}
    model.fit(times, pd.DataFrame({"x": solved.y[0]}), inputs, units=units)
    (found,) = model.sympy()
    values = {"k": 0.4, "u": 0.3, "x": 0.7}
    at = {symbol: values[str(symbol)] for symbol in found.free_symbols}
    assert float(found.subs(at)) == pytest.approx(0.3 - 0.4 * 0.7, abs=1e-3)
    X = np.random.default_rng(0).uniform(0.5, 1, (5, 3))
    for (one,) in model.expressions_:  # lengths in other units change rates by the same factor
        in_metres, in_halves = (Program([one]).values(X * [factor, 1, factor]) for factor in (1, 2))
        assert in_halves == pytest.approx(2 * in_metres)


def test_units_of_groups():
    times = np.linspace(0, 6, 40)
    states = [3.0 * np.exp(-0.8 * times)[:, None], 2.0 * np.exp(-0.3 * times)[:, None]]
    model = ODERegressor(stages="library", time_limit=2.0)
    model.fit([times, times], states, category=["warm", "cold"], units={"t": "s", "x_0": "kg"})
    assert "0.3*is_cold" in model.equations(3)[model.best_index_]
