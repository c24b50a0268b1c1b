"""Right-hand sides compared by how well they explain the weak form, and how long they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.description import description_bits
from nsr.ode.settings import OdeSettings
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import Fit, all_integrals


def shortest(fits: Iterable[Fit], settings: OdeSettings) -> list[Fit]:
    """The few of shortest description, of fits to the same weak form."""
    return sorted(fits, key=lambda fit: weak_bits(fit, settings))[: settings.n_each]


def by_description(expressions: Sequence[Expression], task: OdeTask, component: int) -> list[Expression]:
    """The shortest descriptions first, on average over the weak forms of all widths.

    Args:
        expressions: Right-hand sides with constants that fit.
        task: What was observed.
        component: Which state's derivative they are to be.
    """
    if not expressions:
        return []
    bits = np.zeros(len(expressions))
    integrals = all_integrals(task.weak_forms, Program(list(expressions)))
    for weak, found in zip(task.weak_forms, integrals, strict=True):
        target = weak.target[:, component]
        with np.errstate(all="ignore"):
            residuals = np.linalg.norm(found - target, axis=1) / (np.linalg.norm(target) or 1.0)
        residuals = np.where(np.isfinite(residuals), residuals, math.inf)
        fits = (Fit(e, r) for e, r in zip(expressions, residuals.tolist(), strict=True))
        bits += [weak_bits(fit, task.settings) for fit in fits]
    return [expressions[place] for place in np.argsort(bits, kind="stable")]


def weak_bits(fit: Fit, settings: OdeSettings) -> float:
    """Description length of the weak form by a right-hand side, and of this itself."""
    exact = settings.least_residual**2
    return description_bits([fit.expression], [fit.residual * fit.residual], settings.n_weak, exact)
