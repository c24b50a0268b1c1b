"""Textbook curves keep their names from the fit to the front."""

import numpy as np

from nsr import SymbolicRegressor


def test_curves_that_few_noisy_rows_cannot_tell_apart_are_named_side_by_side(rng):
    """In the user's units, whatever these are: a curve has as many constants as its name says."""
    x = np.linspace(500, 8000, 12)
    y = 1e4 * x / (x + 2000) + 150 * rng.standard_normal(12)
    model = SymbolicRegressor(stages=("curves",), time_limit=60).fit(x[:, None], y)
    front = model.equations_
    own = front[front["name"].str.startswith("Michaelis and Menten, Monod")]
    assert "hyperbola, second order" not in set(front["name"])  # which falls
    assert own["loss"].between(0, 1.5 * 150**2).all()
    place = own["loss"].idxmin()  # there may be one with round constants
    saturation = own["name"][place]
    assert len(model.reports_[place].constants.values) == 2
    assert f"({saturation})" in repr(model)
    assert len(front) <= model.n_equations
