"""Whether states are closed, what would make them so, and what users are told: on systems that are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from nsr.data.notes import DataWarning
from nsr.ode import ODERegressor
from nsr.ode.closure import cures, is_open
from nsr.ode.motion import Motion
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask

TIMES = np.linspace(0, 20, 250)


def solved(slope, initial):
    return solve_ivp(slope, (TIMES[0], TIMES[-1]), initial, t_eval=TIMES, rtol=1e-9, atol=1e-11).y.T


LIMIT_CYCLE = solved(lambda _, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]], [0.5, 0.0])
DRIVEN = solved(lambda t, x: [np.sin(t) + np.sin(np.sqrt(2) * t) - 0.4 * x[0]], [1.0])


def task(states, noise=0.0, motion=None):
    scatter = noise * np.std(states, axis=0) * np.random.default_rng(0).standard_normal(states.shape)
    return OdeTask.of(TIMES, states + scatter, DEFAULTS, 0, motion or Motion())


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_what_comes_back_and_goes_on_differently_is_open(noise):
    assert not is_open(task(LIMIT_CYCLE, noise))
    assert is_open(task(LIMIT_CYCLE[:, :1], noise))
    assert is_open(task(DRIVEN, noise))
    assert not is_open(task(np.exp(-TIMES)[:, None] + 1, noise))  # never comes back
    assert not is_open(task(DRIVEN, noise, Motion(has_time=True)))


def test_velocities_resolve_an_oscillator_and_nothing_but_inputs_what_is_driven():
    assert cures(task(LIMIT_CYCLE[:, :1])) == ["order=2, as velocities resolve this"]
    assert not is_open(task(LIMIT_CYCLE[:, :1], motion=Motion(order=2)))
    assert any(cure.startswith("inputs=") for cure in cures(task(DRIVEN)))


def test_users_are_told_and_told_nothing_where_all_is_well():
    frame = pd.DataFrame({"x": LIMIT_CYCLE[:, 0]})
    with pytest.warns(DataWarning, match="the states are not closed: .* give order=2"):
        model = ODERegressor(stages="library", time_limit=2).fit(TIMES, frame)
    assert len(model.warnings_) == 1
    assert ODERegressor(stages="library", time_limit=2, order=2).fit(TIMES, frame).warnings_ == []
    assert ODERegressor(stages="library", time_limit=2).fit(TIMES, LIMIT_CYCLE).warnings_ == []
