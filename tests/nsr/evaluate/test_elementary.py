"""The vectorised functions against mpmath and, at special values, NumPy."""

import mpmath
import numpy as np
import pytest

from nsr.evaluate.elementary import exp_block, log_block, sin_block

RNG = np.random.default_rng(0)
CASES = {
    "exp": (exp_block, (), mpmath.exp, RNG.uniform(-700, 700, 500)),
    "exp near 0": (exp_block, (), mpmath.exp, RNG.uniform(-1, 1, 500)),
    "log": (log_block, (), mpmath.log, np.exp(RNG.uniform(-700, 700, 500))),
    "log near 1": (log_block, (), mpmath.log, RNG.uniform(0.5, 2, 500)),
    "sin": (sin_block, (0,), mpmath.sin, RNG.uniform(-10, 10, 500)),
    "sin of large angles": (sin_block, (0,), mpmath.sin, RNG.uniform(-9e4, 9e4, 500)),
    "cos": (sin_block, (1,), mpmath.cos, RNG.uniform(-9e4, 9e4, 500)),
}


def run(function, a, *arguments):
    out = np.empty_like(a)
    function(a, out, len(a), *arguments)
    return out


@pytest.mark.parametrize("name", CASES)
def test_within_two_units_in_the_last_place(name):
    function, arguments, exact, a = CASES[name]
    with mpmath.workdps(40):
        for x, value in zip(a.tolist(), run(function, a, *arguments).tolist(), strict=True):
            truth = exact(mpmath.mpf(x))
            assert abs(mpmath.mpf(value) - truth) <= 2 * np.spacing(abs(float(truth)))


def test_special_values_are_those_of_numpy():
    a = np.array(
        [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, -1.0, 800.0, -800.0, -745.0, 709.7, 1e300]
    )
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(run(exp_block, a), np.exp(a), rtol=1e-15)
        np.testing.assert_allclose(run(log_block, a), np.log(a), rtol=1e-15)
        np.testing.assert_allclose(run(sin_block, a, 0), np.sin(a), rtol=1e-15)
        np.testing.assert_allclose(run(sin_block, a, 1), np.cos(a), rtol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_float32_is_rounded_from_float64(name):
    function, arguments, _, a = CASES[name]
    with np.errstate(over="ignore", under="ignore"):
        single = a.astype(np.float32)
        expected = run(function, single.astype(np.float64), *arguments).astype(np.float32)
    np.testing.assert_array_equal(run(function, single, *arguments), expected)
