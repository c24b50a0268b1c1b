"""Constants of least loss for losses that are no sums of squares, for many expressions at a time.

Weighted least squares near a smooth fit (`nsr.refinement.refine`) gives starting points. From there each
expression has weights of its own, taken anew at every step: iteratively reweighted least squares (Green,
"Iteratively reweighted least squares for maximum likelihood estimation", JRSS B 46, 1984), for exponential
families the same as Fisher scoring, held back as Levenberg and Marquardt do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.refinement import batched
from nsr.task import Task

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# A step that gains less than this share of the loss is the last one.
_LEAST_GAIN = 1e-9
# Derivatives that are held at a time.
_LARGEST = 4_000_000


@dataclass(frozen=True)
class LikelihoodFit:
    """Expressions against a task; as `nsr.refinement.batched.LeastSquares`.

    Attributes:
        program: What to evaluate.
        task: What it is to explain.
        index: Expression of each row, shape (R,).
        weights: The task's weights or ones, with a mean of 1, shape (P,).
    """

    program: Program
    task: Task
    index: NDArray[np.int64]
    weights: Array

    @np.errstate(all="ignore")
    def residuals(self, values: Array, rows: Rows) -> Array:
        """Numbers whose mean square is the mean loss."""
        found = np.asarray(self.program.values(self.task.X, values, self.index[rows]), dtype=np.float64)
        return np.asarray(np.sqrt(np.maximum(self.task.elementwise(found), 0.0) * self.weights))

    @np.errstate(all="ignore")
    def normal_equations(self, values: Array, rows: Rows, residuals: Array) -> tuple[Array, Array]:  # noqa: ARG002
        """Those of the weighted squares that have the loss's gradient here."""
        found, jacobian = self.program.jacobian(self.task.X, values, self.index[rows])
        weights = self.task.curvature(np.asarray(found, dtype=np.float64))
        if self.task.weights is not None:
            weights = weights / np.mean(self.task.weights)
        weighted = jacobian * weights[:, None]
        return weighted @ jacobian.transpose(0, 2, 1), np.einsum("rkp,rp->rk", weighted, found - self.task.y)


def maximise_likelihood(
    program: Program, starts: Array, constants: Array, task: Task, max_iterations: int, clock: Clock
) -> None:
    """Moves constants to where the loss is least.

    Args:
        program: E expressions.
        starts: Constants to begin with where the others give a larger loss, or none, shape (E, K).
        constants: Constants to begin with, shape (E, K); receives the best.
        task: What they are to explain.
        max_iterations: Steps tried at most.
        clock: Once it is over no further step is tried.
    """
    weights = np.ones(task.n_rows) if task.weights is None else task.weights / np.mean(task.weights)
    n_constants = int(program.n_constants.max(initial=0))
    n_each = max(1, _LARGEST // (max(n_constants, 1) * task.n_rows))
    for begin in range(0, len(constants), n_each):
        index = np.arange(begin, min(begin + n_each, len(constants)))
        fit = LikelihoodFit(program, task, index, weights)
        own = constants[index]
        losses = task.mean_loss(program.values(task.X, own, index))
        before = task.mean_loss(program.values(task.X, starts[index], index))
        is_worse = ~np.isfinite(losses) | (before < losses)
        own[is_worse] = starts[index[is_worse]]
        found, _ = batched.levenberg_marquardt(
            fit,
            own,
            batched.SCALED,
            max_iterations=max_iterations,
            least_gain=_LEAST_GAIN,
            clock=clock,
        )
        constants[index] = found
