"""Sums of the terms of libraries, of systems whose law is known."""

import numpy as np
from scipy.integrate import solve_ivp

from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.ode.library import LibraryStage
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask


def proposed(right, initial, end, component, noise):
    """Forms that are proposed for a component of a system seen through noise."""
    times = np.linspace(0, end, 150)
    states = solve_ivp(right, (0, end), initial, t_eval=times, rtol=1e-10, atol=1e-12).y.T
    noisy = states * (1 + noise * np.random.default_rng(0).standard_normal(states.shape))
    proposals = LibraryStage().propose(OdeTask.of(times, noisy, DEFAULTS, seed=0), Clock())
    return {form_key(simplify(fit.expression)) for fits in proposals[component] for fit in fits}


def test_what_enters_one_state_is_looked_for_where_it_leaves_another():
    """Of an epidemic with births: with noise, many sums of three terms explain the susceptible as well."""

    def epidemic(_, z):
        infections = 1.6 * z[0] * z[2]
        return [0.1 - 0.1 * z[0] - infections, infections - 0.6 * z[1], 0.5 * z[1] - 0.3 * z[2]]

    found = proposed(epidemic, [0.95, 0.03, 0.02], 30, 0, 0.05)
    assert form_key(simplify(parse("0.1 - 0.1*x_0 - 1.6*x_0*x_2"))) in found


def test_several_forces_may_fall_with_a_distance():
    """Of the radial motion of a planet."""
    found = proposed(lambda _, z: [z[1], 1.1 / z[0] ** 3 - 0.9 / z[0] ** 2], [0.8, 0.6], 25, 1, 0.02)
    assert form_key(simplify(parse("1.1/x_0**3 - 0.9/x_0**2"))) in found
