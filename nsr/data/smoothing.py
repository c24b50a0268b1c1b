"""Targets with their noise taken off, for a search to look at."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

from nsr.data.notes import tell

Array = NDArray[np.float64]

# Rows that tell a Gaussian process how smooth it is, and rows that it goes by: its work is their cube.
_ROWS_TO_TUNE, _ROWS = 400, 1_500
# A spline needs as many different values of its column.
_LEAST = 5


def smoothed(X: Array, y: Array, weights: Array | None, seed: int) -> Array:
    """The target as a smooth function of the columns, shape (P,); the user is told how much was taken off.

    Of one column it is a cubic smoothing spline whose penalty generalised cross-validation chooses (Wahba,
    Spline Models for Observational Data, SIAM 1990), as SciPy has it; of several a Gaussian process with a
    length for each and white noise (Rasmussen and Williams, MIT Press 2006, section 5.4), as scikit-learn
    has it.

    Args:
        X: Columns, shape (P, D), in random order of rows.
        y: Target, shape (P,).
        weights: By how much more one row matters than another, shape (P,); None where all are alike. A
            Gaussian process takes no heed of them.
        seed: Of what the process tries.
    """
    is_curve = X.shape[1] == 1 and len(np.unique(X)) >= _LEAST
    found = _spline(X[:, 0], y, weights) if is_curve else _process(X, y, seed)
    what = "a smoothing spline" if is_curve else "a Gaussian process"
    tell(
        f"denoise: the search looks at the target smoothed by {what}, which takes off noise with a standard "
        f"deviation of {float(np.std(y - found)):.3g}; constants are then fitted to the target as it is"
    )
    return found


def _spline(x: Array, y: Array, weights: Array | None) -> Array:
    places, inverse = np.unique(x, return_inverse=True)
    own = np.ones(len(x)) if weights is None else weights
    total = np.bincount(inverse, own)
    means = np.bincount(inverse, own * y) / total
    centre, spread = float(places.mean()), float(places.std())  # in these units the penalty is well scaled
    scaled = (places - centre) / spread
    return np.asarray(make_smoothing_spline(scaled, means, w=total / total.mean())(scaled))[inverse]


def _process(X: Array, y: Array, seed: int) -> Array:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    scaled = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-300)
    kernel = ConstantKernel(1.0, (1e-3, 1e5)) * RBF(np.full(X.shape[1], 2.0), (1e-1, 1e4)) + WhiteKernel(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lengths at their bounds, which columns that do nothing have
        tuned = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
        tuned.fit(scaled[:_ROWS_TO_TUNE], y[:_ROWS_TO_TUNE])
        process = GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True)
        process.fit(scaled[:_ROWS], y[:_ROWS])
    return np.concatenate(
        [process.predict(rows) for rows in np.array_split(scaled, 1 + len(scaled) // _ROWS)]
    )
