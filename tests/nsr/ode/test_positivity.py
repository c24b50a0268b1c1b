"""Right-hand sides that take amounts below 0, and those that keep them."""

from dataclasses import replace

import numpy as np
import pytest

from nsr.expressions.parsing import parse
from nsr.ode.motion import Motion
from nsr.ode.paths import Paths
from nsr.ode.positivity import Positivity
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory

TIMES = np.linspace(0, 10, 60)
AMOUNTS = np.column_stack((2 + np.sin(TIMES), 1.5 + np.cos(TIMES)))


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        ("0.3*x_0 - x_0*x_1", "x_0*x_1 - x_1", 0),
        ("0.3*x_0 - x_1", "x_0*x_1 - x_1", 1),
        ("0.3 - x_0*x_1", "0.5*x_0 - 1", 1),
        ("-0.1", "-1/x_1", 2),
        ("x_0*log(x_1) - x_0*log(x_0)", "-sqrt(x_1)", 0),
        ("x_1", "-x_0", 1),
    ],
)
def test_what_uses_an_amount_up_ends_with_it(first, second, n):
    assert Positivity([Trajectory(TIMES, AMOUNTS)]).n_crossing((parse(first), parse(second))) == n


def test_states_that_were_negative_may_be_so():
    swing = Trajectory(TIMES, AMOUNTS - 2)
    assert Positivity([swing]).n_crossing((parse("-0.1"), parse("x_0 - 1"))) == 0


def test_nothing_is_said_of_equations_of_order_2():
    thrown = Trajectory(TIMES, AMOUNTS, motion=Motion(order=2))
    assert Positivity([thrown]).n_crossing((parse("-9.81"), parse("-x_1"))) == 0


def test_a_system_that_takes_amounts_below_0_needs_more_bits():
    kept, crossing = (parse("x_0*x_1"), parse("-x_1")), (parse("x_0*x_1"), parse("-x_0"))
    left = np.array([0.01, 0.01])
    bits = [
        Paths([Trajectory(TIMES, AMOUNTS)], DEFAULTS).bits_of_shares(one, left) for one in (kept, crossing)
    ]
    without = Paths([Trajectory(TIMES, AMOUNTS)], replace(DEFAULTS, crossing_bits=0.0))
    assert bits[1] - bits[0] == DEFAULTS.crossing_bits
    assert without.bits_of_shares(crossing, left) == bits[0]
