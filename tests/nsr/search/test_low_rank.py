"""Sums of products of functions of one variable each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from nsr.search.low_rank import SumOfProducts, common_factors, fit_sums_of_products
from nsr.search.polynomials import fit_surrogates
from nsr.search.response import Response
from nsr.search.structure_settings import LowRankSettings

Array = NDArray[np.float64]

SETTINGS = LowRankSettings()


def drawn(n_rows: int, n_variables: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(1, 5, (n_rows, n_variables))


def two_products(X: Array) -> Array:
    a, b, c, d, e = X.T
    return np.asarray(a * np.cos(b) * (d**3 / c**2 * (e - 1) / (e + 2) - c))


def slopes_of_two_products(X: Array) -> Array:
    a, b, c, d, e = X.T
    ratio, known = (e - 1) / (e + 2), a * np.cos(b)
    inner = d**3 / c**2 * ratio - c
    by_c, by_d, by_e = -2 * d**3 / c**3 * ratio - 1, 3 * d**2 / c**2 * ratio, 3 * d**3 / (c * (e + 2)) ** 2
    return np.column_stack(
        (np.cos(b) * inner, -a * np.sin(b) * inner, known * by_c, known * by_d, known * by_e)
    )


def fitted(X: Array, y: Array, settings: LowRankSettings = SETTINGS) -> SumOfProducts:
    (best, *_), _ = fit_sums_of_products(X, Response.plain(y), settings)
    return best


def test_values_and_slopes_are_those_of_a_sum_of_two_products() -> None:
    seen, new = drawn(2_000, 5), drawn(500, 5, seed=1)
    found = fitted(seen, two_products(seen))
    assert found.n_terms == 2
    expected = two_products(new)
    assert np.allclose(found.outputs(new), expected, atol=1e-6 * np.std(expected))
    slopes = slopes_of_two_products(new)
    sizes = np.std(slopes, axis=0)
    assert np.all(np.abs(found.gradients(new, expected) - slopes) < 1e-4 * sizes)


def test_a_polynomial_does_not_tell_as_much() -> None:
    X = drawn(2_000, 5)
    y = two_products(X)
    assert fitted(X, y).error < 1e-4 * fit_surrogates(X, Response.plain(y))[0].error


def test_three_products_of_seven_variables_over_decades() -> None:
    """Klein and Nishina's cross section."""
    X = drawn(2_000, 7)
    a, b, c, d, e, f, g = X.T
    y = (c * d / (e * f)) ** 2 * (b / a) ** 2 * (b / a + a / b - np.sin(g) ** 2)
    assert fitted(X, y).error < 0.01 < 0.03 < fit_surrogates(X, Response.plain(y))[0].error


@pytest.mark.parametrize(
    ("outer", "inverse"), [(np.sqrt, ("sqrt",)), (np.reciprocal, ("inv",)), (np.asarray, ())]
)
def test_the_target_may_be_a_function_of_a_sum(
    outer: Callable[[Array], Array], inverse: tuple[str, ...]
) -> None:
    X = drawn(1_500, 4)
    y = outer(X[:, 0] * X[:, 1] ** 2 + X[:, 2] ** 2 * np.exp(-X[:, 3]))
    best = fitted(X, y)
    assert best.output.inverse == inverse
    assert best.error < 1e-6


def test_a_table_has_each_rows_variables_with_each_references_others() -> None:
    X = drawn(1_000, 5)
    found = fitted(X, two_products(X))
    table = found.table(X[:30], X[30:35], (0, 2))
    assert table.shape == (30, 5)
    for column, reference in enumerate(X[30:35]):
        points = np.where(np.isin(np.arange(5), (0, 2)), X[:30], reference)
        np.testing.assert_allclose(table[:, column], found.outputs(points), rtol=1e-10)


def test_too_few_rows_have_none() -> None:
    X = drawn(40, 5)
    assert fit_sums_of_products(X, Response.plain(two_products(X)), SETTINGS) == ([], 0.0)


def test_too_many_variables_have_none() -> None:
    X = drawn(2_000, 40)
    assert fit_sums_of_products(X, Response.plain(two_products(X[:, :5])), SETTINGS) == ([], 0.0)


@pytest.mark.parametrize("size", [0.01, 0.05])
def test_noise_is_not_followed(size: float) -> None:
    X = drawn(8_000, 5)
    y = two_products(X)
    noise = size * np.std(y) * np.random.default_rng(2).standard_normal(len(y))
    found = fitted(X, y + noise)
    new = drawn(500, 5, seed=1)
    assert np.std(found.outputs(new) - two_products(new)) < 0.3 * np.std(noise)


def test_the_same_seed_gives_the_same_sum_for_the_same_work() -> None:
    X = drawn(1_000, 5)
    response = Response.plain(two_products(X))
    (first, work), (second, again) = (fit_sums_of_products(X, response, SETTINGS) for _ in range(2))
    assert np.array_equal(first[0].coefficients, second[0].coefficients)
    assert work == again > 0


def test_what_all_products_have_is_a_factor() -> None:
    X = drawn(1_000, 5)
    found = fitted(X, two_products(X))
    common, left = common_factors(found.functions(found.unit(X)), 1e-3)
    assert set(common) == {0, 1}
    assert abs(np.corrcoef(common[0], X[:, 0])[0, 1]) > 1 - 1e-9
    assert abs(np.corrcoef(common[1], np.cos(X[:, 1]))[0, 1]) > 1 - 1e-9
    assert np.allclose(common[0] * common[1] * left, two_products(X), atol=1e-5 * np.std(two_products(X)))


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e150])
@pytest.mark.filterwarnings("error")
def test_targets_of_any_size_and_with_many_zeros(scale: float) -> None:
    X = drawn(400, 4)
    X[:, 3] = np.round(X[:, 3])
    for y in (scale * X[:, 0] * X[:, 1], np.where(X[:, 0] < 4.5, 0.0, scale * X[:, 1])):
        found, _ = fit_sums_of_products(X, Response.plain(y), SETTINGS)
        assert all(np.isfinite(one.error) and np.all(np.isfinite(one.outputs(X))) for one in found)
