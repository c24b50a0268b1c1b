"""Textbook statistics of residuals."""

from __future__ import annotations

import numpy as np
import scipy.stats
from numpy.typing import NDArray

Array = NDArray[np.float64]


def durbin_watson(residuals: Array) -> float:
    """Squared differences of neighbours over squares: 2 without correlation, towards 0 where it is positive.

    Durbin and Watson (Biometrika 37, 1950).

    Args:
        residuals: In the order in question, shape (P,).
    """
    return float(np.sum(np.diff(residuals) ** 2) / np.sum(residuals**2))


def breusch_pagan(residuals: Array, causes: Array) -> tuple[float, float]:
    """Whether squared residuals depend linearly on something: rows times R2 of that regression, and p.

    Breusch and Pagan (Econometrica 47, 1979), studentised as Koenker has it (Journal of Econometrics 17,
    1981), so that normal noise is not assumed.

    Args:
        residuals: Shape (P,).
        causes: What their size may depend on, shape (P, C), none of them constant.
    """
    squares = residuals**2
    design = np.column_stack((np.ones(len(squares)), causes))
    left = squares - design @ np.linalg.lstsq(design, squares, rcond=None)[0]
    spread = float(np.sum((squares - squares.mean()) ** 2))
    statistic = len(squares) * (1 - float(left @ left) / spread) if spread > 0 else 0.0
    return statistic, float(scipy.stats.chi2.sf(statistic, causes.shape[1]))


def outliers(residuals: Array, level: float) -> NDArray[np.intp]:
    """Rows whose residual is too large for normal noise, by its distance from the median.

    The deviation is 1.4826 times the median of absolute deviations; as that is known as well as from 37 % of
    the rows (Rousseeuw and Croux, JASA 88, 1993), distances are compared with Student's distribution.

    Args:
        residuals: Shape (P,).
        level: How likely normal noise is to have any (Bonferroni).
    """
    centred = residuals - np.median(residuals)
    deviation = 1.4826 * float(np.median(np.abs(centred)))
    if deviation == 0:  # more than half of the rows agree
        return np.flatnonzero(centred != 0)
    limit = scipy.stats.t.isf(level / (2 * len(residuals)), max(2.0, 0.37 * len(residuals) - 1))
    return np.flatnonzero(np.abs(centred) > limit * deviation)
