"""A few Gauss-Newton steps for some constants of one equation, near their best values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.refinement.blocks import ROWS_AT_A_TIME, blocks, triangle
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
        step = _step(program, best, is_moving, task)
        if step is None:
            break
        trial = best.copy()
        trial[is_moving] += step
        loss = _loss(program, trial, task)
        if not loss < best_loss:
            break
        best, best_loss = trial, loss
    return best, best_loss


def _step(program: Program, values: Array, is_moving: NDArray[np.bool_], task: Task) -> Array | None:
    """By how much the constants should move; None where that is not finite."""
    parts = (_equations(program, values, is_moving, task.of_rows(rows)) for rows in blocks(task.n_rows))
    equations = next(parts) if task.n_rows <= ROWS_AT_A_TIME else triangle(parts)
    if not np.all(np.isfinite(equations)):
        return None
    return np.asarray(np.linalg.lstsq(equations[:, :-1], equations[:, -1], rcond=1e-12)[0])


def _equations(program: Program, values: Array, is_moving: NDArray[np.bool_], task: Task) -> Array:
    """Linear equations for the step, one a row: derivatives and, in the last column, residuals."""
    predicted, jacobian = program.jacobian(task.X, values[None])
    J = jacobian[0][: len(values)][is_moving].T
    slopes = J * np.sqrt(task.curvature(predicted[0]))[:, None]
    return np.column_stack((slopes, task.residuals(predicted[0])))


def _loss(program: Program, values: Array, task: Task) -> float:
    return float(task.mean_loss(program.values(task.X, values[None]))[0])
