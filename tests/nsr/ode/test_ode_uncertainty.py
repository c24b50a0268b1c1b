"""Standard errors of the constants of systems: against linear theory and against repeated observation."""

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.ode import ODERegressor
from nsr.ode.settings import DEFAULTS
from nsr.ode.shooting import shoot
from nsr.ode.task import OdeTask
from nsr.ode.uncertainty import uncertain

TIMES = np.linspace(0, 5, 80)


def noisy(seed):
    rng = np.random.default_rng(seed)
    return 2 * np.exp(-0.7 * TIMES)[:, None] + 0.05 * rng.standard_normal((80, 1))


def test_errors_are_those_of_the_solution_as_a_function():
    """x0 exp(-k t) has derivatives that can be written down."""
    task = OdeTask.of(TIMES, noisy(0), DEFAULTS, 0)
    fitted = shoot((parse("-0.7*x_0"),), task.whole)
    found = uncertain(fitted.system, fitted, task, ("x",))
    (row,) = found.table.to_dict("records")
    rate, start = -fitted.system[0].constants[0], fitted.initials[0, 0]
    design = np.column_stack((np.exp(rate * -TIMES), start * TIMES * np.exp(rate * -TIMES)))
    off = noisy(0)[:, 0] - start * np.exp(rate * -TIMES)
    expected = np.sqrt(off @ off / 78 * np.linalg.inv(design.T @ design)[1, 1])
    assert row["error"] == pytest.approx(expected, rel=1e-3)
    assert (row["low"] + row["high"]) / 2 == pytest.approx(row["value"])
    assert found.covariance == pytest.approx(np.array([[expected**2]]), rel=2e-3)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    n_held = 0
    for seed in range(60):
        task = OdeTask.of(TIMES, noisy(seed), DEFAULTS, 0)
        fitted = shoot((parse("-0.7*x_0"),), task.whole)
        table = uncertain(fitted.system, fitted, task, ("x",)).table
        n_held += int(table["low"][0] <= -0.7 <= table["high"][0])
    assert 51 <= n_held <= 60


def test_what_nothing_is_known_of_has_an_infinite_error():
    task = OdeTask.of(TIMES, noisy(0), DEFAULTS, 0)
    fitted = shoot((parse("-0.7123*x_0*(1.1234/1.3456)"),), task.whole, clock=Clock.of(0))
    found = uncertain(fitted.system, fitted, task, ("x",))
    assert len(found.table) == 3
    assert np.all(np.isinf(found.table["error"]))
    assert np.all(np.isinf(found.covariance))


def test_fits_have_constants_with_errors():
    model = ODERegressor(stages="library", time_limit=3).fit(TIMES, noisy(0))
    (row,) = model.constants_.to_dict("records")
    assert (row["state"], row["name"]) == ("x_0", "c0")
    assert row["low"] < -0.7 < row["high"]
