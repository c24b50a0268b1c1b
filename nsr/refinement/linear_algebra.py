"""The small dense problems inside an optimiser's step, compiled: sums, normal equations, Cholesky."""

from __future__ import annotations

import numpy as np

from nsr.kernels import kernel

# Above this loss a linear solve needs no more digits than the normal equations give.
_ROUGH = 1e-8


# The sum may be taken in any order, so that it is vectorised; NaN and infinity keep their meaning.
@kernel(inner=True, fastmath={"contract", "reassoc"})
def dot(a, b, n):
    """Sum of the products of the first n entries."""
    total = 0.0
    for j in range(n):
        total += a[j] * b[j]
    return total


@kernel(inner=True)
def copy(source, target, n):
    """Sets target[:n] to source[:n]."""
    for j in range(n):
        target[j] = source[j]


@kernel(inline="always")
def count_true(flags):
    """How many of the flags are set."""
    count = 0
    for flag in flags:
        count += flag
    return count


@kernel(inline="always")
def set_identity(A, n):
    """Makes A the identity of n rows."""
    for i in range(n):
        for j in range(n):
            A[i, j] = 1.0 if i == j else 0.0


@kernel(inner=True)
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


@kernel(inner=True)
def normal_equations(jacobian, r, K, A, g):
    """A = J J^T (lower triangle) and g = J r of a Jacobian (K, P)."""
    n_points = len(r)
    for a in range(K):
        g[a] = dot(jacobian[a], r, n_points)
        for b in range(a + 1):
            A[a, b] = dot(jacobian[a], jacobian[b], n_points)


@kernel(inner=True)
def solve_linear(linear, K, jacobian, r, constants, A, B, g, shift):
    """Moves the linear constants to their exact optimum, given their columns of the Jacobian.

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
    m = np.int64(0)  # a bare 0 would have the solver compiled twice, for a literal and for a number
    for k in range(K):
        if linear[k]:
            shift[m] = k
            m += 1
    for a in range(m):
        for b in range(a + 1):
            A[a, b] = dot(jacobian[shift[a]], jacobian[shift[b]], n_points)
        if not np.isfinite(A[a, a]):
            return np.inf
        if not A[a, a] > 0.0:
            A[a, a] = 1.0  # a column of zeros: its constant stays
    loss = np.inf
    for _ in range(2):
        for a in range(m):
            g[a] = -dot(jacobian[shift[a]], r, n_points) / np.sqrt(A[a, a])
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
        loss = dot(r, r, n_points) / n_points
        if not np.isfinite(loss):
            return np.inf
        if loss > _ROUGH:
            break
    return loss


@kernel(inner=True)
def damped_step(A, g, K, damping, linear, project, B, step):
    """Solves (A + damping I) step = -g; with `project`, linear constants are not damped."""
    for a in range(K):
        for b in range(a + 1):
            B[a, b] = A[a, b]
        free = project and linear[a]
        B[a, a] += 1e-12 * A[a, a] + 1e-300 if free else damping
        step[a] = -g[a]
    return cholesky_solve(B, step, K)
