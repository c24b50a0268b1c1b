import numpy as np
import pytest

from nsr.search.residuals import has_structure

RNG = np.random.default_rng(0)
X = RNG.uniform(1, 4, (3_000, 2))
NOISE = RNG.standard_normal(3_000)


def test_noise_has_none():
    assert not has_structure(X, NOISE)
    assert not has_structure(X, np.zeros(3_000))


@pytest.mark.parametrize(
    ("left", "size"),
    [
        (X[:, 0] ** 2, 0.3),
        (np.sin(X[:, 0] * X[:, 1]), 0.3),
        (np.sin(12 * X[:, 1]), 1.0),
        (np.where(X[:, 0] > 2, np.nan, 0.0), 0.0),
    ],
    ids=["smooth", "mixed", "fast", "undefined"],
)
def test_what_is_left_of_an_equation_shows_under_noise(left, size):
    assert has_structure(X, size * left + NOISE)


def test_residuals_of_a_few_rows_are_no_noise():
    residual = np.zeros(3_000)
    residual[:3] = 1.0
    assert has_structure(X, residual)
