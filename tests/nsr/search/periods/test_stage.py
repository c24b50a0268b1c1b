"""What structure makes of a table that has waves among its variables, through the whole search."""

import numpy as np
import pytest

from nsr import SymbolicRegressor

STAGES = ("families", "separation", "reduction", "curves")


@pytest.mark.parametrize(
    "law",
    [
        lambda a, b: (1 + 0.8 * b) * np.sin(19 * a + 0.3) + 2 * np.exp(-b),
        lambda a, b: 2 * np.sin(25 * a + 3 * b + 0.2) + 1,
    ],
)
def test_laws_with_waves(law, rng):
    X, fresh = rng.uniform(1, 4, (150, 2)), rng.uniform(1, 4, (500, 2))
    model = SymbolicRegressor(stages=STAGES, time_limit=20, random_state=0).fit(X, law(*X.T))
    y = law(*fresh.T)
    assert np.mean((model.predict(fresh) - y) ** 2) < 1e-10 * np.var(y)


def test_a_wave_along_a_product_whose_size_falls_along_it(rng):
    X, fresh = rng.uniform(1, 4, (300, 3)), rng.uniform(1, 4, (500, 3))

    def law(a, b, c):
        return a * np.sin(4 * b * c) / (b * c)

    model = SymbolicRegressor(stages=STAGES, time_limit=20, random_state=0).fit(X, law(*X.T))
    assert np.mean((model.predict(fresh) - law(*fresh.T)) ** 2) < 1e-10 * np.var(law(*fresh.T))


@pytest.mark.filterwarnings("ignore:the chosen equation explains")
def test_without_a_sine_nothing_is_looked_for(rng):
    X = rng.uniform(0, 4, (100, 1))
    model = SymbolicRegressor(stages=STAGES, without=["sin", "cos"], time_limit=1, random_state=0)
    model.fit(X, np.sin(20 * X[:, 0]))
    assert not model.equations_["equation"].str.contains("sin|cos").any()
