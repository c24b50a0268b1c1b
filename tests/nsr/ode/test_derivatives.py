"""Right-hand sides that are exact in derivatives of clean observations; SciPy integrates them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nsr import ODERegressor
from nsr.clock import Clock
from nsr.expressions.canonical import form_key
from nsr.expressions.parsing import parse
from nsr.ode.by_derivatives import DerivativesStage
from nsr.ode.derivatives import derivatives_of
from nsr.ode.motion import Motion
from nsr.ode.neural import Networks
from nsr.ode.product_sums import product_sums
from nsr.ode.rational import rational_sums
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask


def followed(right, initial, end, n=150):
    times = np.linspace(0, end, n)
    path = solve_ivp(lambda _, x: right(x), (0, end), initial, t_eval=times, rtol=1e-11, atol=1e-12)
    return times, path.y.T


def boat(x):
    return [0.6 * np.cos(x[1]) - 1.3, -0.6 * np.sin(x[1]) / x[0]]


def adsorption(x):
    free = 1 + 0.8 * x[0] + 0.45 * x[1]
    return [0.66 - 1.7 * x[0] / free, 0.45 - 1.1 * x[1] / free]


def task_of(times, states, motion=None):
    return OdeTask.of(times, states, DEFAULTS, 0, *([] if motion is None else [motion]))


@pytest.mark.parametrize(
    ("right", "initial", "end", "truth"),
    [
        (boat, [7.0, 2.4], 4.0, ("0.6*cos(x_1) - 1.3", "-0.6*sin(x_1)/x_0")),
        (
            adsorption,
            [5.5, 0.5],
            12.0,
            ("0.66 - 1.7*x_0/(1 + 0.8*x_0 + 0.45*x_1)", "0.45 - 1.1*x_1/(1 + 0.8*x_0 + 0.45*x_1)"),
        ),
    ],
)
def test_the_stage_alone_finds_products_and_ratios(right, initial, end, truth):
    times, states = followed(right, initial, end)
    model = ODERegressor(stages=("derivatives",)).fit(times, states)
    found = model.expressions_[model.best_index_]
    assert [form_key(one) for one in found] == [form_key(parse(one)) for one in truth]
    assert model.equations_["stage"][model.best_index_] == "derivatives"


@pytest.mark.parametrize("noise", [1e-3, 0.05])
def test_with_noise_nothing_is_proposed(noise, rng):
    times, states = followed(adsorption, [5.5, 0.5], 12.0)
    task = task_of(times, states * (1 + noise * rng.standard_normal(states.shape)))
    clock = Clock()
    stage = DerivativesStage(Networks("nsr-ode", "nsr-small", 16, "cpu"))
    assert stage.propose(task, clock) == [[], []]
    assert clock.meter.done == 0


def test_derivatives_have_the_digits_that_are_claimed():
    times, states = followed(boat, [7.0, 2.4], 4.0)
    table = derivatives_of(task_of(times, states), 1_000)
    off = table.values - np.array([boat(x) for x in table.variables])
    assert np.all(np.sqrt(np.mean(off**2, axis=0)) < table.errors * np.std(table.values, axis=0))
    assert np.all(table.errors < 1e-6)


def test_accelerations_and_velocities_where_the_order_is_two():
    times = np.linspace(0, 9, 120)
    table = derivatives_of(task_of(times, np.sin(times)[:, None], Motion(order=2)), 1_000)
    x, velocity = table.variables.T
    np.testing.assert_allclose(velocity**2 + x**2, 1, atol=1e-6)
    np.testing.assert_allclose(table.values[:, 0], -x, atol=1e-5)


def test_few_rows_know_nothing():
    times = np.linspace(0, 3, 12)
    assert np.all(np.isinf(derivatives_of(task_of(times, np.exp(-times)[:, None]), 500).errors))


def test_a_product_of_saturations_is_written_as_one(rng):
    X = rng.uniform(0.5, 4, (150, 2))
    a, b = X.T
    y = 0.97 * a * b / ((1 + 0.58 * a) * (1 + 0.34 * b)) - 0.4 * b
    form = form_key(parse("x_0*x_1/((1 + 2*x_0)*(1 + 3*x_1)) - 0.4*x_1"))
    found = [one for sums in rational_sums(X, y, 1e-7, Clock()) for one in sums]
    assert form in {form_key(one) for one in found}


def test_sums_of_products_are_exact_or_not_there(rng):
    X = rng.uniform(0.5, 4, (200, 2))
    y = 0.3 + 1.4 * np.sin(X[:, 0]) * np.cos(X[:, 1]) - 0.2 * X[:, 1] * np.hypot(*X.T)
    truth = form_key(parse("0.3 + 1.4*sin(x_0)*cos(x_1) - 0.2*x_1*sqrt(x_0**2 + x_1**2)"))
    assert truth in {form_key(one) for one in product_sums(X, y, 1e-7, Clock())}
    assert product_sums(X, y + 1e-3 * rng.standard_normal(200), 1e-7, Clock()) == []


@pytest.mark.parametrize("n", [1, 9])
def test_any_number_of_variables(n, rng):
    X = rng.uniform(0.5, 4, (300, n))
    found = product_sums(X, 2 - 3 * np.sqrt(X[:, 0]), 1e-7, Clock())
    assert form_key(parse("2 - 3*sqrt(x_0)")) in {form_key(one) for one in found}
