"""Right-hand sides compared by how well they explain the weak form, and how long they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.settings import OdeSettings
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import Fit, WeakForm, all_integrals, weak_bits


def shortest(fits: Iterable[Fit], weak: WeakForm, settings: OdeSettings) -> list[Fit]:
    """The few of shortest description, of fits to the same weak form; as many as those of all its widths."""
    n = settings.n_each * (len(settings.widths) if weak.is_whitened else 1)
    return sorted(fits, key=lambda fit: weak_bits(fit, weak, settings))[:n]


def by_description(expressions: Sequence[Expression], task: OdeTask, component: int) -> list[Expression]:
    """The shortest descriptions first, on average over the weak forms of the component.

    Args:
        expressions: Right-hand sides with constants that fit.
        task: What was observed.
        component: Which state's derivative they are to be.
    """
    if not expressions:
        return []
    bits = np.zeros(len(expressions))
    forms = task.weak_forms_of(component)
    integrals = all_integrals(forms, Program(list(expressions)))
    for weak, found in zip(forms, integrals, strict=True):
        target = weak.target[:, component]
        with np.errstate(all="ignore"):
            residuals = np.linalg.norm(found - target, axis=1) / (np.linalg.norm(target) or 1.0)
        residuals = np.where(np.isfinite(residuals), residuals, math.inf)
        fits = (Fit(e, r) for e, r in zip(expressions, residuals.tolist(), strict=True))
        bits += [weak_bits(fit, weak, task.settings) for fit in fits]
    return [expressions[place] for place in np.argsort(bits, kind="stable")]
