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

from nsr.evaluate.interpreter import BLOCK, longest_run, run_sweep
from nsr.kernels import kernel
from nsr.refinement.linear_algebra import (
    copy,
    count_true,
    damped_step,
    dot,
    normal_equations,
    set_identity,
    solve_linear,
)

# A relative gain below this, three times in a row, ends the iteration.
_STALLED, _BFGS_STALLED = 1e-6, 1e-9
_MAX_DAMPING = 1e12
# Of this many finite starting points the best is taken; at most this many are drawn while none is finite.
_DRAWS, _ATTEMPTS = 8, 256
# Up to this many points node values stay in the work array.
_LARGEST_BLOCK = 512


@kernel(inline="always")
def residuals(problem, needed, constants, room, r, no_derivatives):
    """Sets r to the scaled residuals; returns their mean square, infinity if any value is not finite.

    Arguments are those of `nsr.evaluate.interpreter.sweep`.
    """
    run_sweep(problem, needed, needed, constants, room, r, no_derivatives)
    loss = dot(r, r, len(r)) / len(r)
    return loss if np.isfinite(loss) else np.inf


@kernel(inline="always")
def derivatives(problem, wanted, constants, room, no_residuals, jacobian):
    """Sets jacobian to the derivatives of the residuals by the constants that the wanted nodes hold.

    Arguments are those of `nsr.evaluate.interpreter.sweep`.
    """
    run_sweep(problem, wanted, wanted, constants, room, no_residuals, jacobian)


@kernel(inline="always")
def least_squares(
    problem, active, affine, constants, linear, project, max_iterations, tolerance, room, sweeps
):  # fmt: skip
    """Levenberg-Marquardt with identity damping, with variable projection if `project`.

    Args:
        problem: As in `nsr.evaluate.interpreter.sweep`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        constants: Starting point, shape (K,); receives the best constants.
        linear: Which constants enter linearly, shape (K,).
        project: Whether to solve these exactly at each step.
        max_iterations: Steps tried at most.
        tolerance: Loss that counts as success, shape (1,); whoever raises it to infinity ends the work.
        room: As in `nsr.evaluate.interpreter.sweep`.
        sweeps: Counts how often the values or their derivatives were computed, shape (1,).

    Returns:
        Loss; infinity if the starting point gives a non-finite value.
    """
    K, n_points = len(constants), len(problem[5])
    n_linear = count_true(linear)
    project = project and n_linear > 0
    r = np.empty(n_points)
    jacobian = np.zeros((K, n_points))
    no_residuals, no_derivatives = r[:0], jacobian[:0]
    # One array for all scratch of a kind: what allocates is long, and there would be a copy for each.
    squares, rows, shift = np.empty((3, K, K)), np.empty((3, K)), np.empty(K, np.int64)
    A, B, C, g, step, trial = squares[0], squares[1], squares[2], rows[0], rows[1], rows[2]
    loss = residuals(problem, active[:0], constants, room, r, no_derivatives)
    sweeps[0] += 1
    if not np.isfinite(loss) or K == 0:
        return loss
    copy(constants, trial, K)
    if project:
        derivatives(problem, affine, constants, room, no_residuals, jacobian)
        sweeps[0] += 2
        solved = solve_linear(linear, K, jacobian, r, trial, C, B, step, shift)
        if np.isfinite(solved):
            copy(trial, constants, K)
        loss = residuals(problem, affine, constants, room, r, no_derivatives)
        if n_linear == K or not np.isfinite(loss):
            return loss
    derivatives(problem, active, constants, room, no_residuals, jacobian)
    sweeps[0] += 1
    normal_equations(jacobian, r, K, A, g)
    damping, stalled = 1e-2, 0
    for _ in range(max_iterations):
        if loss <= tolerance[0] or stalled == 3 or damping > _MAX_DAMPING:
            break
        if not damped_step(A, g, K, damping * n_points, linear, project, B, step):
            damping *= 8
            continue
        for k in range(K):
            trial[k] = constants[k] + step[k]
        trial_loss = residuals(problem, active, trial, room, r, no_derivatives)
        sweeps[0] += 1
        if project and np.isfinite(trial_loss):
            derivatives(problem, affine, trial, room, no_residuals, jacobian)
            sweeps[0] += 2
            solved = solve_linear(linear, K, jacobian, r, trial, C, B, step, shift)
            # The nodes above the linear constants hold values from before these were solved.
            trial_loss = np.inf
            if solved < loss:
                trial_loss = residuals(problem, affine, trial, room, r, no_derivatives)
        if not trial_loss < loss:
            damping *= 4
            continue
        derivatives(problem, active, trial, room, no_residuals, jacobian)
        sweeps[0] += 1
        normal_equations(jacobian, r, K, A, g)
        stalled = stalled + 1 if loss - trial_loss < _STALLED * loss else 0
        copy(trial, constants, K)
        loss = trial_loss
        damping = max(damping / 5, 1e-15)
    return loss


