"""Terms in weak form against integrals of the terms as they are written."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import simpson

from nsr.evaluate.program import Program
from nsr.fields.bumps import bumps, half_width
from nsr.fields.grid import Fields
from nsr.fields.library import libraries
from nsr.fields.settings import DEFAULTS
from nsr.fields.simulation import _weights
from nsr.fields.smoothing import smoothed
from nsr.fields.variables import FieldVariables, derivative_name
from nsr.fields.weak_form import WeakForm


def analytic(variables, T, places):
    """Fields exp(-t/2) sin(x + 2 y + f) of which every derivative is known, as columns of all variables."""
    phases = [0.4 * place for place in range(len(variables.fields) + len(variables.inputs))]
    waves = (1.0, 2.0)[: len(places)]
    angle = sum(wave * place for wave, place in zip(waves, places, strict=True))
    columns = []
    for phase in phases:
        for orders in variables.derivatives:
            factor = np.prod([wave**order for wave, order in zip(waves, orders, strict=True)])
            shift = sum(orders) * np.pi / 2
            columns.append(
                1.5 + np.exp(-T / 2) * np.sin(angle + phase)
                if not sum(orders)
                else factor * np.exp(-T / 2) * np.sin(angle + phase + shift)
            )
    if variables.order > 1:
        columns += [
            -0.5 * np.exp(-T / 2) * np.sin(angle + phase) for phase in phases[: len(variables.fields)]
        ]
    return np.array([*columns, *places, T])


@pytest.mark.parametrize(
    "variables",
    [
        FieldVariables(("u",)),
        FieldVariables(("u",), order=2),
        FieldVariables(("u", "v"), most=3),
        FieldVariables(("w",), ("a",), n_axes=2, most=4),
    ],
    ids=["line", "order 2", "two fields", "plane"],
)
def test_weak_terms_are_integrals_of_what_is_written(variables):
    scales = [np.linspace(0, 1, 41), np.linspace(0, 3, 61), np.linspace(0, 2, 51)][: variables.n_axes + 1]
    T, *places = np.meshgrid(*scales, indexing="ij")
    columns = analytic(variables, T, places)
    n_own = len(variables.fields) + len(variables.inputs)
    values = columns[[variables.place(place) for place in range(n_own)]]
    weak = WeakForm(Fields(scales[0], tuple(scales[1:]), values, variables), DEFAULTS)
    tests = [own.weights(0) for own in weak._bumps]
    table = columns.reshape(len(columns), -1).T
    for library in libraries(variables):
        found = weak.table(library)
        for number, term in enumerate(library):
            direct = Program([term.expression]).values(table)[0].reshape(T.shape)
            for axis, own in enumerate(tests):
                direct = np.moveaxis(np.tensordot(own, direct, axes=(1, axis)), 0, axis)
            size = np.max(np.abs(direct)) + 1e-3
            assert_allclose(found[:, number] / size, direct.ravel() / size, atol=2e-3)


def test_names_of_derivatives():
    assert derivative_name("u", (2, 1)) == "u_xxy"
    plane = FieldVariables(("u",), n_axes=2, most=2)
    assert plane.names == ("u", "u_x", "u_y", "u_xx", "u_xy", "u_yy", "x", "y", "t")
    assert [plane.names[plane.axis_place(axis)] for axis in range(3)] == ["x", "y", "t"]


@pytest.mark.parametrize("order", range(5))
def test_bumps_integrate_by_parts(order):
    x = np.linspace(0, 4, 201)
    own = bumps(len(x), x[1] - x[0], 60, 5)
    found = (-1) ** order * own.weights(order) @ np.sin(x)
    assert_allclose(found, own.weights(0) @ np.sin(x + order * np.pi / 2), atol=1e-4)


def test_bumps_have_no_part_beyond_the_ends_and_integrate_as_simpson_does():
    own = bumps(101, 0.1, 20, 40)
    s = np.linspace(-1, 1, 2001)
    assert_allclose(own.weights(0).sum(axis=1), simpson((1 - s**2) ** own.power, x=2 * s), rtol=1e-6)
    assert np.all(own.weights(0)[:, [0, -1]] == 0)


def test_noise_widens_bumps():
    t, x = np.linspace(0, 3, 101), np.linspace(0, 2 * np.pi, 128)
    field = np.exp(-t)[:, None] * np.cos(np.outer(np.ones(len(t)), 3 * x))
    noisy = field + 0.2 * np.random.default_rng(0).standard_normal(field.shape)
    assert 3 <= half_width(field, 1) <= half_width(noisy, 1) <= 64


def test_smoothing_takes_noise_away_and_leaves_smooth_fields():
    t, x = np.linspace(0, 3, 60), np.linspace(0, 6, 90)
    field = np.cos(np.outer(np.ones(len(t)), x) - t[:, None])
    assert_allclose(smoothed(field), field, atol=1e-4)
    noise = 0.2 * np.random.default_rng(0).standard_normal(field.shape)
    assert np.std(smoothed(field + noise) - field) < 0.2 * np.std(noise)


def test_parabolas_are_never_smoothed():
    grid = np.add.outer(np.linspace(0, 1, 30) ** 2, np.linspace(0, 2, 40))
    noise = 1e-3 * np.random.default_rng(0).standard_normal(grid.shape)
    assert np.std(smoothed(grid + noise) - grid) < 4e-4


@pytest.mark.parametrize("order", range(1, 7))
def test_differences_are_exact_for_polynomials(order):
    offsets = np.arange(-3, 4)
    for power in range(7):
        exact = np.prod(np.arange(1, order + 1)) if power == order else 0.0
        assert_allclose(_weights(order) @ offsets.astype(float) ** power, exact, atol=1e-8)
