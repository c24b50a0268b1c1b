"""Check of the errors of measurement that the user has given: whether the residuals are of their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from nsr.report.finding import ALPHA, Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted


def given_errors(fitted: Fitted) -> Finding:
    """Whether residuals have the size of the errors that were given (Pearson's chi-squared test)."""
    assert fitted.task.noise is not None
    chi2, degrees = float(np.sum(fitted.residuals**2)) / fitted.task.noise**2, fitted.n_spare
    p_value = 2 * min(float(stats.chi2.sf(chi2, degrees)), float(stats.chi2.cdf(chi2, degrees)))
    figures = {"chi2_per_degree": chi2 / degrees, "p_value": p_value}
    shown = f"chi-squared of {chi2 / degrees:.3g} per degree of freedom, p = {p_value:.2g}"
    if p_value > ALPHA:
        return Finding("errors", f"residuals are of the size of the errors given ({shown})", False, figures)
    if chi2 > degrees:
        size, why = "larger", "the equation misses something, or they are too small"
    else:
        size, why = "smaller", "they are too large, or the equation follows the noise"
    text = f"residuals are {size} than the errors given ({shown}): {why}"
    return Finding("errors", text, True, figures)
