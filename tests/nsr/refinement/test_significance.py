import numpy as np
import pytest
from scipy.stats import linregress
from tasks import task

from nsr.refinement.significance import chance_of_linear_model


def test_with_one_column_it_is_the_chance_of_the_slope(rng):
    x = rng.uniform(1, 5, 30)
    y = 0.3 * x + rng.standard_normal(30)
    own = chance_of_linear_model(task(x[:, None], y))
    assert own == pytest.approx(linregress(x, y).pvalue, rel=1e-6)


def test_chances_are_as_frequent_as_they_say(rng):
    chances = [
        chance_of_linear_model(task(rng.normal(size=(25, 3)), rng.normal(size=25))) for _ in range(400)
    ]
    assert np.mean(np.array(chances) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_columns_that_do_not_vary_count_for_nothing(rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    more = np.column_stack((X, np.full(30, 7.0)))
    assert chance_of_linear_model(task(more, y)) == pytest.approx(chance_of_linear_model(task(X, y)))
    assert chance_of_linear_model(task(more[:3], y[:3])) == 1.0
