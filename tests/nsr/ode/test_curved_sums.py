"""Sums with curves: on systems whose law is known, and against all sums tried one by one."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nsr import ODERegressor
from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.monomials import polynomials
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.ode.curved_sums import curved_sums
from nsr.ode.curves import curves_of
from nsr.ode.integrate import Systems
from nsr.ode.library import CurvesStage
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import weak_bits, weak_forms
from nsr.ode.weak_refinement import fit_constants

TIMES = np.linspace(0, 10, 150)
STARTS = np.array([[0.4, 0.3], [1, 3], [3, 0.5], [2, 2]], float)


def observed(law, noise):
    system = (parse("1 - 0.5*x_0"), parse(law))
    rng = np.random.default_rng(0)
    paths = Systems([system]).integrate(STARTS, TIMES, index=np.zeros(len(STARTS), int), rtol=1e-9)
    noisy = (path * (1 + noise * rng.standard_normal(path.shape)) for path in paths)
    return weak_forms([Trajectory(TIMES, path) for path in noisy], DEFAULTS)[1]


def all_values(weak):
    return np.column_stack([weak.values_of(place) for place in range(2)])


@pytest.mark.parametrize(
    "law",
    [
        "2*exp(-0.8*x_0) - 0.3*x_1",
        "0.4*x_0 - 1.1*tanh(0.9*x_1) + 0.2",
        "0.9*x_0**0.77 - 0.4*x_1",
        "1.3*x_0*x_1/(0.8 + x_0 + 0.6*x_1) - 0.3*x_1",
        "0.9*x_0*x_1/(x_0 + 0.4*x_1) - 0.5*x_1",
        "0.4*x_1 - 0.3*x_1**2/x_0",
    ],
)
def test_the_law_has_the_shortest_description(law):
    weak = observed(law, 0.0)
    lists = curved_sums(weak, 1, polynomials(2, 1), curves_of(all_values(weak)), DEFAULTS, Clock())
    fits = [fit for sums in lists for fit in fit_constants(sums, weak, 1, 10)]
    best = min(fits, key=lambda fit: weak_bits(fit, weak, DEFAULTS)).expression
    assert form_key(simplify(best)) == form_key(parse(law))
    assert sorted(map(abs, best.constants)) == pytest.approx(sorted(map(abs, parse(law).constants)), rel=1e-3)


def test_one_state_may_hinder_itself():
    law = parse("0.4 - 2.2*x_0/(0.8 + x_0 + 0.5*x_0**2)")
    states = Systems([(law,)]).integrate(np.array([[4.0]]), TIMES, rtol=1e-9)[0]
    weak = weak_forms([Trajectory(TIMES, states)], DEFAULTS)[1]
    lists = curved_sums(weak, 0, polynomials(1, 1), curves_of(weak.values_of(0)[:, None]), DEFAULTS, Clock())
    fits = [fit for sums in lists for fit in fit_constants(sums, weak, 0, 10)]
    best = min(fits, key=lambda fit: weak_bits(fit, weak, DEFAULTS)).expression
    assert form_key(simplify(best)) == form_key(law)


def test_none_of_all_sums_of_a_plain_term_and_a_curve_leaves_less():
    weak = observed("0.7*cos(2*x_0) - 0.3*x_1", 0.02)
    plain, target = polynomials(2, 1), weak.target[:, 1]
    curves = [one for one in curves_of(all_values(weak)) if list(one.shape.variables) == [0]][:6]
    tried = [curve.shape.with_constants(row.tolist()) for curve in curves for row in curve.constants]
    columns = weak.integrals(Program([*plain, *tried])).T
    left = min(
        np.linalg.norm(target - pair @ np.linalg.lstsq(pair, target, rcond=None)[0])
        for first, second in itertools.product(range(len(plain)), range(len(plain), columns.shape[1]))
        for pair in [columns[:, [first, second]]]
    )
    sums = next(curved_sums(weak, 1, plain, curves, DEFAULTS, Clock()))
    of_two = [one for one in sums if len(one.constants) <= 3]
    best = min(fit.residual for fit in fit_constants(of_two, weak, 1, 20))
    assert best * np.linalg.norm(target) <= left * (1 + 1e-9)


@pytest.mark.parametrize("n_states", [1, 2, 5])
@pytest.mark.parametrize("lowest", [-1.0, 0.0, 0.5])
def test_curves_have_values_wherever_states_are(n_states, lowest, rng):
    values = lowest + 2 * rng.random((50, n_states))
    curves = curves_of(values)
    assert len({curve.shape for curve in curves}) == len(curves)
    for curve in curves:
        rows = Program([curve.shape]).values(values, curve.constants, np.zeros(len(curve.constants), int))
        assert np.all(np.isfinite(rows))
    of_pairs = [curve for curve in curves if len(curve.shape.variables) == 2]
    assert bool(of_pairs) == (n_states == 2)


def test_no_longer_sums_are_looked_for_when_time_is_up():
    weak = observed("2*exp(-0.8*x_0) - 0.3*x_1", 0.0)
    lists = list(
        curved_sums(weak, 1, polynomials(2, 1), curves_of(all_values(weak)), DEFAULTS, Clock().within(0))
    )
    assert not any(lists)


def test_what_plain_terms_explain_is_found_before_curves_are_looked_for(monkeypatch):
    monkeypatch.setattr(CurvesStage, "propose", lambda *_: pytest.fail("looked for curves"))
    times = np.linspace(0, 12, 200)

    def reaction(_, z):
        return [1 - 4 * z[0] + z[0] ** 2 * z[1], 3 * z[0] - z[0] ** 2 * z[1]]

    states = solve_ivp(reaction, (0, 12), [1.0, 1.0], t_eval=times, rtol=1e-11, atol=1e-11).y.T
    model = ODERegressor(stages=("library", "curves", "variation")).fit(times, states)
    assert model.best_["r2"] > 1 - 1e-9
