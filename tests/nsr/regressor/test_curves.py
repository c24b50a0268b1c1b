"""Textbook curves keep their names from the fit to the front."""

import numpy as np

from nsr import SymbolicRegressor


def test_curves_that_few_noisy_rows_cannot_tell_apart_are_named_side_by_side(rng):
    """In the user's units, whatever these are: a curve has as many constants as its name says."""
    x = np.linspace(500, 8000, 12)
    y = 1e4 * x / (x + 2000) + 150 * rng.standard_normal(12)
    model = SymbolicRegressor(stages=("curves",), time_limit=60).fit(x[:, None], y)
    front = model.equations_.set_index("name")
    (saturation,) = [name for name in front.index if name.startswith("Michaelis and Menten, Monod")]
    assert "hyperbola, second order" not in front.index  # which falls
    assert 0 < front.loc[saturation, "loss"] < 1.5 * 150**2
    place = list(front.index).index(saturation)
    assert len(model.reports_[place].constants.values) == 2
    assert f"({saturation})" in repr(model)
    assert len(front) <= model.n_equations
