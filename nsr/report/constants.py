"""Check of the constants: which of them the data do not fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsr.data.notes import listed
from nsr.expressions.printing import format_number
from nsr.refinement.digits import with_error
from nsr.refinement.uncertainty import uncertainty
from nsr.report.finding import Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

# A constant is told from zero if it is this many times its standard error.
_TOLD = 2.0


def constants(fitted: Fitted) -> Finding:
    """Which fitted constants could be others without the equation explaining the data any worse."""
    found = uncertainty(fitted.expression, fitted.task)
    if found is None:
        return Finding("constants", "cannot be told, as the equation has no slope in some rows")
    if not len(found.values):
        return Finding("constants", "none had to be fitted")
    values, errors = found.values, found.errors
    loose = [format_number(values[i], 4) for i in np.flatnonzero(np.isinf(errors))]
    if loose:
        text = f"any one of these could have another value, made up by others: {listed(loose)}"
        return Finding("constants", text, True)
    if not found.degrees:
        return Finding("constants", "as many as rows, so that nothing tells how sure they are", True)
    relative = float(np.max(errors / np.maximum(np.abs(values), 1e-300)))
    figures = {"largest_relative_error": relative}
    vague = np.flatnonzero(np.abs(values) < _TOLD * errors)
    if len(vague):
        text = f"not told from zero: {listed([with_error(values[i], errors[i]) for i in vague])}"
        return Finding("constants", text, True, figures)
    return Finding("constants", f"all are fixed, the least certain to {100 * relative:.2g} %", False, figures)
