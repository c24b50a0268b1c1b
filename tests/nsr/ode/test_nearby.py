"""Terms that stand in different sums meet in one, where the observations are clean."""

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.ode.fitting import Fitting
from nsr.ode.integrate import Systems
from nsr.ode.nearby import fit_exchanges
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask

LAW = parse("1.2 - 0.9*tanh(1.5*x_0) - 0.1*x_0**3")
# One has the curve, another the power; none has both.
PROPOSED = ["0.9 - 0.7*tanh(1.3*x_0)", "1.1 - 0.3*x_0 - 0.2*x_0**3", "1.2 - 0.8*x_0 + 0.1*x_0**2"]


def observed(noise: float) -> OdeTask:
    times = np.linspace(0, 8, 150)
    states = Systems([(LAW,)]).integrate(np.array([[-2.5]]), times, rtol=1e-10, atol=1e-12)[0]
    draws = np.random.default_rng(0).standard_normal(states.shape)
    return OdeTask.of(times, states * (1 + noise * draws), DEFAULTS, seed=0)


def found(task: OdeTask) -> Fitting:
    proposed = [parse(text) for text in PROPOSED]
    fitting = Fitting(task)
    fitting.fit([(one,) for one in proposed], Clock())
    fit_exchanges(task, [proposed], fitting, Clock())
    return fitting


def test_the_law_is_found_between_what_was_proposed():
    best = found(observed(0.0)).fitted[0].system[0]
    assert form_key(best) == form_key(LAW)
    assert sorted(map(abs, best.constants)) == pytest.approx(sorted(map(abs, LAW.constants)), rel=1e-2)


def test_noise_gets_no_such_choice():
    assert len(found(observed(0.05)).fitted) == len(PROPOSED)
