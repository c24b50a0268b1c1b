"""Levenberg-Marquardt on many rows at once, against SciPy's on each."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from nsr.clock import Clock
from nsr.refinement.batched import IDENTITY, PROJECTED, SCALED, levenberg_marquardt, normal_equations

T = np.linspace(0, 2, 30)


class Decays:
    """a * exp(-b * t) against data of each row; b is in units that make it small or large."""

    def __init__(self, data: np.ndarray, unit: float = 1.0) -> None:
        self.data, self.unit, self.n_asked = data, unit, 0

    def curve(self, values: np.ndarray) -> np.ndarray:
        return values[:, :1] * np.exp(-values[:, 1:] / self.unit * T)

    def residuals(self, values, rows):
        self.n_asked += 1
        with np.errstate(all="ignore"):
            return self.curve(values) - self.data[rows]

    def normal_equations(self, values, rows, residuals):
        by_b = -T / self.unit * self.curve(values)
        return normal_equations(np.stack((self.curve(values) / values[:, :1], by_b), axis=1), residuals)


def data(n_rows: int = 4) -> np.ndarray:
    rng = np.random.default_rng(0)
    truth = np.column_stack((rng.uniform(1, 3, n_rows), rng.uniform(0.3, 2, n_rows)))
    return Decays(np.empty(0)).curve(truth) + 0.05 * rng.standard_normal((n_rows, len(T)))


@pytest.mark.parametrize(("damping", "unit"), [(IDENTITY, 1.0), (SCALED, 1.0), (SCALED, 1e6), (SCALED, 1e-6)])
def test_least_squares_are_scipys(damping, unit):
    problem = Decays(data(), unit)
    starts = np.tile([1.0, unit], (4, 1))
    values, losses = levenberg_marquardt(problem, starts, damping, max_iterations=50)
    for row in range(4):
        expected = least_squares(
            lambda v, row=row: problem.curve(v[None])[0] - problem.data[row], starts[row], x_scale=[1, unit]
        )
        np.testing.assert_allclose(values[row], expected.x, rtol=1e-4)
        assert losses[row] == pytest.approx(2 * expected.cost / len(T), rel=1e-6)


def test_values_that_are_solved_for_come_out_as_scipys():
    problem, starts = Decays(data()), np.tile([-70.0, 0.2], (4, 1))
    is_linear = np.tile([True, False], (4, 1))
    values, losses = levenberg_marquardt(problem, starts, PROJECTED, max_iterations=8, linear=is_linear)
    for row in range(4):
        expected = least_squares(lambda v, row=row: problem.curve(v[None])[0] - problem.data[row], [2.0, 1.0])
        np.testing.assert_allclose(values[row], expected.x, rtol=1e-4)
        assert losses[row] == pytest.approx(2 * expected.cost / len(T), rel=1e-6)


def test_rows_do_not_know_of_each_other():
    together, _ = levenberg_marquardt(Decays(data()), np.ones((4, 2)), SCALED, max_iterations=20)
    for row in range(4):
        alone, _ = levenberg_marquardt(
            Decays(data()[row : row + 1]), np.ones((1, 2)), SCALED, max_iterations=20
        )
        np.testing.assert_allclose(alone[0], together[row])


def test_a_start_that_is_not_finite_has_infinite_loss():
    starts = np.array([[1.0, 1.0], [np.nan, 1.0], [1.0, -1e6]])
    values, losses = levenberg_marquardt(Decays(data(3)), starts, IDENTITY, max_iterations=20)
    assert np.isfinite(losses).tolist() == [True, False, False]
    np.testing.assert_array_equal(values[1:], starts[1:])


@pytest.mark.parametrize("limits", [{"tolerance": 1e9}, {"clock": Clock(0.0)}, {"max_iterations": 0}])
def test_what_ends_the_work_leaves_starting_points(limits):
    problem = Decays(data())
    values, losses = levenberg_marquardt(problem, np.ones((4, 2)), SCALED, **{"max_iterations": 9} | limits)
    np.testing.assert_array_equal(values, np.ones((4, 2)))
    assert np.all(np.isfinite(losses))
    assert problem.n_asked == 1


@pytest.mark.parametrize("limits", [{"clock": Clock(0.0)}, {"max_iterations": 0}])
def test_what_ends_the_work_before_it_began_leaves_linear_values_too(limits):
    values, _ = levenberg_marquardt(
        Decays(data()),
        np.ones((4, 2)),
        PROJECTED,
        linear=np.tile([True, False], (4, 1)),
        **{"max_iterations": 9} | limits,
    )
    np.testing.assert_array_equal(values, np.ones((4, 2)))


def test_small_gains_end_the_work():
    few, many = Decays(data()), Decays(data())
    levenberg_marquardt(few, np.ones((4, 2)), SCALED, max_iterations=30, least_gain=0.1)
    levenberg_marquardt(many, np.ones((4, 2)), SCALED, max_iterations=30)
    assert few.n_asked < many.n_asked


def test_without_constants_there_is_nothing_to_move():
    class Fixed:
        def residuals(self, values, rows):
            return np.ones((len(rows), 3))

        def normal_equations(self, values, rows, residuals):
            raise AssertionError

    values, losses = levenberg_marquardt(Fixed(), np.empty((2, 0)), IDENTITY, max_iterations=5)
    assert values.shape == (2, 0)
    np.testing.assert_array_equal(losses, 1)


def test_constants_that_do_the_same_are_no_trouble_at_the_bottom():
    """After many gains little damping is left, and two constants in one place make the equations singular."""

    class Sixteenth:
        def residuals(self, values, rows):
            return np.repeat((values.sum(axis=1, keepdims=True)) ** 16, 3, axis=1)

        def normal_equations(self, values, rows, residuals):
            slope = 16 * values.sum(axis=1) ** 15
            jacobian = np.broadcast_to(slope[:, None, None], (len(values), 2, 3))
            return normal_equations(jacobian, residuals)

    starts = np.array([[1.5, 1.0]])
    values, losses = levenberg_marquardt(Sixteenth(), starts, IDENTITY, max_iterations=60)
    assert losses[0] < 1e-6
    assert abs(values.sum()) < 1