@kernel(inline="always")
def quasi_newton(problem, active, constants, max_iterations, tolerance, room, sweeps):
    """BFGS with a backtracking line search (Nocedal and Wright 2006, algorithm 6.1).

    Arguments and result are those of `least_squares`.
    """
    K, n_points = len(constants), len(problem[5])
    r, jacobian = np.empty(n_points), np.zeros((K, n_points))
    no_residuals, no_derivatives = r[:0], jacobian[:0]
    H, rows = np.empty((K, K)), np.empty((4, K))
    gradient, new_gradient, direction, trial = rows[0], rows[1], rows[2], rows[3]
    set_identity(H, K)
    loss = residuals(problem, active[:0], constants, room, r, no_derivatives)
    sweeps[0] += 1
    if not np.isfinite(loss) or K == 0:
        return loss
    derivatives(problem, active, constants, room, no_residuals, jacobian)
    sweeps[0] += 1
    for k in range(K):
        gradient[k] = 2 * dot(jacobian[k], r, n_points) / n_points
    stalled = 0
    for iteration in range(max_iterations):
        if loss <= tolerance[0] or stalled == 3:
            break
        slope = 0.0
        for a in range(K):
            direction[a] = -dot(H[a], gradient, K)
            slope += direction[a] * gradient[a]
        if not slope < 0.0:
            set_identity(H, K)
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
            trial_loss = residuals(problem, active, trial, room, r, no_derivatives)
            sweeps[0] += 1
            if trial_loss <= loss + 1e-4 * length * slope:
                accepted = True
                break
            length *= 0.3
        if not accepted:
            break
        derivatives(problem, active, trial, room, no_residuals, jacobian)
        sweeps[0] += 1
        for k in range(K):
            new_gradient[k] = 2 * dot(jacobian[k], r, n_points) / n_points
        for k in range(K):
            direction[k] *= length
            gradient[k] = new_gradient[k] - gradient[k]
        _update_inverse(H, direction, gradient)
        stalled = stalled + 1 if loss - trial_loss < _BFGS_STALLED * loss else 0
        copy(trial, constants, K)
        copy(new_gradient, gradient, K)
        loss = trial_loss
    return loss


@kernel(inner=True)
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


@kernel(inline="always")
def draw_start(problem, active, affine, linear, attempts, constants, room, sweeps):
    """Draws a starting point from N(0, 1): of a few finite ones, that with the least loss.

    The loss compared is the one after solving the linear constants, which says whether the others are
    good; the solved values themselves are not kept.

    Args:
        problem: As in `nsr.evaluate.interpreter.sweep`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        linear: Which constants enter linearly, shape (K,).
        attempts: Points drawn at most while none is finite.
        constants: Receives the starting point, shape (K,).
        room: As in `nsr.evaluate.interpreter.sweep`.
        sweeps: As in `least_squares`.

    Returns:
        Whether a finite point was found.
    """
    K, n_points = len(constants), len(problem[5])
    r, jacobian = np.empty(n_points), np.zeros((K, n_points))
    no_residuals, no_derivatives = r[:0], jacobian[:0]
    squares, rows, shift = np.empty((2, K, K)), np.empty((3, K)), np.empty(K, np.int64)
    A, B, g, drawn, solved = squares[0], squares[1], rows[0], rows[1], rows[2]
    n_linear = count_true(linear)
    nothing = n_linear == K
    best, finite = np.inf, 0
    for _ in range(attempts):
        for k in range(K):
            drawn[k] = np.random.standard_normal()
        copy(drawn, solved, K)
        loss = residuals(problem, active[:0], drawn, room, r, no_derivatives)
        sweeps[0] += 1
        if not np.isfinite(loss):
            continue
        if n_linear > 0 and not nothing:
            derivatives(problem, affine, drawn, room, no_residuals, jacobian)
            sweeps[0] += 1
            loss = min(loss, solve_linear(linear, K, jacobian, r, solved, A, B, g, shift))
        if loss < best:
            best = loss
            copy(drawn, constants, K)
        finite += 1
        if finite == _DRAWS or nothing:
            break
    return finite > 0


