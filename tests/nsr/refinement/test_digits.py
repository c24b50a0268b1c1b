import math

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.refinement.digits import warranted, with_error
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.uncertainty import most_likely, uncertainty
from nsr.task import Task


def shown(text, X, y):
    task = Task(X, y, SQUARED_ERROR)
    expression = most_likely(parse(text), task)
    found = uncertainty(expression, task)
    return expression, warranted(expression, found, task), found


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12.1034, 0.3312, "12.10 ± 0.33"),
        (-0.0521, 0.00234, "-0.0521 ± 0.0023"),
        (1488.13, 41.2, "1488 ± 41"),
        (15234.0, 1340.0, "15200 ± 1300"),
        (2.0, 0.0996, "2.00 ± 0.10"),
        (5.5015643e-4, 7.2668688e-6, "0.0005502 ± 0.0000073"),
        (6.6743e-11, 1.5e-15, "(6.67430 ± 0.00015)e-11"),
        (3.1e9, 2.2e7, "(3.100 ± 0.022)e+09"),
        (0.02, 4.0, "0.0 ± 4.0"),
        (3.2, math.inf, "3.2 ± unknown"),
        (3.2, math.nan, "3.2 ± unknown"),
    ],
)
def test_values_with_errors(value, error, text):
    assert with_error(value, error) == text


def test_constants_have_two_digits_of_their_error(rng):
    X = rng.uniform(1, 5, (400, 1))
    _, short, found = shown("2.7183*x_0 + 1.1234", X, 2.71828 * X[:, 0] + rng.standard_normal(400))
    for value, error, written in zip(found.values, found.errors, short.constants, strict=True):
        unit = 10.0 ** (math.floor(math.log10(error)) - 1)
        assert written / unit == pytest.approx(round(written / unit), abs=1e-6)
        assert abs(written - value) <= 0.5001 * unit


def test_constants_that_depend_on_each_other_keep_the_digits_that_predictions_need(rng):
    """A parabola far from the origin: two digits of each error would move its values beyond the noise."""
    X = rng.uniform(100, 101, (60, 1))
    y = (X[:, 0] - 100.4) ** 2 + 0.01 * rng.standard_normal(60)
    full, short, found = shown("1.01234*x_0**2 - 201.234*x_0 + 10100.321", X, y)
    values = Program([full, short]).values(X)
    assert np.sum((values[1] - values[0]) ** 2) < 0.11 * found.noise**2
    assert len(to_infix(short)) < len(to_infix(full))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_fitted_factor_is_seen_although_it_rounds_to_one(sign, rng):
    X = rng.uniform(1, 5, (60, 1))
    noise = 0.5 * rng.standard_normal(60)
    noise -= X[:, 0] * (noise @ X[:, 0]) / (X[:, 0] @ X[:, 0])
    full, short, found = shown(f"{sign * 1.2345}*x_0", X, sign * 1.00136 * X[:, 0] + noise)
    assert full.constants[0] == pytest.approx(sign * 1.00136)
    assert found.errors[0] > 0.01
    assert to_infix(short) == f"{sign * 1.001}*x_0"


def test_near_exact_data_keep_all_digits(rng):
    X = rng.uniform(1, 5, (100, 2))
    y = 9.80665 * X[:, 0] * X[:, 1] / math.pi
    full, short, _ = shown("9.71234*(x_0*x_1/pi)", X, y)
    np.testing.assert_allclose(short.constants, full.constants, rtol=1e-10)
    assert 9.80665 in short.constants


def test_what_is_not_known_is_shown_as_it_is():
    expression = parse("1.23456789*log(x_0)")
    task = Task(np.array([[-1.0], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0]), SQUARED_ERROR)
    assert warranted(expression, None, task) == expression
