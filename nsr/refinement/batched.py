"""Levenberg-Marquardt over many rows at once, for programs that no compiled kernel can run.

It asks `Program.jacobian` only, so it serves registered operators and GPUs alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nsr.evaluate.program import Program

Array = NDArray[np.float64]

_FIRST_DAMPING, _MAX_DAMPING = 1e-2, 1e12


def least_squares(
    program: Program,
    X: Array,
    y: Array,
    scale: float,
    starts: Array,
    index: NDArray[np.int64],
    max_iterations: int,
    tolerance: float,
) -> tuple[Array, Array]:
    """Minimises the mean squared residual of each row by steps with identity damping.

    Args:
        program: What to evaluate.
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        starts: Starting points, shape (R, K).
        index: Expression of each row, shape (R,).
        max_iterations: Steps tried at most.
        tolerance: Loss that ends the work on a row.

    Returns:
        Constants (R, K) and losses (R,), infinity where the starting point gives a non-finite value.
    """
    constants = starts.copy()
    damping = np.full(len(starts), _FIRST_DAMPING)
    r, J, loss = _linearised(program, X, y, scale, constants, index)
    for _ in range(max_iterations):
        rows = np.flatnonzero(np.isfinite(loss) & (loss > tolerance) & (damping < _MAX_DAMPING))
        if len(rows) == 0:
            break
        trial = constants[rows] + _steps(r[rows], J[rows], damping[rows])
        trial_r, trial_J, trial_loss = _linearised(program, X, y, scale, trial, index[rows])
        better = trial_loss < loss[rows]
        damping[rows] *= np.where(better, 0.2, 4.0)
        taken = rows[better]
        constants[taken], loss[taken] = trial[better], trial_loss[better]
        r[taken], J[taken] = trial_r[better], trial_J[better]
    return constants, loss


def _linearised(
    program: Program, X: Array, y: Array, scale: float, constants: Array, index: NDArray[np.int64]
) -> tuple[Array, Array, Array]:
    """Scaled residuals (R, P), their Jacobian (R, K, P) and the mean squares (R,)."""
    values, jacobian = program.jacobian(X, constants, index)
    with np.errstate(all="ignore"):
        r = np.asarray((values - y) / scale, dtype=np.float64)
        loss = np.mean(r**2, axis=1)
    bad = ~np.isfinite(loss) | ~np.isfinite(jacobian).all(axis=(1, 2))
    loss[bad] = np.inf
    return r, np.asarray(jacobian / scale, dtype=np.float64), loss


def _steps(r: Array, J: Array, damping: Array) -> Array:
    A: NDArray[Any] = J @ J.transpose(0, 2, 1)
    A += (damping * r.shape[1])[:, None, None] * np.eye(J.shape[1])
    return np.linalg.solve(A, -(J @ r[..., None]))[..., 0]