@kernel
def least_squares_kernel(
    at, tape, active, affine, offsets, counts, linear, X, y, scale, starts, restarts, seed, project,
    max_iterations, tolerance, begin, end, best, losses, fits, sweeps,
):  # fmt: skip
    """Refines expressions begin to end by `least_squares`, each from several starting points.

    One that succeeds ends the work on an expression. Further starting points come from `draw_start`, with a
    generator seeded for each expression, so that the split over threads changes nothing. A first one outside
    the expression's domain costs no restart.

    Args:
        at: `nsr.evaluate.interpreter.sweep_address`.
        tape: As in `nsr.evaluate.interpreter.forward_block`.
        active: `nsr.evaluate.tape.Tape.active`.
        affine: `nsr.evaluate.tape.Tape.affine`.
        offsets: Runs of the expressions, shape (E + 1,).
        counts: Free constants of each, shape (E,).
        linear: Which constants enter linearly, shape (E, K).
        X: Variables, shape (n_variables, P).
        y: Target, shape (P,).
        scale: What residuals are divided by.
        starts: First starting point of each expression, shape (E, K); without rows all are drawn.
        restarts: Local optimisations of an expression at most.
        seed: Seed of the starting points.
        project: As in `least_squares`.
        max_iterations: Of each local optimisation.
        tolerance: Loss that counts as success, shape (1,); whoever raises it to infinity ends the work.
        begin: First expression.
        end: One past the last.
        best: Receives the best constants, shape (E, K).
        losses: Receives their losses, shape (E,).
        fits: Receives the number of local optimisations, shape (E,).
        sweeps: Counts those of each expression as in `least_squares`, shape (E,).
    """
    longest = longest_run(offsets)
    block = len(y) if len(y) <= _LARGEST_BLOCK else BLOCK
    room = np.empty((longest, block)), np.empty((longest, block))
    for e in range(begin, end):
        problem, K = (at, tape, offsets[e], offsets[e + 1], X, y, scale), counts[e]
        losses[e] = np.inf
        np.random.seed((seed + 7919 * e) & 0xFFFFFFFF)
        constants = np.empty(K)
        for restart in range(restarts + min(1, len(starts))):
            if restart == 0 and len(starts) > 0:
                copy(starts[e], constants, K)
            elif not draw_start(
                problem, active, affine, linear[e, :K], _ATTEMPTS, constants, room, sweeps[e:]
            ):
                break
            loss = least_squares(
                problem, active, affine, constants, linear[e, :K], project, max_iterations, tolerance, room,
                sweeps[e:],
            )  # fmt: skip
            if is_last_fit(e, K, loss, constants, restarts, tolerance, best, losses, fits):
                break


@kernel
def bfgs_kernel(
    at, tape, active, affine, offsets, counts, linear, X, y, scale, starts, restarts, seed,
    max_iterations, tolerance, begin, end, best, losses, fits, sweeps,
):  # fmt: skip
    """As `least_squares_kernel`, by `quasi_newton`; apart from it, so that few have to compile it."""
    longest = longest_run(offsets)
    block = len(y) if len(y) <= _LARGEST_BLOCK else BLOCK
    room = np.empty((longest, block)), np.empty((longest, block))
    for e in range(begin, end):
        problem, K = (at, tape, offsets[e], offsets[e + 1], X, y, scale), counts[e]
        losses[e] = np.inf
        np.random.seed((seed + 7919 * e) & 0xFFFFFFFF)
        constants = np.empty(K)
        for restart in range(restarts + min(1, len(starts))):
            if restart == 0 and len(starts) > 0:
                copy(starts[e], constants, K)
            elif not draw_start(
                problem, active, affine, linear[e, :K], _ATTEMPTS, constants, room, sweeps[e:]
            ):
                break
            loss = quasi_newton(problem, active, constants, max_iterations, tolerance, room, sweeps[e:])
            if is_last_fit(e, K, loss, constants, restarts, tolerance, best, losses, fits):
                break


@kernel(inline="always")
def is_last_fit(e, K, loss, constants, restarts, tolerance, best, losses, fits):
    """Keeps the constants of a local optimisation if they are the best; whether no other is to follow.

    Arguments are those of `least_squares_kernel`.
    """
    fits[e] += np.isfinite(loss)
    if loss < losses[e]:
        losses[e] = loss
        copy(constants, best[e], K)
    return losses[e] <= tolerance[0] or K == 0 or fits[e] == restarts
