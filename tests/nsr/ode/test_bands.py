"""Bounds of simulations by the errors of constants."""

import numpy as np
import pandas as pd
import pytest

import nsr
from nsr import ODERegressor
from nsr.expressions.parsing import parse
from nsr.ode.bands import bounds
from nsr.ode.inputs import NOTHING
from nsr.ode.motion import PLAIN, Motion
from nsr.results import predictions

TIMES = np.linspace(0, 5, 60)


def of(text, deviation, initial, times, motion=PLAIN):
    system = (parse(text),)
    covariance = np.diag(np.square(deviation)) if np.ndim(deviation) else np.full((1, 1), deviation**2)
    return bounds(system, covariance, times, np.array([initial]), motion, NOTHING, 0.95)[:, 0]


def test_bounds_are_those_of_the_constant():
    """States of x' = c*x grow with c, so that their quantiles are those of c: x0*exp((c -+ 1.96 d)*t)."""
    times = np.array([3.0, 0.0, 1.0])
    found = of("-0.5*x_0", 0.05, 2.0, times)
    for side, sign in enumerate((-1.96, 1.96)):
        np.testing.assert_allclose(found[:, side], 2 * np.exp((-0.5 + 0.05 * sign) * times), rtol=0.06)


def test_bounds_of_maps():
    """x[k+1] = c*x[k] is c^k."""
    found = of("1.1*x_0", 0.02, 1.0, np.arange(6.0), Motion(is_discrete=True))
    np.testing.assert_allclose(found[5], np.array([1.1 - 0.0392, 1.1 + 0.0392]) ** 5, rtol=0.05)


def test_what_goes_to_infinity_or_is_not_known_has_no_bound():
    """x' = c*x^2 from 1 is at infinity at 1/c."""
    found = of("1.0001*x_0**2", 0.3, 1.0, np.array([0.0, 0.5, 0.95]))
    assert np.all(np.isfinite(found[:2]))
    assert found[2].tolist() == [-np.inf, np.inf]
    assert of("2.5*x_0", np.inf, 1.0, np.array([0.0, 1.0])).tolist() == [[1, 1], [-np.inf, np.inf]]
    assert of("2.5*x_0", 0.1, 1.0, np.empty(0)).shape == (0, 2)


@pytest.fixture(scope="module")
def decay():
    """A becomes B, with noise."""
    rng = np.random.default_rng(0)
    A = np.exp(-0.813 * TIMES)
    states = np.column_stack((A, 1 - A)) + 0.01 * rng.standard_normal((len(TIMES), 2))
    model = ODERegressor(stages="library", time_limit=2.0, conserved="A + B")
    return model.fit(pd.Series(TIMES, name="t"), pd.DataFrame(states, columns=["A", "B"]))


def test_bounds_follow_from_the_errors_of_constants(decay):
    """Linearised: the deviation of A is t*A times that of the rate; and B is what A is not."""
    (error,) = decay.constants_["error"]
    t = np.array([0.0, 1.0, 2.0])
    found = decay.bounds(t, [1.0, 0.0])
    width = 2 * 1.96 * error * t * np.exp(-0.813 * t)
    np.testing.assert_allclose(found[:, 0, 1] - found[:, 0, 0], width, rtol=0.2)
    np.testing.assert_allclose(found[:, 1], 1 - found[:, 0, ::-1], atol=1e-6)
    narrow = decay.bounds(t, [1.0, 0.0], 0.5)
    assert np.all(narrow[1:, 0, 0] > found[1:, 0, 0])
    values = decay.predict(t, [1.0, 0.0])
    assert np.all((found[..., 0] <= values + 1e-9) & (values - 1e-9 <= found[..., 1]))


def test_bounds_in_files_and_tables(decay, tmp_path):
    decay.save(tmp_path / "decay.json")
    loaded = nsr.load(tmp_path / "decay.json")
    np.testing.assert_allclose(loaded.bounds(TIMES, [1, 0]), decay.bounds(TIMES, [1, 0]))
    table = tmp_path / "begin.csv"
    table.write_text("t,A,B\n0,1,0\n1,,\n")
    told = predictions(loaded, table, interval=0.95)
    assert list(told) == ["t", "A", "B", "A_low", "A_high", "B_low", "B_high"]
    assert told["A_low"][1] < told["A"][1] < told["A_high"][1]
    loaded.expressions_ = [*loaded.expressions_, *decay.expressions_]
    with pytest.raises(ValueError, match="leave out the row, or the interval"):
        predictions(loaded, table, row=len(loaded.expressions_) - 1, interval=0.95)


def test_exact_systems_have_no_width():
    model = ODERegressor(stages="library", time_limit=2.0).fit(TIMES, np.exp(-0.813 * TIMES))
    found = model.bounds(TIMES, [1.0])
    np.testing.assert_allclose(found[..., 0], found[..., 1])
    with pytest.raises(ValueError, match="probability between 0 and 1"):
        model.bounds(TIMES, [1.0], 95)
