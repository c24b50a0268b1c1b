"""Check of the constants: which of them the data do not fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsr.data.notes import listed
from nsr.evaluate.program import Program
from nsr.expressions.printing import format_number
from nsr.refinement.digits import with_error
from nsr.refinement.gauss_newton import gauss_newton
from nsr.refinement.uncertainty import uncertainty
from nsr.report.finding import Finding

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

# A constant is told from zero if it is this many times its standard error, or by as many as ratios of
# likelihoods say: the factor of a high power is not known to a digit, and still there is nothing without it.
_TOLD = 2.0
# Gauss-Newton steps of the other constants where one is zero.
_STEPS = 20


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
    vague = np.flatnonzero(np.abs(values) < _TOLD * errors).tolist()
    if vague:
        idle = [i for i in vague if _may_be_zero(fitted, int(found.places[i]))]
        vague = [i for i in vague if i not in idle]
        kinds = ((idle, "not told from zero"), (vague, "not zero, but their size is hardly known"))
        said = [
            f"{kind}: {listed([with_error(values[i], errors[i]) for i in places])}"
            for places, kind in kinds
            if places
        ]
        return Finding("constants", "; ".join(said), True, figures)
    return Finding("constants", f"all are fixed, the least certain to {100 * relative:.2g} %", False, figures)


def _may_be_zero(fitted: Fitted, place: int) -> bool:
    """Whether the equation explains the data as well with a zero for a constant, the others fitted again."""
    task, program = fitted.task, Program([fitted.expression])
    constants = np.array(fitted.expression.constants)
    constants[place] = 0.0
    others = np.arange(len(constants)) != place
    _, loss = gauss_newton(program, constants, others, task, _STEPS)
    with np.errstate(all="ignore"):
        bits = [task.loss.bits(one, task.null_loss, task.n_rows) for one in (loss, fitted.loss)]
    return bool(2 * np.log(2) * (bits[0] - bits[1]) < _TOLD**2)
