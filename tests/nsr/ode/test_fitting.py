import itertools
import time

import numpy as np
import pytest

from nsr.expressions.parsing import parse
from nsr.ode.fitting import Fitting
from nsr.ode.forms import forms
from nsr.ode.integrate import Systems
from nsr.ode.shooting import Paths
from nsr.ode.trajectories import as_trajectories
from nsr.ode.weak_form import WIDTHS, WeakForm


def fitting(
    equations: tuple[str, ...], initial: list[float], noise: float, varies: tuple[int, ...]
) -> Fitting:
    """Of a system that is seen through noise."""
    times = np.linspace(0, 10, 150)
    states = Systems([tuple(map(parse, equations))]).integrate(np.array([initial]), times, rtol=1e-9)[0]
    draws = np.random.default_rng(0).standard_normal(states.shape)
    trajectories = as_trajectories(times, states * (1 + noise * draws))
    pieces = list(itertools.chain.from_iterable(t.segments(25) for t in trajectories))
    weak_forms = [WeakForm(trajectories, width) for width in WIDTHS]
    nothing = [[] for _ in equations]
    return Fitting(Paths(pieces), Paths(trajectories), np.array([0]), weak_forms, nothing, varies)


@pytest.mark.parametrize(
    "start", [("1.1*x_1 + 0.001*x_0", "-1.5*tanh(x_0)"), ("x_1*cos(x_0)", "-1.5*x_0"), ("x_1", "-1.5*x_1")]
)
def test_variations_lead_to_the_pendulum(start):
    true = ("x_1", "-2*sin(x_0)")
    best = fitting(true, [2.0, 0.0], 0.0, (0, 1)).best([tuple(map(parse, start))], time.monotonic() + 60)
    assert forms(best[0].system) == forms(tuple(map(parse, true)))
    assert best[0].is_exact
    assert best[0].system[1].constants[0] == pytest.approx(-2, rel=1e-4)


def test_forms_are_reported_once():
    start = [tuple(map(parse, texts)) for texts in (("x_1", "-x_0"), ("0.9*x_1", "-1.1*x_0"))]
    best = fitting(("x_1", "-2*x_0"), [2.0, 0.0], 0.03, ()).best(start, time.monotonic() + 60)
    assert len(best) == 1


def test_what_hangs_on_exact_initial_values_comes_last():
    """Noise may put initial values on the wrong side of a pole."""
    near_pole, sturdy = (parse("0.3*x_0 + 0.001/(x_0 - 0.95)"),), (parse("x_0/3"),)
    found = fitting(("0.3*x_0",), [1.0], 0.1, ()).best([near_pole, sturdy], time.monotonic() + 60)
    assert forms(found[0].system) == forms(sturdy)


def test_a_root_that_leads_nowhere_from_an_observed_zero_comes_last():
    """The square root's solution from 0 is not unique: a fit may begin beside it, a simulation stays."""
    root, sturdy = (parse("1.6*sqrt(abs(x_0)) - 1.5*x_0"),), (parse("0.9 - 0.8*tanh(x_0)"),)
    found = fitting(("1 - x_0",), [0.0], 0.05, ()).best([root, sturdy], time.monotonic() + 60)
    assert forms(found[0].system) == forms(sturdy)
    assert found[1].bits < found[0].bits
