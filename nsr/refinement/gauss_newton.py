"""A few Gauss-Newton steps for some constants of one equation, near their best values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.task import Task

Array = NDArray[np.float64]


@np.errstate(all="ignore")
def gauss_newton(
    program: Program, values: Array, is_moving: NDArray[np.bool_], task: Task, n_steps: int
) -> tuple[Array, float]:
    """Improves some constants while steps lessen the loss, the others staying as they are.

    Args:
        program: Of one equation.
        values: Its constants, shape (K,).
        is_moving: Which of them move, shape (K,).
        task: What it explains.
        n_steps: Steps at most.

    Returns:
        The best values and their loss.
    """
    best, best_loss = values, _loss(program, values, task)
    for _ in range(n_steps):
        if not is_moving.any():
            break
        predicted, jacobian = program.jacobian(task.X, best[None])
        J = jacobian[0][: len(values)][is_moving].T
        slopes = J * np.sqrt(task.curvature(predicted[0]))[:, None]
        residuals = task.residuals(predicted[0])
        if not (np.all(np.isfinite(slopes)) and np.all(np.isfinite(residuals))):
            break
        step = np.linalg.lstsq(slopes, residuals, rcond=1e-12)[0]
        trial = best.copy()
        trial[is_moving] += step
        loss = _loss(program, trial, task)
        if not loss < best_loss:
            break
        best, best_loss = trial, loss
    return best, best_loss


def _loss(program: Program, values: Array, task: Task) -> float:
    return float(task.mean_loss(program.values(task.X, values[None]))[0])
