"""Check of the constants: which of them the data do not fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsr.expressions.printing import format_number
from nsr.report.finding import Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

# Directions in which constants may move without a change of the equation's values, to rounding.
_FLAT = 1e-7
# Share of such a direction from which on a constant takes part in it.
_TAKES_PART = 0.05
# A constant is told from zero if it is this many times its standard error.
_TOLD = 2.0


def constants(fitted: Fitted) -> Finding:
    """Which constants could be others without the equation explaining the data any worse."""
    values = np.array(fitted.expression.constants)
    if not len(values):
        return Finding("constants", "there are none to be fitted")
    scale = np.where(values == 0, 1.0, np.abs(values))
    scaled = fitted.slopes * scale
    if not np.all(np.isfinite(scaled)):
        return Finding("constants", "cannot be told, as the equation has no slope in some rows")
    # Columns of one length: what is flat must not depend on how much each constant matters.
    lengths = np.linalg.norm(scaled, axis=0)
    without = [i for i, length in enumerate(lengths) if length == 0]
    unit = scaled / np.where(lengths == 0, 1.0, lengths)
    _, singular, directions = np.linalg.svd(unit, full_matrices=len(unit) < len(values))
    singular = np.pad(singular, (0, len(directions) - len(singular)))
    flat = directions[singular <= _FLAT * max(1.0, float(singular.max()))]
    loose = sorted(
        {*without, *np.flatnonzero(np.max(np.abs(flat), axis=0, initial=0.0) > _TAKES_PART).tolist()}
    )
    if loose:
        listed = ", ".join(format_number(values[i], 4) for i in loose)
        return Finding(
            "constants", f"any one of these could have another value, made up by others: {listed}", True
        )
    variances = np.sum((directions.T / singular) ** 2, axis=1) / lengths**2
    errors = fitted.noise * np.sqrt(variances) * scale
    vague = [i for i, value in enumerate(values) if not fitted.is_exact and abs(value) < _TOLD * errors[i]]
    figures = {"largest_relative_error": float(np.max(errors / scale))}
    if vague:
        listed = ", ".join(f"{values[i]:.4g} ± {errors[i]:.2g}" for i in vague)
        return Finding("constants", f"not fixed by these data: {listed}", True, figures)
    worst = f"the least certain to {100 * figures['largest_relative_error']:.2g} %"
    return Finding("constants", f"all are fixed by the data, {worst}", False, figures)
