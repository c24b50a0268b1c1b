"""Check of the box that the data lie in: whether the equation has poles or no values between the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsr.evaluate.domains import Region, Safety, is_safe
from nsr.evaluate.program import Program
from nsr.report.finding import Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

# Values further beyond the target's range than this many times the range are not what the data let expect.
_FAR = 30.0
_ROUNDING = 1e-9
_TEXTS = {
    Safety.UNDEFINED: "has no value at some points between the rows",
    Safety.POLE: "has a pole between the rows",
    Safety.JUMP: "jumps between the rows, at a point where it has no value",
}


def box(fitted: Fitted) -> Finding:
    """Whether the equation has moderate values all over the data's box."""
    X, y = fitted.task.X, fitted.task.y
    verdict = is_safe(fitted.expression, X)
    with np.errstate(all="ignore"):
        values = Program([fitted.expression]).values(Region.of(X, seed=fitted.seed).points)[0]
    reach = _FAR * max(float(np.ptp(y)), float(np.max(np.abs(y))) * _ROUNDING)
    is_far = np.isfinite(values) & ((values < y.min() - reach) | (values > y.max() + reach))
    figures = {"far": float(np.mean(is_far))}
    if verdict.is_wrong:
        return Finding("box", _TEXTS[verdict], True, figures)
    if is_far.any():
        return Finding("box", "goes far beyond the target's range between the rows", True, figures)
    return Finding("box", "has moderate values everywhere between the rows", False, figures)
