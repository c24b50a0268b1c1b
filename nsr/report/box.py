"""Check of the box that the data lie in: whether the equation has poles or no values between the rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import qmc

from nsr.evaluate.program import Program
from nsr.report.finding import Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

_N_POINTS = 4_096
# Values further beyond the target's range than this many times the range are a pole's.
_FAR = 30.0
_ROUNDING = 1e-9


def box(fitted: Fitted) -> Finding:
    """Whether the equation's values at points spread over the data's box are what the data let one expect."""
    X, y = fitted.task.X, fitted.task.y
    low, high = X.min(axis=0), X.max(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many columns
        points = qmc.Halton(X.shape[1], rng=fitted.rng).random(_N_POINTS)
    with np.errstate(all="ignore"):
        values = Program([fitted.expression]).values(low + points * (high - low))[0]
    undefined = int(np.sum(~np.isfinite(values)))
    reach = _FAR * max(float(np.ptp(y)), float(np.max(np.abs(y))) * _ROUNDING)
    far = int(np.sum(np.isfinite(values) & ((values < y.min() - reach) | (values > y.max() + reach))))
    figures = {"undefined": undefined / _N_POINTS, "far": far / _N_POINTS}
    if undefined:
        return Finding("box", "has no value at some points between the rows", True, figures)
    if far:
        return Finding(
            "box", "goes far beyond the target's range between the rows, as at a pole", True, figures
        )
    return Finding("box", "has moderate values everywhere between the rows", False, figures)
