"""Compiled least-squares optimisers for the constants of one expression.

Levenberg-Marquardt with identity damping, variable projection (Golub and Pereyra 1973, with Kaufman's
1975 Jacobian), and BFGS. All minimise the mean squared residual divided by the target's mean square,
run inside compiled code, and treat a non-finite value as a rejected step.

Where all points fit into one block, node values stay in the work array between calls: what no constant
moves is computed once, a reverse sweep reuses the forward one, and after the linear constants have been
solved only the nodes above them are computed anew.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nsr.evaluate.elementary import OPTIONS
from nsr.evaluate.interpreter import BLOCK, INLINED, forward_block, reverse_block
from nsr.refinement.linear_algebra import damped_step, dot, normal_equations, solve_linear

LM, VARPRO, BFGS = 0, 1, 2

# A relative gain below this, three times in a row, ends the iteration.
_STALLED, _BFGS_STALLED = 1e-6, 1e-9
_MAX_DAMPING = 1e12
# Of so many finite starting points the best is taken; so many are drawn while none is finite.
_DRAWS, _ATTEMPTS = 8, 256
# Up to this many points node values stay in the work array.
_LARGEST_BLOCK = 512


@njit(**OPTIONS)
def evaluate(tape, first, last, needed, X, y, scale, constants, work, r):
    """Scaled residuals r = (f - y) / scale.

    Args:
        tape: As in `nsr.evaluate.interpreter.forward_block`.
        first: First node of the expression.
        last: One past its last node.
        needed: Nodes whose values may have changed, shape of the tape, or empty for all; ignored where
            the points need several blocks.
        X: Variables, shape (n_variables, P).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        constants: Shape (K,).
        work: Node values, shape (nodes, block).
        r: Receives the residuals, shape (P,).

    Returns:
        Mean squared residual; infinity if any value is not finite.
    """
    n_points, block = len(y), work.shape[1]
    everything = needed[:0]
    unit = 1.0 / scale
    for p in range(0, n_points, block):
        n = min(block, n_points - p)
        forward_block(
            tape, first, last, needed if n == n_points else everything, X, constants, p, n, work
        )  # fmt: skip
        value = work[last - first - 1]
        for j in range(n):
            r[p + j] = (value[j] - y[p + j]) * unit
    loss = dot(r, r, n_points) / n_points
    return loss if np.isfinite(loss) else np.inf


@njit(**OPTIONS)
def differentiate(tape, first, last, wanted, X, scale, constants, n_points, work, adjoint, jacobian):
    """Jacobian (K, P) of the scaled residuals; after `evaluate` with the same constants.

    Args:
        tape: As in `evaluate`.
        first: As in `evaluate`.
        last: As in `evaluate`.
        wanted: As in `nsr.evaluate.interpreter.reverse_block`.
        X: As in `evaluate`.
        scale: As in `evaluate`.
        constants: As in `evaluate`.
        n_points: P.
        work: Node values, kept from `evaluate` if the points are one block.
        adjoint: Scratch of the shape of work.
        jacobian: Receives the derivatives.
    """
    block = work.shape[1]
    for p in range(0, n_points, block):
        n = min(block, n_points - p)
        if n < n_points:
            forward_block(tape, first, last, wanted[:0], X, constants, p, n, work)
        reverse_block(tape, first, last, wanted, 1.0 / scale, n, work, adjoint, jacobian, p)


@njit(**INLINED)
def least_squares(
    tape, active, affine, first, last, X, y, scale, constants, linear, project, max_iterations, tolerance,
    work, adjoint,
):  # fmt: skip
    """Levenberg-Marquardt with identity damping, with variable projection if `project`.

    Args:
        tape: As in `evaluate`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        first: As in `evaluate`.
        last: As in `evaluate`.
        X: As in `evaluate`.
        y: As in `evaluate`.
        scale: As in `evaluate`.
        constants: Starting point, shape (K,); receives the best constants.
        linear: Which constants enter linearly, shape (K,).
        project: Whether to solve these exactly at each step.
        max_iterations: Steps tried at most.
        tolerance: Loss that counts as success.
        work: Scratch, shape (nodes, block).
        adjoint: Scratch of the same shape.

    Returns:
        Loss; infinity if the starting point gives a non-finite value.
    """
    K, n_points = len(constants), len(y)
    project = project and np.any(linear)
    r = np.empty(n_points)
    jacobian = np.zeros((K, n_points))
    A, B, C, g, step = np.empty((K, K)), np.empty((K, K)), np.empty((K, K)), np.empty(K), np.empty(K)
    shift = np.empty(K, np.int64)
    loss = evaluate(tape, first, last, active[:0], X, y, scale, constants, work, r)
    if not np.isfinite(loss) or K == 0:
        return loss
    trial = constants.copy()
    if project:
        differentiate(tape, first, last, affine, X, scale, constants, n_points, work, adjoint, jacobian)
        solved = solve_linear(linear, K, jacobian, r, trial, C, B, step, shift)
        if np.isfinite(solved):
            constants[:] = trial
        loss = evaluate(tape, first, last, affine, X, y, scale, constants, work, r)
        if np.all(linear) or not np.isfinite(loss):
            return loss
    differentiate(tape, first, last, active, X, scale, constants, n_points, work, adjoint, jacobian)
    normal_equations(jacobian, r, K, A, g)
    damping, stalled = 1e-2, 0
    for _ in range(max_iterations):
        if loss <= tolerance or stalled == 3 or damping > _MAX_DAMPING:
            break
        if not damped_step(A, g, K, damping * n_points, linear, project, B, step):
            damping *= 8
            continue
        for k in range(K):
            trial[k] = constants[k] + step[k]
        trial_loss = evaluate(tape, first, last, active, X, y, scale, trial, work, r)
        if project and np.isfinite(trial_loss):
            differentiate(tape, first, last, affine, X, scale, trial, n_points, work, adjoint, jacobian)
            solved = solve_linear(linear, K, jacobian, r, trial, C, B, step, shift)
            # The nodes above the linear constants hold values from before these were solved.
            trial_loss = np.inf
            if solved < loss:
                trial_loss = evaluate(tape, first, last, affine, X, y, scale, trial, work, r)
        if not trial_loss < loss:
            damping *= 4
            continue
        differentiate(tape, first, last, active, X, scale, trial, n_points, work, adjoint, jacobian)
        normal_equations(jacobian, r, K, A, g)
        stalled = stalled + 1 if loss - trial_loss < _STALLED * loss else 0
        constants[:] = trial
        loss = trial_loss
        damping = max(damping / 5, 1e-15)
    return loss


@njit(**INLINED)
def quasi_newton(tape, active, first, last, X, y, scale, constants, max_iterations, tolerance, work, adjoint):
    """BFGS with a backtracking line search (Nocedal and Wright 2006, algorithm 6.1).

    Arguments and result are those of `least_squares`.
    """
    K, n_points = len(constants), len(y)
    r, jacobian = np.empty(n_points), np.zeros((K, n_points))
    H, gradient, new_gradient = np.eye(K), np.empty(K), np.empty(K)
    direction, trial = np.empty(K), np.empty(K)
    loss = evaluate(tape, first, last, active[:0], X, y, scale, constants, work, r)
    if not np.isfinite(loss) or K == 0:
        return loss
    differentiate(tape, first, last, active, X, scale, constants, n_points, work, adjoint, jacobian)
    for k in range(K):
        gradient[k] = 2 * dot(jacobian[k], r, n_points) / n_points
    stalled = 0
    for iteration in range(max_iterations):
        if loss <= tolerance or stalled == 3:
            break
        slope = 0.0
        for a in range(K):
            direction[a] = -dot(H[a], gradient, K)
            slope += direction[a] * gradient[a]
        if not slope < 0.0:
            H[:] = np.eye(K)
            for a in range(K):
                direction[a] = -gradient[a]
            slope = -dot(gradient, gradient, K)
            if not slope < 0.0:
                break
        length = 1.0 if iteration > 0 else min(1.0, 1.0 / np.sqrt(-slope))
        accepted = False
        trial_loss = np.inf
        for _ in range(30):
            for a in range(K):
                trial[a] = constants[a] + length * direction[a]
            trial_loss = evaluate(tape, first, last, active, X, y, scale, trial, work, r)
            if trial_loss <= loss + 1e-4 * length * slope:
                accepted = True
                break
            length *= 0.3
        if not accepted:
            break
        differentiate(tape, first, last, active, X, scale, trial, n_points, work, adjoint, jacobian)
        for k in range(K):
            new_gradient[k] = 2 * dot(jacobian[k], r, n_points) / n_points
        _update_inverse(H, length * direction, new_gradient - gradient)
        stalled = stalled + 1 if loss - trial_loss < _BFGS_STALLED * loss else 0
        constants[:] = trial
        gradient[:] = new_gradient
        loss = trial_loss
    return loss


@njit(**OPTIONS)
def _update_inverse(H, s, z):
    """The BFGS update of the inverse Hessian, skipped where the curvature is not positive."""
    K = len(s)
    curvature = dot(s, z, K)
    if not curvature > 1e-300:
        return
    Hz = np.empty(K)
    for a in range(K):
        Hz[a] = dot(H[a], z, K)
    factor = (1.0 + dot(z, Hz, K) / curvature) / curvature
    for a in range(K):
        for b in range(K):
            H[a, b] += factor * s[a] * s[b] - (Hz[a] * s[b] + s[a] * Hz[b]) / curvature


@njit(**INLINED)
def draw_start(
    tape, active, affine, first, last, X, y, scale, linear, attempts, constants, work, adjoint
):  # fmt: skip
    """Draws a starting point from N(0, 1): of a few finite ones, that with the least loss.

    The loss compared is the one after solving the linear constants, which says whether the others are
    good; the solved values themselves are not kept.

    Args:
        tape: As in `evaluate`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        first: As in `evaluate`.
        last: As in `evaluate`.
        X: As in `evaluate`.
        y: As in `evaluate`.
        scale: As in `evaluate`.
        linear: Which constants enter linearly, shape (K,).
        attempts: Points drawn at most while none is finite.
        constants: Receives the starting point, shape (K,).
        work: Scratch, shape (nodes, block).
        adjoint: Scratch of the same shape.

    Returns:
        Whether a finite point was found.
    """
    K, n_points = len(constants), len(y)
    r, jacobian = np.empty(n_points), np.zeros((K, n_points))
    A, B, g, shift = np.empty((K, K)), np.empty((K, K)), np.empty(K), np.empty(K, np.int64)
    solve = np.any(linear)
    nothing = np.all(linear)
    best, finite = np.inf, 0
    for _ in range(attempts):
        drawn = np.random.standard_normal(K)
        solved = drawn.copy()
        loss = evaluate(tape, first, last, active[:0], X, y, scale, drawn, work, r)
        if not np.isfinite(loss):
            continue
        if solve and not nothing:
            differentiate(tape, first, last, affine, X, scale, drawn, n_points, work, adjoint, jacobian)
            loss = min(loss, solve_linear(linear, K, jacobian, r, solved, A, B, g, shift))
        if loss < best:
            best = loss
            constants[:] = drawn
        finite += 1
        if finite == _DRAWS or nothing:
            break
    return finite > 0


@njit(**OPTIONS)
def refine_kernel(
    tape, active, affine, offsets, counts, linear, X, y, scale, starts, restarts, seed, method,
    max_iterations, tolerance, begin, end, best, losses, fits,
):  # fmt: skip
    """Refines expressions begin to end, each from several starting points until one succeeds.

    Further starting points come from `draw_start`, with a generator seeded for each expression, so that
    the split over threads changes nothing. A first one outside the expression's domain costs no restart.

    Args:
        tape: As in `evaluate`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        offsets: Runs of the expressions, shape (E + 1,).
        counts: Free constants of each, shape (E,).
        linear: Which constants enter linearly, shape (E, K).
        X: As in `evaluate`.
        y: As in `evaluate`.
        scale: As in `evaluate`.
        starts: First starting point of each expression, shape (E, K); without rows all are drawn.
        restarts: Local optimisations of an expression at most.
        seed: Seed of the starting points.
        method: `LM`, `VARPRO` or `BFGS`.
        max_iterations: Of each local optimisation.
        tolerance: Loss that counts as success.
        begin: First expression.
        end: One past the last.
        best: Receives the best constants, shape (E, K).
        losses: Receives their losses, shape (E,).
        fits: Receives the number of local optimisations, shape (E,).
    """
    longest = np.max(np.diff(offsets))
    block = len(y) if len(y) <= _LARGEST_BLOCK else BLOCK
    work, adjoint = np.empty((longest, block)), np.empty((longest, block))
    for e in range(begin, end):
        first, last, K = offsets[e], offsets[e + 1], counts[e]
        losses[e] = np.inf
        np.random.seed((seed + 7919 * e) & 0xFFFFFFFF)
        constants = np.empty(K)
        for restart in range(restarts + min(1, len(starts))):
            if restart == 0 and len(starts) > 0:
                constants[:] = starts[e, :K]
            elif not draw_start(
                tape, active, affine, first, last, X, y, scale, linear[e, :K], _ATTEMPTS, constants, work,
                adjoint,
            ):  # fmt: skip
                break
            if method == BFGS:
                loss = quasi_newton(
                    tape,
                    active,
                    first,
                    last,
                    X,
                    y,
                    scale,
                    constants,
                    max_iterations,
                    tolerance,
                    work,
                    adjoint,
                )
            else:
                loss = least_squares(
                    tape, active, affine, first, last, X, y, scale, constants, linear[e, :K],
                    method == VARPRO, max_iterations, tolerance, work, adjoint,
                )  # fmt: skip
            fits[e] += np.isfinite(loss)
            if loss < losses[e]:
                losses[e] = loss
                best[e, :K] = constants
            if losses[e] <= tolerance or K == 0 or fits[e] == restarts:
                break
