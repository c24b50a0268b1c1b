"""Curves with starting points, fitted by variable projection in rounds that fewer and fewer of them reach.

Numbers of a form, such as the 1 of a logistic curve, are part of it and stay: during the fit they stand in a
column of ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, is_structural
from nsr.expressions.simplify import simplify
from nsr.refinement.numbers import with_columns_for_numbers
from nsr.refinement.refine import Effort, refine
from nsr.search.curves_settings import CurvesSettings
from nsr.task import Task

Array = NDArray[np.float64]

# Structural exponents stay as they are in a fit; exponents that begin there are moved off by this much.
_OFF = 7e-4
# Singular values below this share of the largest belong to constants that rows do not tell apart.
_COLLINEAR = 1e-7
# Seconds of work for a start beside those of its refinement.
_SECONDS = 7e-5


@dataclass(frozen=True)
class Fit:
    """A form with fitted constants.

    Attributes:
        form: Its skeleton: what has a placeholder is fitted, and numbers stay.
        constants: Of the placeholders, in order.
        loss: Mean loss on the task.
        name: What textbooks call it, if they do.
    """

    form: Expression
    constants: tuple[float, ...]
    loss: float
    name: str = ""

    @property
    def expression(self) -> Expression:
        """The form with its constants."""
        return filled(self.form, self.constants)

    @property
    def fitted(self) -> dict[int, float]:
        """The constants by their places in the form."""
        return dict(zip(_places(self.form), self.constants, strict=True))

    @property
    def exponents(self) -> dict[int, float]:
        """Those of them that are exponents."""
        places = set(self.form.exponent_positions())
        return {place: value for place, value in self.fitted.items() if place in places}


def _places(form: Expression) -> list[int]:
    """Where a form has placeholders."""
    return [place for place, token in enumerate(form.tokens) if token == PLACEHOLDER]


def filled(form: Expression, constants: Iterable[float]) -> Expression:
    """A form with values in place of its placeholders."""
    values = iter(constants)
    return Expression(tuple(float(next(values)) if token == PLACEHOLDER else token for token in form.tokens))


def best_fits(
    form: Expression,
    starts: Iterable[tuple[float, ...]],
    task: Task,
    clock: Clock,
    n_best: int = 1,
    name: str = "",
    settings: CurvesSettings = CurvesSettings(),
) -> list[Fit]:
    """The best fits of a form from many starting points.

    Args:
        form: Its skeleton.
        starts: Values of its placeholders.
        task: What it is to explain.
        clock: When fitting ends.
        n_best: How many, from different starts.
        name: What textbooks call the form, if they do. A fit at a limit of the form, where its constants
            cannot be told apart, is another curve than that.
        settings: Effort on each.

    Returns:
        By rising loss; none where the form is not allowed, is finite from no start, or has as many constants
        as there are rows.
    """
    is_allowed = not task.space.is_limited or task.space.allows(simplify(form))
    if form.tokens.count(PLACEHOLDER) >= task.n_rows or not is_allowed:
        return []
    current = list(starts)
    fits: list[Fit] = []
    for effort, n_kept in (
        (settings.first, settings.n_first),
        (settings.second, max(settings.n_second, n_best)),
        (settings.last, n_best),
    ):
        fits = _refined(form, current, task, effort, clock)[:n_kept]
        current = [fit.constants for fit in fits]
    return [replace(fit, name=name) if name and _is_identified(fit, task) else fit for fit in fits]


def refitted(fit: Fit, task: Task, clock: Clock, settings: CurvesSettings = CurvesSettings()) -> Fit:
    """The fit on another task, from where it is; itself where it is not finite there."""
    found = _refined(fit.form, [fit.constants], task, settings.last, clock)
    return replace(found[0], name=fit.name) if found else fit


def _is_identified(fit: Fit, task: Task) -> bool:
    """Whether rows tell the constants of a fit apart (Seber and Wild 1989, section 3.4)."""
    expression = fit.expression
    fitted = set(_places(fit.form))
    rows = [row for row, place in enumerate(expression.free_positions) if place in fitted]
    with np.errstate(all="ignore"):
        _, jacobian = Program([expression]).jacobian(task.X)
        columns = jacobian[0, rows] * task.root_weights
        columns /= np.linalg.norm(columns, axis=1, keepdims=True)
    if not np.all(np.isfinite(columns)):
        return False
    sizes = np.linalg.svd(columns, compute_uv=False)
    return bool(len(sizes) == 0 or sizes[-1] > _COLLINEAR * sizes[0])


def _finite(started: list[Expression], task: Task) -> list[Expression]:
    """Those with a value on all rows; for the others refinement would draw starts, hundreds for each."""
    with np.errstate(all="ignore"):
        values = Program(started).values(task.X)
    return [one for one, own in zip(started, values, strict=True) if np.all(np.isfinite(own))]


def _refined(
    form: Expression, starts: list[tuple[float, ...]], task: Task, effort: Effort, clock: Clock
) -> list[Fit]:
    """Fits from all starts that have a finite loss, the best first; equal ones once."""
    if not starts:
        return []
    clock.spend(_SECONDS * len(starts))
    (fixed,), own = with_columns_for_numbers([(form, _numbers(form))], task)
    started = _finite([filled(fixed, _off_structure(fixed, start)) for start in starts], own)
    if not started:
        return []
    refined = refine(started, own, effort, clock)
    n_constants = form.tokens.count(PLACEHOLDER)
    fits = [
        Fit(form, tuple(row[:n_constants].tolist()), loss)
        for row, loss in zip(refined.constants, refined.loss.tolist(), strict=True)
        if np.isfinite(loss)
    ]
    once: dict[float, Fit] = {}
    for fit in sorted(fits, key=lambda fit: fit.loss):
        once.setdefault(float(f"{fit.loss:.6e}"), fit)
    return list(once.values())


def _numbers(form: Expression) -> dict[int, float]:
    """The form's numbers by place, without structural exponents, which are never moved."""
    exponents = set(form.exponent_positions())
    return {i: t for i, t in enumerate(form.tokens) if isinstance(t, float) and i not in exponents}


def _off_structure(form: Expression, start: tuple[float, ...]) -> tuple[float, ...]:
    """Starting values of which no exponent is one that a fit would leave where it is."""
    exponents = set(form.exponent_positions())
    return tuple(
        value + _OFF if place in exponents and is_structural(value) else value
        for place, value in zip(_places(form), start, strict=True)
    )
