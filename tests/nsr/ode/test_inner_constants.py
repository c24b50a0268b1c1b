"""Inner constants found by trying them: on systems whose constants are known."""

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.monomials import polynomials
from nsr.expressions.parsing import parse
from nsr.ode.inner_constants import saturations, waves_of_time
from nsr.ode.inputs import Inputs, StackedInputs
from nsr.ode.integrate import Systems
from nsr.ode.motion import Motion
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import weak_forms

TIMES = np.linspace(0, 10, 60)


def observed(equations, starts, noise):
    system = tuple(map(parse, equations))
    rng = np.random.default_rng(0)
    paths = Systems([system]).integrate(
        np.array(starts, float), TIMES, index=np.zeros(len(starts), int), rtol=1e-9
    )
    return [Trajectory(TIMES, path * (1 + noise * rng.standard_normal(path.shape))) for path in paths]


@pytest.mark.parametrize(("noise", "rel"), [(0.0, 1e-2), (0.01, 0.15)])
@pytest.mark.parametrize(
    ("law", "form"),
    [
        ("2*x_0**2/(4 + x_0**2) - 0.1*x_1", "x_0**2/({} + x_0**2)"),
        ("1.5*x_0/(3 + x_0) - 0.1*x_1", "x_0/({} + x_0)"),
    ],
)
def test_half_saturations_are_found_beside_terms_of_other_states(noise, rel, law, form):
    starts = [[0.1, 0], [1, 5], [4, 0], [8, 10], [0.3, 3], [12, 1]]
    weak = weak_forms(observed(("0.8 - 0.5*x_0", law), starts, noise), DEFAULTS)[1]
    terms = saturations(weak, 1, polynomials(2, 1), range(2), Clock())
    (found,) = (t for t in terms if form_key(t) == form_key(parse(form.format(7.7))))
    (true,) = parse(law.split(" - ")[0]).constants[1:]
    assert found.constants[0] == pytest.approx(true, rel=rel)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_two_frequencies_are_found_beside_a_decay(noise):
    times = np.linspace(0, 40, 400)
    inputs = Inputs.of(times, np.empty((400, 0)), False, True)
    force = 2 * np.sin(2.3 * times + 0.4) + np.cos(1.1 * times)
    driven = Inputs.of(times, force[:, None], False, False)
    states = Systems([(parse("x_1 - 0.5*x_0"),)], 1).integrate(
        np.array([[1.0]]), times, rtol=1e-9, inputs=StackedInputs.of([driven])
    )[0]
    states = states + noise * np.std(states) * np.random.default_rng(0).standard_normal(states.shape)
    weak = weak_forms([Trajectory(times, states, motion=Motion(has_time=True), inputs=inputs)], DEFAULTS)[0]
    waves = waves_of_time(weak, 0, polynomials(1, 1), 1, Clock())
    assert sorted(wave.constants[0] for wave in waves[::2]) == pytest.approx([1.1, 2.3], rel=1e-2)
