"""Constants of right-hand sides, fitted to the weak form: no integration, and no derivative of noisy data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.weak_form import Fit, WeakForm

Array = NDArray[np.float64]

_N_ITERATIONS = 10
_FIRST_DAMPING, _LEAST_DAMPING = 1e-3, 1e-12


def refined(expressions: Sequence[Expression], weak: WeakForm, component: int) -> list[Fit]:
    """Moves the constants of all expressions to the nearest least squares, by Levenberg and Marquardt.

    Args:
        expressions: Right-hand sides with constants to begin with.
        weak: Observations.
        component: Which state's derivative they are to be.

    Returns:
        The fits that are finite, in the order of the expressions.
    """
    if not expressions:
        return []
    program = Program(list(expressions))
    target = weak.target[:, component]
    constants = program.constants.copy()
    best = _squares(weak.integrals(program, constants) - target)
    damping = np.full(len(expressions), _FIRST_DAMPING)
    for _ in range(_N_ITERATIONS):
        index = np.flatnonzero(np.isfinite(best) & (program.n_constants > 0))
        if len(index) == 0:
            break
        values, derivatives = weak.jacobian(program, constants[index], index)
        trial = constants[index] - _steps(derivatives, values - target, damping[index])
        squares = _squares(weak.integrals(program, trial, index) - target)
        better = squares < best[index]
        damping[index] = np.maximum(damping[index] * np.where(better, 0.1, 10.0), _LEAST_DAMPING)
        constants[index[better]], best[index[better]] = trial[better], squares[better]
    size = float(target @ target) or 1.0
    fitted = program.expressions_with(constants)
    return [
        Fit(expression, float(np.sqrt(square / size)))
        for expression, square in zip(fitted, best.tolist(), strict=True)
        if np.isfinite(square)
    ]


def _squares(residuals: Array) -> Array:
    """Sums of squares, infinity where they are no numbers, shape (R,)."""
    with np.errstate(all="ignore"):
        squares = np.sum(residuals**2, axis=1)
    return np.where(np.isfinite(squares), squares, np.inf)


def _steps(derivatives: Array, residuals: Array, damping: Array) -> Array:
    """Damped Gauss-Newton steps (R, K), zero in directions that change nothing."""
    derivatives = np.where(np.isfinite(derivatives), derivatives, 0.0)
    norms = np.linalg.norm(derivatives, axis=2)
    norms = np.where(norms > 0, norms, 1.0)
    scaled = derivatives / norms[..., None]
    normal = scaled @ scaled.transpose(0, 2, 1) + damping[:, None, None] * np.eye(derivatives.shape[1])
    right = np.einsum("rkm,rm->rk", scaled, residuals)
    return np.asarray(np.linalg.solve(normal, right[..., None])[..., 0] / norms)
