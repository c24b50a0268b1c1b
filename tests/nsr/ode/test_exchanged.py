"""Sums one exchange away: all of them, as least squares by numpy finds them one by one."""

import itertools

import numpy as np
import pytest
import sympy

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.monomials import ONE, polynomials
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.ode.exchanged import exchanged_sums, terms_of
from nsr.ode.integrate import Systems
from nsr.ode.settings import DEFAULTS
from nsr.ode.ties import multiplied_out
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import WeakForm, weak_forms
from nsr.ode.weak_refinement import fit_constants

TIMES = np.linspace(0, 10, 150)


def weak_form(law: str) -> WeakForm:
    """Of the second of two states, the first of which is a clock of its own."""
    system = (parse("1 - 0.5*x_0"), parse(law))
    states = Systems([system]).integrate(np.array([[0.2, 0.5]]), TIMES, rtol=1e-10)[0]
    return weak_forms([Trajectory(TIMES, states)], DEFAULTS)[1]


@pytest.mark.parametrize(
    "start",
    ["0.3*x_0*x_1 - 0.2*x_1**2 + 0.1", "0.6*x_0 - 0.1*x_1 + 0.2*x_0**2", "x_1*(0.4 - 0.2*x_1) - 0.3*x_0"],
)
def test_the_law_is_reached_by_one_exchange_of_up_to_two_terms(start):
    law = parse("0.7*x_0 - 0.4*x_1**2")
    weak = weak_form("0.7*x_0 - 0.4*x_1**2")
    found = exchanged_sums(weak, 1, [parse(start)], polynomials(2, 2), DEFAULTS, 5, Clock())
    assert form_key(found[0]) == form_key(law)
    assert sorted(found[0].constants) == pytest.approx([-0.4, 0.7], rel=1e-3)


def test_no_sum_that_is_one_exchange_away_leaves_less():
    weak, library = weak_form("0.7*sin(x_0) - 0.4*x_1**2 + 0.1*x_0*x_1"), polynomials(2, 2)
    own = [parse("x_0"), parse("x_1**2")]
    found = exchanged_sums(weak, 1, [parse("0.3*x_0 - 0.2*x_1**2")], library, DEFAULTS, 100, Clock())
    target = weak.target[:, 1]
    table = {term: weak.integrals(Program([term]))[0] for term in (*library, *own)}
    for n in range(3):
        left = [
            np.linalg.norm(target - columns @ np.linalg.lstsq(columns, target)[0])
            for kept in itertools.combinations(own, n)
            for other in library
            if other not in kept
            for columns in [np.array([table[term] for term in (*kept, other)]).T]
        ]
        alike = [one for one in found if len(terms_of(one)) == n + 1]
        least = min(fit.residual for fit in fit_constants(alike, weak, 1, 0))
        assert least == pytest.approx(min(left) / np.linalg.norm(target), rel=1e-6)


def test_terms_are_multiplied_out_as_sympy_does():
    expression = parse("-(2*x_0*(0.5*x_1 - x_0) - 3)/(x_1 + 0.7) + 0.4*(x_0 - x_1)*(x_0 + 2)")
    total = sum(factor * to_sympy(term) for factor, term in multiplied_out(expression))
    assert sympy.simplify(sympy.nsimplify(total - to_sympy(expression), rational=True)) == 0
    assert terms_of(parse("2*(x_0 - 3) + 0.5*x_0")) == [parse("x_0"), ONE]
