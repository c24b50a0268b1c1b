"""Constants within bounds that the user sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.space import signs_of_constants
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.task import ROWS, Task

Array = NDArray[np.float64]

# Evaluations of an equation in a fit, and seconds of work that it takes about.
_MOST_EVALUATIONS, _WORK = 60, 5e-3
# What stands for an error that is not finite.
_HUGE = 1e150


def within_bounds(candidates: Iterable[Candidate], task: Task, clock: Clock) -> list[Candidate]:
    """Candidates some constants of which are out of bounds, fitted with all of them within.

    Args:
        candidates: The most promising first.
        task: What they explain; its space has the bounds.
        clock: Once it is over no further one is begun.

    Returns:
        Those whose constants were all that was not allowed.
    """
    free = replace(task.space, constant_bounds=None)
    outside = [c for c in candidates if not task.space.allows(c.expression) and free.allows(c.expression)]
    found: list[tuple[Candidate, Expression]] = []
    for candidate in outside:
        if clock.is_over:
            break
        clock.spend(_WORK)
        fitted = _fitted(candidate.expression, task.first(ROWS))
        if task.space.allows(fitted):
            found.append((candidate, fitted))
    own = [candidate for candidate, _ in found]
    return as_found_by(own, scored([fitted for _, fitted in found], task), task)


def _fitted(expression: Expression, task: Task) -> Expression:
    """The equation with the constants within the bounds that leave least squares.

    By a trust region that ends at the bounds (Branch, Coleman and Li, SIAM Journal on Scientific Computing
    21, 1999).
    """
    assert task.space.constant_bounds is not None
    signs = np.array(signs_of_constants(expression))
    ends = np.sort(signs[:, None] * np.array(task.space.constant_bounds), axis=1)
    low, high = ends.T
    program, root = Program([expression]), task.root_weights
    start = np.clip(np.array(expression.constants), low, high)

    def residuals(values: Array) -> Array:
        off = (program.values(task.X, values[None])[0] - task.y) * root
        return np.asarray(np.nan_to_num(off, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE))

    def slopes(values: Array) -> Array:
        _, jacobian = program.jacobian(task.X, values[None])
        return np.asarray(np.nan_to_num((jacobian[0, : len(values)] * root).T, posinf=0.0, neginf=0.0))

    with np.errstate(all="ignore"):
        found = least_squares(
            residuals, start, slopes, (low, high), max_nfev=_MOST_EVALUATIONS, x_scale="jac"
        )
    return expression.with_constants(found.x.tolist())
