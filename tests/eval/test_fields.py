"""The problems that fields are measured by, and the solver that makes them."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose

from eval.field_problems import TEN, Box, FieldProblem, drawn, random_waves
from eval.fields import error_of, run
from eval.spectral import integrate


def test_linear_terms_are_exact():
    box = Box((2 * np.pi,), (32,))
    (k,) = box.wavenumbers
    times = np.linspace(0, 1, 5)
    found = integrate(
        box, -(k**2) - 2j * k, lambda modes, _: 0 * modes, np.cos(3 * box.axes[0])[None], times, 1
    )
    exact = np.exp(-9 * times)[:, None] * np.cos(3 * (box.axes[0] - 2 * times[:, None]))
    assert_allclose(found[:, 0], exact, atol=1e-12)


def test_nonlinear_terms_are_of_order_four():
    """Logistic growth everywhere, of which the solution is known."""
    box, times = Box((1.0,), (8,)), np.linspace(0, 2, 3)
    exact = 1 / (1 + 9 * np.exp(-times))
    errors = []

    def growth(modes, _):
        return box.modes(box.fields(modes) * (1 - box.fields(modes)))

    for n_steps in (4, 8):
        found = integrate(box, np.zeros(5), growth, np.full((1, 8), 0.1), times, n_steps)
        errors.append(np.max(np.abs(found[:, 0, 0] - exact)))
    assert 10 < errors[0] / errors[1] < 22


@pytest.mark.parametrize("place", [2, 3], ids=["burgers", "kdv"])
def test_what_is_conserved_is_conserved(place):
    fields = TEN[place].observe().fields["u"]
    assert_allclose(fields.mean(axis=1), fields[0].mean(), rtol=1e-6)


def test_ten_equations_are_read_as_they_are_written():
    assert len({problem.name for problem in TEN}) == 10
    assert sum(len(problem.equations) for problem in TEN) == 11
    for problem in TEN:
        symbols = {str(symbol) for right in problem.truth for symbol in right.free_symbols}
        assert symbols <= set(problem.variables.names)


def test_noise_is_a_share_of_the_deviation():
    problem = FieldProblem(
        "heat", {"u": "u_xx"}, Box((10.0,), (64,)), np.linspace(0, 1, 41), random_waves(3, 2.0, 0)
    )
    clean, noisy = (problem.observe(noise).fields["u"] for noise in (0, 0.1))
    assert_allclose(np.std(noisy - clean), 0.1 * np.std(clean), rtol=0.1)
    assert_allclose(np.std(clean[0]), 2.0)


def test_drawn_problems_are_the_same_each_time():
    first, second = (next(drawn(3)) for _ in range(2))
    assert first.equations == second.equations
    assert first.is_telling()


def test_forms_and_errors():
    u, slope = sympy.symbols("u u_x", real=True)
    assert error_of(-1.02 * u * slope + u, -u * slope + u) == pytest.approx(0.02)
    assert error_of(-u * slope, -u * slope + u) is None
    assert error_of(u * (1 - u) + 1e-15 * slope, u - u**2) == pytest.approx(0)


def test_a_run_counts_what_is_right():
    problem = FieldProblem(
        "heat", {"u": "0.5*u_xx"}, Box((10.0,), (64,)), np.linspace(0, 1, 41), random_waves(4, 1.0, 0)
    )
    rows = run([problem], ["nsr"], [0.0])
    assert rows["form"].all()
    assert rows["coefficients"].all()
