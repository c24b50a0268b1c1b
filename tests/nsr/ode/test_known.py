"""Right-hand sides of which a part is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sympy
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from nsr import ODERegressor
from nsr.data.names import Names
from nsr.expressions.parsing import parse
from nsr.ode.known import read_known
from nsr.ode.motion import Motion

TIMES = np.linspace(0, 12, 100)
LIBRARY = {"stages": ("library", "variation"), "time_limit": 6.0}


def observed(rates, initial, columns):
    found = solve_ivp(rates, (0, 12), initial, t_eval=TIMES, rtol=1e-9, atol=1e-11)
    return pd.DataFrame(found.y.T, columns=columns)


def right_sides(model):
    return [sympy.lambdify([str(s) for s in sorted(one.free_symbols, key=str)], one) for one in model.sympy()]


def test_a_known_supply_and_an_unknown_uptake():
    supply = pd.DataFrame({"P": 1 + 0.5 * np.sin(TIMES)})
    states = observed(lambda t, x: [1 + 0.5 * np.sin(t) - 1.5 * x[0] / (0.7 + x[0])], [0.3], ["S"])
    model = ODERegressor(known="dS/dt = P - f(S)", **LIBRARY).fit(TIMES, states, inputs=supply)
    (right,) = right_sides(model)
    for level in (0.3, 1.0, 2.0):
        assert_allclose(right(0.8, level), 0.8 - 1.5 * level / (0.7 + level), rtol=1e-3)


def test_two_parts_of_one_equation():
    states = observed(
        lambda _, x: [0.9 * x[0] - 0.3 * x[0] ** 2 - x[0] * x[1], x[0] * x[1] - 0.4 * x[1]],
        [1, 0.5],
        ["x", "y"],
    )
    known = ["dx/dt = f(x) - y*g(x)", "dy/dt = a*x*y - h(y)"]
    model = ODERegressor(known=known, **LIBRARY).fit(TIMES, states)
    first, second = right_sides(model)
    assert_allclose(first(0.6, 0.2), 0.9 * 0.6 - 0.3 * 0.36 - 0.12, rtol=1e-4)
    assert_allclose(second(0.6, 0.2), 0.12 - 0.08, rtol=1e-4)


def test_known_numbers_stay_as_they_are():
    """A rate that is said to be 0.31, although 0.3 would fit better."""
    states = observed(lambda _, x: [-0.3 * x[0] + 0.2], [2.0], ["S"])
    noisy = states + 0.01 * np.random.default_rng(0).standard_normal(states.shape)
    model = ODERegressor(known="dS/dt = c - 0.31*S", **LIBRARY).fit(TIMES, noisy)
    assert "- 0.31*S" in model.equations()[model.best_index_]
    assert list(model.constants_["value"]) == [pytest.approx(0.2, abs=0.02)]


@pytest.fixture
def names():
    return Names.of(["S", "I", "P"])


def form(text, names):
    (found,) = read_known(text, names, Motion(n_inputs=1), 2).values()
    return found


def test_forms_are_read(names):
    found = form("dI/dt = P + 2*S*f(I) - c*exp(S) - 0.5*I", names)
    assert found.places == ((1,), ())
    X = np.array([[0.5, 2.0, 3.0]])
    from nsr.evaluate.program import Program

    offset, first, second = Program([found.offset, *found.factors]).values(X)[:, 0]
    assert_allclose([offset, first, second], [3 - 1, 2 * 0.5, -np.exp(0.5)])
    assert 0.5 in found.numbers


def test_what_suits_a_form_is_seen(names):
    found = form("dS/dt = P - S*f(I)", names)
    identifiers = names.identifiers
    assert found.suits(parse("P - S*I**2/(I + 3)", identifiers))
    assert found.suits(parse("P + 2*S", identifiers))
    assert not found.suits(parse("P - I", identifiers))
    assert not found.suits(parse("2*P - S*I", identifiers))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dQ/dt = f(S)", "must begin with one of"),
        ("P - f(S)", "must begin with one of"),
        ("dS/dt = exp(f(S))", "parts must be added"),
        ("dS/dt = f(S)*g(I)", "parts must be added"),
        ("dS/dt = P - S", "leaves nothing to be found"),
        ("dS/dt = f(Q)", "no column 'Q'"),
        (["dS/dt = f(S)", "dS/dt = f(I)"], "already"),
    ],
)
def test_forms_that_cannot_be_used_are_refused(names, text, why):
    with pytest.raises(ValueError, match=why):
        read_known(text, names, Motion(n_inputs=1), 2)
