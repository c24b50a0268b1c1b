"""Whether residuals are noise: a search that has explained everything but noise is done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsRegressor

from nsr.search.surrogate import fit_surrogates

Array = NDArray[np.float64]

# Residuals have structure if a model explains more of their variance than this, on rows it has not seen; with
# fewer rows than these, chance explains more.
_EXPLAINED, _ROWS = 0.01, 10_000
_N_NEIGHBOURS, _MAX_ROWS = 10, 4_000


def has_structure(X: Array, residual: Array) -> bool:
    """Whether polynomials or neighbours predict residuals.

    Args:
        X: Variables, shape (P, D), each of them varying.
        residual: What an equation leaves unexplained, shape (P,).
    """
    if not np.all(np.isfinite(residual)):
        return True
    if np.ptp(residual) == 0:
        return False
    surrogate = fit_surrogates(X, residual)[0]
    by_polynomial = 1 - (surrogate.error / surrogate.error_of_constant) ** 2
    explained = max(by_polynomial, _explained_by_neighbours(X[:_MAX_ROWS], residual[:_MAX_ROWS]))
    return explained > _EXPLAINED * max(1.0, _ROWS / len(residual))


def _explained_by_neighbours(X: Array, residual: Array) -> float:
    """How much neighbours tell of held-out rows, as they do where a fast oscillation is left."""
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    half = len(residual) // 2
    model = KNeighborsRegressor(_N_NEIGHBOURS).fit(scaled[:half], residual[:half])
    off = residual[half:] - model.predict(scaled[half:])
    return 1 - float(np.mean(off**2) / np.var(residual[half:]))
