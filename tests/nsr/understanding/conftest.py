import numpy as np
import pandas as pd
import pytest
from untrained import UNTRAINED

from nsr import SymbolicRegressor


@pytest.fixture(scope="session")
def fall():
    """Energies of falling bodies, which have a colour, too; and the equation that is found for them."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame(
        {
            "mass": rng.uniform(1, 2, 200),
            "speed": rng.uniform(1, 5, 200),
            "colour": rng.random(200),
            "height": rng.uniform(0.1, 3, 200),
        }
    )
    y = (0.5 * X["mass"] * X["speed"] ** 2 + 9.81 * X["mass"] * X["height"]).rename("energy")
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families", "reduction"))
    model.fit(X, y)
    assert model.best_["r2"] > 1 - 1e-12
    return X, y, model
