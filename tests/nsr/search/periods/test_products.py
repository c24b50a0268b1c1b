"""Products along which targets have waves are told from periodograms along them."""

import numpy as np
import pytest
from tasks import task

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.search.periods.products import products
from nsr.search.settings import PeriodsSettings
from nsr.search.state import State


def found(law, rng, n_variables=4):
    """Values of the strongest product, and the variables."""
    X = rng.uniform(1, 4, (600, n_variables))
    state = State.root(task(X, law(*X.T)))
    best = products(state, Clock(), PeriodsSettings())
    return (Program(best[:1]).values(X)[0] if best else None), X.T


@pytest.mark.parametrize(
    ("law", "place"),
    [
        (lambda a, b, c, d: a * np.cos(3 * b * c) ** 2 + d, lambda a, b, c, d: b * c),
        (lambda a, b, c, d: 2 * a * (1 + np.cos(2 * np.pi * b * c / d)), lambda a, b, c, d: b * c / d),
        (lambda a, b, c, d: d + np.sin(3 * c * (a - b)), lambda a, b, c, d: c * (a - b)),
        (lambda a, b, c, d: d * np.sin(3 * a**2 / b), lambda a, b, c, d: a**2 / b),
    ],
)
def test_the_strongest_product_is_that_of_the_law(law, place, rng):
    values, columns = found(law, rng)
    np.testing.assert_allclose(values, place(*columns), rtol=1e-12)


@pytest.mark.parametrize(
    "law", [lambda a, b: 2 * a - b, lambda a, b: np.sin(12 * a) + b, lambda a, b: a % 0.001]
)
def test_none_where_nothing_waves_or_one_variable_is_enough(law, rng):
    assert found(law, rng, 2)[0] is None


def test_the_work_is_reported(rng):
    clock, X = Clock(), rng.uniform(1, 4, (600, 3))
    products(State.root(task(X, X[:, 0])), clock, PeriodsSettings())
    assert clock.meter.done > 0
