"""Constants of right-hand sides, fitted to the weak form: no integration, and no derivative of noisy data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.weak_form import Fit, WeakForm
from nsr.refinement import batched

Array = NDArray[np.float64]

# Derivatives held at a time, which bounds the memory: 128 MB.
_MOST_DERIVATIVES = 16_000_000
# Seconds of work for a step at a node at a point.
_SECONDS = 2e-8


def fit_constants(
    expressions: Sequence[Expression],
    weak: WeakForm,
    component: int,
    max_iterations: int,
    clock: Clock | None = None,
) -> list[Fit]:
    """Moves the constants of all expressions to the nearest least squares, by Levenberg and Marquardt.

    Args:
        expressions: Right-hand sides with constants to begin with.
        weak: Observations.
        component: Which state's derivative they are to be.
        max_iterations: Steps at most.
        clock: When it is over constants stay where they are; is told of the work.

    Returns:
        The fits that are finite, in the order of the expressions.
    """
    if not expressions:
        return []
    program = Program(list(expressions))
    target = weak.target[:, component]
    constants, losses = program.constants.copy(), np.empty(len(expressions))
    n_rows = max(1, _MOST_DERIVATIVES // (max(1, constants.shape[1]) * weak.n_points))
    for first in range(0, len(expressions), n_rows):
        part = np.arange(first, min(first + n_rows, len(expressions)))
        constants[part], losses[part] = batched.levenberg_marquardt(
            _WeakLeastSquares(program, weak, target, part),
            constants[part],
            batched.SCALED,
            max_iterations=max_iterations,
            clock=clock,
        )
    if clock is not None:
        clock.spend(_SECONDS * max_iterations * int(program.tape.offsets[-1]) * weak.n_points)
    size = float(np.mean(target**2)) or 1.0 / len(target)
    fitted = program.expressions_with(constants)
    return [
        Fit(expression, float(np.sqrt(loss / size)))
        for expression, loss in zip(fitted, losses.tolist(), strict=True)
        if np.isfinite(loss)
    ]


@dataclass(frozen=True)
class _WeakLeastSquares:
    """Integrals of expressions against those of the observations.

    Attributes:
        program: The expressions.
        weak: The observations.
        target: What the integrals should be, shape (M,).
        index: Expression of each row, shape (R,).
    """

    program: Program
    weak: WeakForm
    target: Array
    index: NDArray[np.int64]

    def residuals(self, values: Array, rows: NDArray[np.int64]) -> Array:
        return self.weak.integrals(self.program, values, self.index[rows]) - self.target

    def normal_equations(
        self, values: Array, rows: NDArray[np.int64], residuals: Array
    ) -> tuple[Array, Array]:
        _, derivatives = self.weak.jacobian(self.program, values, self.index[rows])
        usable = np.where(np.isfinite(derivatives), derivatives, 0.0)
        return batched.normal_equations(usable, residuals)
