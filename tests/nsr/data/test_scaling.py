import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.data.scaling import Scaler, root_mean_square
from nsr.evaluate.program import Program
from nsr.expressions.expression import apply, constant, variable
from nsr.expressions.parsing import parse

EXPRESSION = apply("add", apply("mul", variable(0), variable(1)), apply("square", variable(0)))


@given(st.floats(-280, 280), st.floats(-2, 2))
def test_root_mean_square_scales_with_its_input(exponent, spread):
    values = np.array([1.0, spread, -3.0])
    expected = np.sqrt(np.mean(values**2))
    assert root_mean_square(values * 10.0**exponent) == pytest.approx(expected * 10.0**exponent, rel=1e-9)


def test_ordinary_variables_keep_their_values():
    X = np.array([[1.0, 5e4], [3.0, 7e4], [2.0, 2e4]])
    X_scaled, y_scaled = Scaler.fit(X, [3.0, -4.0, 1.0]).transform(X, [3.0, -4.0, 1.0])
    np.testing.assert_array_equal(X_scaled[:, 0], X[:, 0].astype(np.float32))
    np.testing.assert_allclose(X_scaled[:, 1], X[:, 1] / 1e5, rtol=1e-6)
    assert np.sqrt(np.mean(y_scaled**2)) == pytest.approx(1.0)


@pytest.mark.parametrize("magnitudes", [(1e-30, 1e30), (1.0, 1.0), (4e5, 2e-7)])
def test_undone_expression_gives_the_original_target(magnitudes):
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 2, (50, 2)) * magnitudes
    scaler = Scaler.fit(X, np.full(50, 12.0))
    on_scaled = Program([EXPRESSION]).values(X / scaler.x_scale)[0]
    y = 12.0 * on_scaled
    np.testing.assert_allclose(Program([scaler.undo(EXPRESSION)]).values(X)[0], y, rtol=1e-12)


def test_a_target_of_zeros_has_scale_one():
    assert Scaler.fit(np.ones((4, 1)), np.zeros(4)).y_scale == 1.0
    assert Scaler(np.ones(1), 1.0).undo(constant(2.0)) == constant(2.0)


def test_an_expression_of_the_users_variables_becomes_one_of_the_scaled_ones():
    X = np.random.default_rng(0).uniform(1, 2, (20, 2)) * [1e5, 1.0]
    scaler = Scaler.fit(X, X[:, 0])
    expression = parse("x_0*exp(x_1) + 3*x_0")
    scaled, _ = scaler.transform(X, X[:, 0])
    values = Program([scaler.scaled(expression)]).values(scaled.astype(float))
    np.testing.assert_allclose(values, Program([expression]).values(X), rtol=1e-6)


@pytest.mark.parametrize(("size", "kept"), [(1.0, True), (50.0, True), (1e-7, False), (1e9, False)])
def test_gentle_scaling_keeps_ordinary_targets(size, kept):
    X, y = np.array([[1.0], [2.0]]), size * np.array([1.0, 1.2])
    scaler = Scaler.gentle(X, y)
    assert (scaler.y_scale == 1.0) == kept
    assert 0.01 <= np.sqrt(np.mean((y / scaler.y_scale) ** 2)) <= 100
