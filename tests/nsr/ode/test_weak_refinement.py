"""Constants fitted to the weak form come out as the true ones, and as scipy's least squares has them."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.ode.integrate import Systems
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import WeakForm, weak_forms
from nsr.ode.weak_refinement import fit_constants

HILL = (parse("1.5*x_0/(0.7 + x_0) - 0.4*x_0"),)


def weak_form(noise: float = 0.0) -> WeakForm:
    times = np.linspace(0, 8, 150)
    states = Systems([HILL]).integrate(np.array([[0.1]]), times, rtol=1e-10)[0]
    rng = np.random.default_rng(0)
    observed = Trajectory(times, states * (1 + noise * rng.standard_normal(states.shape)))
    return weak_forms([observed], DEFAULTS)[1]


def test_true_constants_come_back_from_afar():
    (fit,) = fit_constants([parse("1.0*x_0/(1.3 + x_0) - 0.2*x_0")], weak_form(), 0, 10)
    X = np.linspace(0.1, 3, 20)[:, None]
    expected, found = Program([HILL[0], fit.expression]).values(X)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert fit.residual < 1e-4


def test_factors_that_make_up_for_an_inner_constant_do_not_end_the_way_to_it():
    started = parse("0.9*x_0/(0.3 + x_0) - 0.3*x_0 + 0.1 + 0.01*x_0**2")
    (fit,) = fit_constants([started], weak_form(), 0, 10)
    X = np.linspace(0.1, 3, 20)[:, None]
    expected, found = Program([HILL[0], fit.expression]).values(X)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(fit.expression.constants[:2], HILL[0].constants[:2], rtol=0.02)


def test_noisy_least_squares_are_scipys():
    weak = weak_form(noise=0.05)
    started = parse("1.4*x_0/(0.8 + x_0) - 0.35*x_0")
    program = Program([started])
    expected = least_squares(
        lambda c: weak.integrals(program, c[None])[0] - weak.target[:, 0], program.constants[0]
    )
    (fit,) = fit_constants([started], weak, 0, 10)
    off = weak.integrals(Program([fit.expression]))[0] - weak.target[:, 0]
    assert off @ off == pytest.approx(2 * expected.cost, rel=1e-4)


def test_what_is_not_finite_is_left_out_and_constants_may_be_absent():
    fits = fit_constants([parse("log(0 - x_0)"), parse("x_0"), parse("2.5*x_0")], weak_form(), 0, 10)
    assert len(fits) == 2
    assert fits[0].expression == parse("x_0")
    assert fits[1].residual < fits[0].residual
    assert fit_constants([], weak_form(), 0, 10) == []
