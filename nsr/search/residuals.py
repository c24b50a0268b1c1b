"""Whether residuals are noise: a search that has explained everything but noise is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsr.search.noise_settings import ResidualsSettings
from nsr.search.polynomials import fit_surrogates
from nsr.search.response import Response
from nsr.task import ROWS

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin

Array = NDArray[np.float64]


def has_structure(X: Array, residual: Array, settings: ResidualsSettings = ResidualsSettings()) -> bool:
    """Whether polynomials or neighbours predict residuals.

    Args:
        X: Variables, shape (P, D), each of them varying.
        residual: What an equation leaves unexplained, shape (P,).
        settings: How much a model must explain.
    """
    if not np.all(np.isfinite(residual)):
        return True
    if np.ptp(residual) == 0:
        return False
    enough = settings.explained * max(1.0, settings.enough_rows / len(residual))
    if enough >= 1:  # such few rows show nothing but chance
        return False
    from sklearn.linear_model import LinearRegression
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    some = slice(0, ROWS)  # tell most cases, and cost little
    quadratic = make_pipeline(PolynomialFeatures(2), LinearRegression())
    neighbours = KNeighborsRegressor(settings.n_neighbours)  # which see fast oscillations
    return (
        _explained_by(quadratic, X[some], residual[some]) > enough
        or _explained_by(neighbours, X[some], residual[some]) > enough
        or explained_by_surrogate(X, residual) > enough
    )


def explained_by_surrogate(X: Array, residual: Array) -> float:
    """The share of residuals, finite ones, that the best polynomial tells of rows it has not seen."""
    surrogate = fit_surrogates(X, Response.plain(residual))[0]
    return _explained(surrogate.error**2, surrogate.error_of_constant**2)


def _explained_by(model: RegressorMixin, X: Array, residual: Array) -> float:
    """How much a model of scaled variables, fitted to one half of the rows, tells of the other."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    half = len(residual) // 2
    fitted = make_pipeline(StandardScaler(), model).fit(X[:half], residual[:half])
    off = residual[half:] - fitted.predict(X[half:])
    return _explained(float(np.mean(off**2)), float(np.var(residual[half:])))


def _explained(unexplained: float, variance: float) -> float:
    """The share explained; where only rows that were not asked about vary, residuals are not noise."""
    return 1 - unexplained / variance if variance > 0 else 1.0
