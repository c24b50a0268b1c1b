"""Levenberg-Marquardt over many rows at once, each with its own values, damping and end.

Values that enter linearly may be solved for at every step, which is variable projection (Golub and Pereyra,
SIAM Journal on Numerical Analysis 10, 1973, 413-432). Only the others are damped then: by Schur complements
their steps are those of Kaufman's Jacobian (BIT 15, 1975, 49-57).

What is fitted is told by a `LeastSquares` problem: programs that no compiled kernel can run (operators of the
user's, GPUs), right-hand sides in weak form, and simulations against trajectories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock

if TYPE_CHECKING:
    from nsr.evaluate.program import Program

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_MAX_DAMPING = 1e12


class LeastSquares(Protocol):
    """Residuals as functions of values; R rows of K values have M residuals each."""

    def residuals(self, values: Array, rows: Rows) -> Array:
        """Residuals, shape (R, M), of the values (R, K) of some rows."""

    def normal_equations(self, values: Array, rows: Rows, residuals: Array) -> tuple[Array, Array]:
        """J J^T, shape (R, K, K), and J r, shape (R, K), of the residuals' Jacobian J (R, K, M)."""


@dataclass(frozen=True)
class Damping:
    """What is added to the diagonal of the normal equations, as a multiple of a measure of their size.

    Attributes:
        is_scaled: Whether the measure is each diagonal element (Marquardt 1963), which makes steps
            independent of units, or the number of residuals (Levenberg 1944), which holds back what hardly
            matters.
        first: Multiple to begin with.
        better: Factor after a step that gained.
        worse: Factor after one that did not.
        least: Smallest multiple.
    """

    is_scaled: bool
    first: float
    better: float
    worse: float
    least: float


# From random starting points the identity recovers most (`eval.refinement`).
IDENTITY = Damping(is_scaled=False, first=1e-2, better=0.2, worse=4.0, least=1e-15)
SCALED = Damping(is_scaled=True, first=1e-3, better=0.1, worse=10.0, least=1e-12)
# Where linear values are solved for, the others may step further at once.
PROJECTED = Damping(is_scaled=True, first=1e-5, better=0.1, worse=10.0, least=1e-12)
# Multiple for values that are solved for, as residuals may not tell all of them apart.
_RIDGE = 1e-14


def levenberg_marquardt(
    problem: LeastSquares,
    starts: Array,
    damping: Damping,
    *,
    max_iterations: int,
    tolerance: float = 0.0,
    least_gain: float = 0.0,
    clock: Clock | None = None,
    bounds: tuple[Array, Array] | None = None,
    linear: NDArray[np.bool_] | None = None,
) -> tuple[Array, Array]:
    """Minimises the mean squared residual of each row.

    Args:
        problem: What to fit.
        starts: Starting points, shape (R, K).
        damping: How steps are held back.
        max_iterations: Steps tried at most.
        tolerance: Loss that ends the work on a row.
        least_gain: Share of its loss by which a step must lessen it, or the work on the row ends.
        clock: When it is over no further step is tried.
        bounds: Least and largest values, shape (R, K) each, between which steps end; the starting points are
            within.
        linear: Which values enter linearly, all of them together, and are solved for at each step, shape
            (R, K); needs scaled damping, and no bounds. None by default.

    Returns:
        Values (R, K) and losses (R,), infinity where the starting point gives a non-finite value.
    """
    clock = clock or Clock()
    values, n_rows = starts.copy(), len(starts)
    if linear is None or max_iterations == 0 or clock.is_over:
        linear = np.zeros(starts.shape, dtype=np.bool_)
    values, residuals = _solved_for(linear, problem, values, np.arange(n_rows))
    losses, n_residuals = _mean_squares(residuals), residuals.shape[1]
    rows = np.flatnonzero(np.isfinite(losses))
    if starts.shape[1] == 0 or len(rows) == 0:
        return values, losses
    A, g = np.zeros((n_rows, starts.shape[1], starts.shape[1])), np.zeros(starts.shape)
    A[rows], g[rows] = problem.normal_equations(values[rows], rows, residuals[rows])
    losses[~_is_finite(A, g)] = np.inf
    multiples, is_done = np.full(n_rows, damping.first), np.zeros(n_rows, dtype=np.bool_)
    for _ in range(max_iterations):
        is_active = np.isfinite(losses) & (losses > tolerance) & (multiples < _MAX_DAMPING) & ~is_done
        rows = np.flatnonzero(is_active)
        if len(rows) == 0 or clock.is_over:
            break
        own_A, own_g = A[rows], g[rows]
        if bounds is not None:
            own_A, own_g = _held(own_A, own_g, values[rows], bounds[0][rows], bounds[1][rows])
        held_back = np.where(linear[rows], _RIDGE, multiples[rows, None])
        trial = values[rows] - _steps(own_A, own_g, held_back, damping.is_scaled, n_residuals)
        if bounds is not None:
            trial = np.clip(trial, bounds[0][rows], bounds[1][rows])
        trial, residuals = _solved_for(linear[rows], problem, trial, rows)
        trial_losses = _mean_squares(residuals)
        multiples[rows] *= damping.worse
        better = np.flatnonzero(trial_losses < losses[rows])
        if len(better) == 0:
            continue
        new_A, new_g = problem.normal_equations(trial[better], rows[better], residuals[better])
        is_usable = _is_finite(new_A, new_g)
        better = better[is_usable]
        taken = rows[better]
        multiples[taken] = np.maximum(multiples[taken] * damping.better / damping.worse, damping.least)
        is_done[taken] = losses[taken] - trial_losses[better] < least_gain * losses[taken]
        values[taken], losses[taken] = trial[better], trial_losses[better]
        A[taken], g[taken] = new_A[is_usable], new_g[is_usable]
    return values, losses


