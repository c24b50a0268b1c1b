import numpy as np
import pytest

from nsr.search.polynomials import degrees_up_to, fit_surrogates
from nsr.search.response import Response
from nsr.search.structure_settings import SurrogateSettings

X = np.random.default_rng(0).uniform(1, 3, (800, 3))


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (
            lambda a, b, c: a * np.exp(-b / c),
            lambda a, b, c: (np.exp(-b / c), -a / c * np.exp(-b / c), a * b / c**2 * np.exp(-b / c)),
        ),
        (lambda a, b, c: a - b * c, lambda a, b, c: (1 + 0 * a, -c, -b)),
        (lambda a, b, c: np.sin(a) + b / c, lambda a, b, c: (np.cos(a), 1 / c, -b / c**2)),
    ],
)
def test_values_and_gradients_come_close_to_the_function(function, gradient):
    y = function(*X.T)
    surrogate = fit_surrogates(X, Response.plain(y))[0]
    assert surrogate.error < 1e-4
    expected = np.column_stack(gradient(*X.T))
    found = surrogate.gradients(X[:200], y[:200])
    assert np.sqrt(np.mean((found - expected[:200]) ** 2)) < 1e-2 * np.sqrt(np.mean(expected**2))


def test_a_table_has_each_rows_variables_with_each_references_others():
    surrogate = fit_surrogates(X, Response.plain(X[:, 0] * np.exp(-X[:, 1] / X[:, 2])))[0]
    table = surrogate.table(X[:30], X[30:35], (0, 2))
    assert table.shape == (30, 5)
    for column, reference in enumerate(X[30:35]):
        points = X[:30].copy()
        points[:, 1] = reference[1]
        np.testing.assert_allclose(table[:, column], surrogate.outputs(points), rtol=1e-10)


def test_products_of_powers_are_exact_even_where_signs_change(rng):
    Z = rng.normal(0, 2, (500, 4))
    y = Z[:, 0] * Z[:, 1] ** 3 / Z[:, 2] ** 2
    surrogate = fit_surrogates(Z, Response.plain(y))[0]
    assert surrogate.output.is_logarithm
    assert surrogate.error < 1e-6
    slopes = Z[:100] * surrogate.gradients(Z[:100], y[:100]) / y[:100, None]
    np.testing.assert_allclose(slopes, np.tile([1, 3, -2, 0], (100, 1)), atol=1e-5)


@pytest.mark.parametrize("is_product", [False, True])
def test_functions_of_single_variables_may_bend_often(rng, is_product):
    Z = rng.uniform(1, 3, (1_000, 5))
    parts = np.cos(4 * Z[:, 0]), np.sin(5 * Z[:, 1]), Z[:, 2] ** 2, np.exp(Z[:, 3]), np.tanh(Z[:, 4])
    y = np.exp(sum(parts)) if is_product else sum(parts)
    surrogate = fit_surrogates(Z, Response.plain(y))[0]
    assert surrogate.error < 1e-4
    assert surrogate.degrees.max() > degrees_up_to(5, 1_000).max()


def test_the_error_is_that_of_rows_not_seen(rng):
    noise = rng.standard_normal(400)
    assert fit_surrogates(X[:400], Response.plain(noise))[0].error > 0.8


@pytest.mark.parametrize(("n_variables", "max_terms"), [(1, 5), (2, 100), (5, 250), (9, 290)])
def test_terms_have_all_degrees_up_to_a_total(n_variables, max_terms):
    degrees = degrees_up_to(n_variables, max_terms)
    assert len(degrees) <= max_terms
    assert len({tuple(row) for row in degrees}) == len(degrees)
    total = degrees.sum(axis=1)
    assert total[0] == 0
    assert np.array_equal(np.unique(total), np.arange(total.max() + 1))


@pytest.mark.parametrize(
    ("function", "output"),
    [
        (lambda a, b, c: np.sqrt(a**2 + b * c - 1), ("square",)),
        (lambda a, b, c: 1 / (a + b * c - 1.9), ("inv",)),
        (lambda a, b, c: 1 / np.sqrt(a**2 + b * c - 1.9), ("square", "inv")),
    ],
)
def test_roots_and_poles_are_smooth_after_a_transform(function, output):
    y = function(*X.T)
    surrogate = fit_surrogates(X, Response.plain(y))[0]
    assert surrogate.output.names == output
    assert surrogate.error < 1e-8
    step = 1e-6 * np.array([1.0, 0.0, 0.0])
    slopes = (function(*(X + step).T) - function(*(X - step).T)) / 2e-6
    np.testing.assert_allclose(surrogate.gradients(X, y)[:, 0], slopes, rtol=1e-5)


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_with_noise_the_error_is_the_noise(noise, rng):
    Z = rng.uniform(1, 3, (8_000, 3))
    y = Z[:, 0] * np.exp(-Z[:, 1] / Z[:, 2])
    surrogate = fit_surrogates(Z, Response.plain(y + noise * np.std(y) * rng.standard_normal(len(y))))[0]
    assert surrogate.error == pytest.approx(noise, rel=0.05)
    assert surrogate.gain == 1.0
    clean = surrogate.targets(Z, y)
    assert np.std(clean - y) < 0.2 * noise * np.std(y)


def test_of_two_variables_a_function_may_turn_often(rng):
    """As that of an angle that is a product of both."""
    X, coarse = rng.uniform([1, -4], [3, 4], (3_000, 2)), SurrogateSettings(finer_degree=12)
    response = Response.plain(np.sin(X[:, 0] * X[:, 1]))
    assert fit_surrogates(X, response, settings=coarse)[0].error > 1e-2
    assert fit_surrogates(X, response)[0].error < 1e-3
