"""A few Gauss-Newton steps for constants near their best values: of one equation, or of many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.refinement.blocks import ROWS_AT_A_TIME, blocks, triangle
from nsr.task import Task

Array = NDArray[np.float64]

# Directions in which all constants together change next to nothing are left alone.
_COLLINEAR = 1e-12
# Steps end where one of them lessens the loss by no more than this share: the next one moves last digits.
_CONVERGED = 1e-13


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
        is_nearest = best_loss - loss <= _CONVERGED * best_loss
        best, best_loss = trial, loss
        if is_nearest:
            break
    return best, best_loss


@np.errstate(all="ignore")
def steps_of_all(program: Program, constants: Array, task: Task, n_steps: int) -> Array:
    """Improves the constants of many equations while steps lessen their losses.

    Args:
        program: Of E equations.
        constants: Shape (E, K), padded like `Program.constants`.
        task: What they explain, of few rows.
        n_steps: Steps at most.

    Returns:
        The best constants, shape (E, K).
    """
    best, losses = constants, task.mean_loss(program.values(task.X, constants))
    for _ in range(n_steps):
        trial = best + _steps(program, best, task)
        new = task.mean_loss(program.values(task.X, trial))
        is_better = new < losses
        if not is_better.any():
            break
        best = np.where(is_better[:, None], trial, best)
        losses = np.where(is_better, new, losses)
    return best


def _steps(program: Program, constants: Array, task: Task) -> Array:
    """By how much the constants of each equation should move, shape (E, K); 0 where that is not known."""
    predicted, jacobian = (np.asarray(v, dtype=np.float64) for v in program.jacobian(task.X, constants))
    slopes = jacobian * np.sqrt(task.curvature(predicted))[:, None, :]
    lengths = np.linalg.norm(slopes, axis=2)
    units = slopes / np.where(lengths > 0, lengths, 1.0)[:, :, None]
    residuals = task.residuals(predicted)
    is_known = np.isfinite(units).all(axis=(1, 2)) & np.isfinite(residuals).all(axis=1)
    units[~is_known], residuals[~is_known] = 0.0, 0.0
    inverses = np.linalg.pinv(units @ units.transpose(0, 2, 1), rcond=_COLLINEAR, hermitian=True)
    moves = np.einsum("ekl,elp,ep->ek", inverses, units, residuals)
    return np.where(lengths > 0, moves / np.where(lengths > 0, lengths, 1.0), 0.0)


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
