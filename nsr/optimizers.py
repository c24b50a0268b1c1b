"""Compiled least-squares optimisers for the constants of one expression.

Levenberg-Marquardt with identity damping, variable projection (Golub and Pereyra 1973, with Kaufman's
1975 Jacobian), and BFGS. All minimise the mean squared residual divided by the target's mean square,
run inside compiled code without allocation per step, and treat a non-finite value as a rejected step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nsr.interpreter import BLOCK, forward_block, reverse_block

LM, VARPRO, BFGS = 0, 1, 2

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False}

_STALLED = 1e-9  # a relative gain below this, three times in a row, ends the iteration
_MAX_DAMPING = 1e12


@njit(**_OPTIONS)
def residuals(tape, first, last, X, y, scale, constants, work, adjoint, r, jacobian):
    """Scaled residuals and their Jacobian.

    Args:
        tape: As in `nsr.interpreter.forward_block`.
        first: First node of the expression.
        last: One past its last node.
        X: Variables, shape (n_variables, P).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        constants: Shape (K,).
        work: Scratch, shape (nodes, BLOCK).
        adjoint: Scratch, shape (nodes, BLOCK).
        r: Receives (f - y) / scale, shape (P,).
        jacobian: Receives its derivatives, shape (K, P).

    Returns:
        Mean squared residual; infinity if any value is not finite.
    """
    n_points = len(y)
    total = 0.0
    for p in range(0, n_points, BLOCK):
        n = min(BLOCK, n_points - p)
        forward_block(tape, first, last, X, constants, p, n, work)
        value = work[last - first - 1]
        for j in range(n):
            difference = (value[j] - y[p + j]) / scale
            r[p + j] = difference
            total += difference * difference
        if not np.isfinite(total):
            return np.inf
        reverse_block(tape, first, last, n, work, adjoint, jacobian, p)
    for k in range(len(constants)):
        for j in range(n_points):
            jacobian[k, j] /= scale
    return total / n_points


@njit(**_OPTIONS)
def cholesky_solve(A, b, n):
    """Solves A x = b in place (A becomes its factor, b the solution); False if A is not definite."""
    for i in range(n):
        for j in range(i + 1):
            total = A[i, j]
            for k in range(j):
                total -= A[i, k] * A[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                A[i, i] = np.sqrt(total)
            else:
                A[i, j] = total / A[j, j]
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= A[i, k] * b[k]
        b[i] = total / A[i, i]
    for i in range(n - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, n):
            total -= A[k, i] * b[k]
        b[i] = total / A[i, i]
    return True


@njit(**_OPTIONS)
def normal_equations(jacobian, r, K, A, g):
    """A = J J^T (lower triangle) and g = J r of a Jacobian (K, P)."""
    n_points = len(r)
    for a in range(K):
        row = jacobian[a]
        total = 0.0
        for j in range(n_points):
            total += row[j] * r[j]
        g[a] = total
        for b in range(a + 1):
            other = jacobian[b]
            product = 0.0
            for j in range(n_points):
                product += row[j] * other[j]
            A[a, b] = product


@njit(**_OPTIONS)
def solve_linear(linear, K, jacobian, r, constants, A, B, g, shift):
    """Moves the linear constants to their exact optimum, given the Jacobian anywhere.

    Residuals are linear in these constants, so r is updated without evaluating again. Columns are
    brought to unit length first, and a second solve of the remaining residual restores the digits
    that the normal equations lose.

    Args:
        linear: Which constants enter linearly, shape (K,).
        K: Number of constants.
        jacobian: Shape (K, P).
        r: Residuals, updated in place.
        constants: Updated in place.
        A: Scratch (K, K).
        B: Scratch (K, K).
        g: Scratch (K,).
        shift: Scratch (K,), the places of the linear constants.

    Returns:
        Mean squared residual afterwards, infinity if the equations cannot be solved.
    """
    n_points = len(r)
    m = 0
    for k in range(K):
        if linear[k]:
            shift[m] = k
            m += 1
    for a in range(m):
        row = jacobian[shift[a]]
        for b in range(a + 1):
            other = jacobian[shift[b]]
            product = 0.0
            for j in range(n_points):
                product += row[j] * other[j]
            A[a, b] = product
        if not A[a, a] > 0.0 or not np.isfinite(A[a, a]):
            if not np.isfinite(A[a, a]):
                return np.inf
            A[a, a] = 1.0  # a column of zeros: its constant stays
    for _ in range(2):
        for a in range(m):
            row = jacobian[shift[a]]
            total = 0.0
            for j in range(n_points):
                total -= row[j] * r[j]
            g[a] = total / np.sqrt(A[a, a])
            for b in range(a + 1):
                B[a, b] = A[a, b] / np.sqrt(A[a, a] * A[b, b])
            B[a, a] = 1.0 + 1e-13
        if not cholesky_solve(B, g, m):
            return np.inf
        for a in range(m):
            step = g[a] / np.sqrt(A[a, a])
            constants[shift[a]] += step
            row = jacobian[shift[a]]
            for j in range(n_points):
                r[j] += step * row[j]
    total = 0.0
    for j in range(n_points):
        total += r[j] * r[j]
    return total / n_points if np.isfinite(total) else np.inf


@njit(**_OPTIONS)
def damped_step(A, g, K, damping, linear, project, B, step):
    """Solves (A + damping I) step = -g; with `project`, linear constants are not damped."""
    for a in range(K):
        for b in range(a + 1):
            B[a, b] = A[a, b]
        free = project and linear[a]
        B[a, a] += 1e-12 * A[a, a] + 1e-300 if free else damping
        step[a] = -g[a]
    return cholesky_solve(B, step, K)


@njit(**_OPTIONS)
def least_squares(
    tape, first, last, X, y, scale, constants, linear, project, max_iterations, tolerance, work, adjoint
):
    """Levenberg-Marquardt with identity damping, with variable projection if `project`.

    Returns:
        Loss; constants hold the best values found.
    """
    K, n_points = len(constants), len(y)
    r, trial_r = np.empty(n_points), np.empty(n_points)
    jacobian = np.zeros((K, n_points))
    A, B, g, step = np.empty((K, K)), np.empty((K, K)), np.empty(K), np.empty(K)
    C, shift = np.empty((K, K)), np.empty(K, np.int64)
    trial = constants.copy()
    loss = residuals(tape, first, last, X, y, scale, constants, work, adjoint, r, jacobian)
    if not np.isfinite(loss):
        return np.inf
    if project:
        solved = solve_linear(linear, K, jacobian, r, trial, C, B, step, shift)
        if solved < loss:
            constants[:] = trial
            loss = residuals(tape, first, last, X, y, scale, constants, work, adjoint, r, jacobian)
            if not np.isfinite(loss):
                return np.inf
        if np.all(linear):
            return loss
    damping, stalled = 1e-2, 0
    normal_equations(jacobian, r, K, A, g)
    for _ in range(max_iterations):
        if loss <= tolerance or stalled == 3 or damping > _MAX_DAMPING:
            break
        if not damped_step(A, g, K, damping * n_points, linear, project, B, step):
            damping *= 8
            continue
        for k in range(K):
            trial[k] = constants[k] + step[k]
        trial_loss = residuals(tape, first, last, X, y, scale, trial, work, adjoint, trial_r, jacobian)
        if project and np.isfinite(trial_loss):
            trial_loss = min(trial_loss, solve_linear(linear, K, jacobian, trial_r, trial, C, B, step, shift))
        if not trial_loss < loss:
            damping *= 4
            continue
        stalled = stalled + 1 if loss - trial_loss < _STALLED * loss else 0
        if project:
            trial_loss = residuals(tape, first, last, X, y, scale, trial, work, adjoint, trial_r, jacobian)
            if not trial_loss < loss:
                damping *= 4
                continue
        constants[:] = trial
        loss = trial_loss
        r, trial_r = trial_r, r
        normal_equations(jacobian, r, K, A, g)
        damping = max(damping / 5, 1e-15)
    return loss


@njit(**_OPTIONS)
def quasi_newton(tape, first, last, X, y, scale, constants, max_iterations, tolerance, work, adjoint):
    """BFGS with a backtracking line search (Nocedal and Wright 2006, algorithm 6.1).

    Returns:
        Loss; constants hold the best values found.
    """
    K, n_points = len(constants), len(y)
    r, jacobian = np.empty(n_points), np.zeros((K, n_points))
    H, gradient, new_gradient = np.eye(K), np.empty(K), np.empty(K)
    direction, trial = np.empty(K), np.empty(K)
    loss = residuals(tape, first, last, X, y, scale, constants, work, adjoint, r, jacobian)
    if not np.isfinite(loss):
        return np.inf
    _gradient(jacobian, r, gradient)
    stalled = 0
    for iteration in range(max_iterations):
        if loss <= tolerance or stalled == 3:
            break
        slope = 0.0
        for a in range(K):
            total = 0.0
            for b in range(K):
                total -= H[a, b] * gradient[b]
            direction[a] = total
            slope += total * gradient[a]
        if not slope < 0.0:
            H[:] = np.eye(K)
            for a in range(K):
                direction[a] = -gradient[a]
            slope = -np.sum(gradient * gradient)
            if not slope < 0.0:
                break
        length = 1.0 if iteration > 0 else min(1.0, 1.0 / np.sqrt(-slope))
        accepted = False
        trial_loss = np.inf
        for _ in range(30):
            for a in range(K):
                trial[a] = constants[a] + length * direction[a]
            trial_loss = residuals(tape, first, last, X, y, scale, trial, work, adjoint, r, jacobian)
            if trial_loss <= loss + 1e-4 * length * slope:
                accepted = True
                break
            length *= 0.3
        if not accepted:
            break
        _gradient(jacobian, r, new_gradient)
        _update_inverse(H, length * direction, new_gradient - gradient)
        stalled = stalled + 1 if loss - trial_loss < _STALLED * loss else 0
        constants[:] = trial
        gradient[:] = new_gradient
        loss = trial_loss
    return loss


@njit(**_OPTIONS)
def _gradient(jacobian, r, gradient):
    n_points = len(r)
    for k in range(len(gradient)):
        total = 0.0
        for j in range(n_points):
            total += jacobian[k, j] * r[j]
        gradient[k] = 2 * total / n_points


@njit(**_OPTIONS)
def _update_inverse(H, s, z):
    """The BFGS update of the inverse Hessian, skipped where the curvature is not positive."""
    K = len(s)
    curvature = np.sum(s * z)
    if not curvature > 1e-300:
        return
    Hz = np.empty(K)
    for a in range(K):
        Hz[a] = np.sum(H[a] * z)
    factor = (1.0 + np.sum(z * Hz) / curvature) / curvature
    for a in range(K):
        for b in range(K):
            H[a, b] += factor * s[a] * s[b] - (Hz[a] * s[b] + s[a] * Hz[b]) / curvature


@njit(**_OPTIONS)
def refine_kernel(
    tape, offsets, counts, linear, X, y, scale, starts, method, max_iterations, tolerance, begin, end,
    best, losses, fits,
):  # fmt: skip
    """Refines expressions begin to end, each from its starts in turn until one succeeds.

    Args:
        tape: As in `nsr.interpreter.forward_block`.
        offsets: Runs of the expressions, shape (E + 1,).
        counts: Free constants of each, shape (E,).
        linear: Which constants enter linearly, shape (E, K).
        X: Variables, shape (n_variables, P).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        starts: Starting points, shape (E, S, K).
        method: `LM`, `VARPRO` or `BFGS`.
        max_iterations: Of each local optimisation.
        tolerance: Loss that counts as success.
        begin: First expression.
        end: One past the last.
        best: Receives the best constants, shape (E, K).
        losses: Receives their losses, shape (E,).
        fits: Receives the number of local optimisations, shape (E,).
    """
    longest = np.max(offsets[1:] - offsets[:-1])
    work, adjoint = np.empty((longest, BLOCK)), np.empty((longest, BLOCK))
    for e in range(begin, end):
        first, last, K = offsets[e], offsets[e + 1], counts[e]
        losses[e] = np.inf
        for s in range(starts.shape[1]):
            constants = starts[e, s, :K].copy()
            if method == BFGS:
                loss = quasi_newton(
                    tape, first, last, X, y, scale, constants, max_iterations, tolerance, work, adjoint
                )
            else:
                loss = least_squares(
                    tape, first, last, X, y, scale, constants, linear[e, :K], method == VARPRO,
                    max_iterations, tolerance, work, adjoint,
                )  # fmt: skip
            fits[e] += 1
            if loss < losses[e]:
                losses[e] = loss
                best[e, :K] = constants
            if losses[e] <= tolerance or K == 0:
                break