def normal_equations(jacobian: Array, residuals: Array) -> tuple[Array, Array]:
    """J J^T (R, K, K) and J r (R, K) of Jacobians (R, K, M) and residuals (R, M)."""
    with np.errstate(all="ignore"):
        return jacobian @ jacobian.transpose(0, 2, 1), np.einsum("rkm,rm->rk", jacobian, residuals)


@dataclass(frozen=True)
class ProgramFit:
    """Expressions against a target, for programs on any backend: asks for values and Jacobians only.

    Attributes:
        program: What to evaluate.
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        index: Expression of each row, shape (R,).
    """

    program: Program
    X: Array
    y: Array
    scale: float
    index: NDArray[np.int64]

    def residuals(self, values: Array, rows: Rows) -> Array:
        """As `LeastSquares` says."""
        with np.errstate(all="ignore"):
            found = self.program.values(self.X, values, self.index[rows])
            return np.asarray((found - self.y) / self.scale, dtype=np.float64)

    def normal_equations(self, values: Array, rows: Rows, residuals: Array) -> tuple[Array, Array]:
        """As `LeastSquares` says."""
        _, jacobian = self.program.jacobian(self.X, values, self.index[rows])
        return normal_equations(np.asarray(jacobian / self.scale, dtype=np.float64), residuals)


def _held(A: Array, g: Array, values: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Normal equations in which what would leave its bounds stays where it is."""
    is_held = ((values <= low) & (g > 0)) | ((values >= high) & (g < 0))
    is_free = ~is_held
    return A * (is_free[:, :, None] & is_free[:, None, :]), g * is_free


def _mean_squares(residuals: Array) -> Array:
    """Losses (R,), infinity where they are not finite."""
    with np.errstate(all="ignore"):
        losses = np.mean(residuals**2, axis=1)
    return np.where(np.isfinite(losses), losses, np.inf)


def _is_finite(A: Array, g: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(A).all(axis=(1, 2)) & np.isfinite(g).all(axis=1))


def _solved_for(
    linear: NDArray[np.bool_], problem: LeastSquares, values: Array, rows: Rows
) -> tuple[Array, Array]:
    """Values (R, K), with the best linear ones where these gain, and residuals (R, M)."""
    residuals = problem.residuals(values, rows)
    some = np.flatnonzero(np.any(linear, axis=1) & np.isfinite(_mean_squares(residuals)))
    if len(some) == 0:
        return values, residuals
    A, g = problem.normal_equations(values[some], rows[some], residuals[some])
    some, A, g = some[is_usable := _is_finite(A, g)], A[is_usable], g[is_usable]
    own = linear[some]
    A = A * (own[:, :, None] & own[:, None, :])
    trial = values[some] - _steps(A, g * own, np.where(own, _RIDGE, 1.0), True, residuals.shape[1])
    solved = problem.residuals(trial, rows[some])
    is_better = _mean_squares(solved) < _mean_squares(residuals[some])
    values = values.copy()
    values[some[is_better]], residuals[some[is_better]] = trial[is_better], solved[is_better]
    return values, residuals


def _steps(A: Array, g: Array, multiples: Array, is_scaled: bool, n_residuals: int) -> Array:
    """Solutions (R, K) of the normal equations, damped by multiples (R, K).

    Nothing moves along what changes nothing.
    """
    identity = np.eye(A.shape[1])
    if not is_scaled:
        damped = A + (multiples * n_residuals)[:, :, None] * identity
        return _solved(damped, g)
    norms = np.sqrt(np.einsum("rkk->rk", A))
    norms = np.where(norms > 0, norms, 1.0)
    scaled = A / norms[:, :, None] / norms[:, None, :] + multiples[:, :, None] * identity
    return _solved(scaled, g / norms) / norms


def _solved(A: Array, b: Array) -> Array:
    """Solutions (R, K); of equations that rounding left without one, those of least squares."""
    try:
        return np.asarray(np.linalg.solve(A, b[..., None])[..., 0])
    except np.linalg.LinAlgError:
        return np.asarray((np.linalg.pinv(A, hermitian=True) @ b[..., None])[..., 0])
