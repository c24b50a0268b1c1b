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
# Share of its loss by which a step must lessen it, or the work on an expression ends.
_LEAST_GAIN = 1e-5
# Seconds of work at a node at a point for values, and for derivatives.
_SECONDS, _SECONDS_OF_DERIVATIVES = 2e-9, 5e-9


def fit_constants(
    expressions: Sequence[Expression],
    weak: WeakForm,
    component: int,
    max_iterations: int,
    clock: Clock | None = None,
) -> list[Fit]:
    """Moves the constants of all expressions to the nearest least squares, by variable projection.

    Steps of all constants together hardly get along the valleys in which inner constants and factors make up
    for each other: of sums with curves in clean observations ten left a quarter within 1 % of the least loss,
    sixty a third, and ten of inner constants alone three quarters.

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
    clock = Clock() if clock is None else clock
    n_rows = max(1, _MOST_DERIVATIVES // (max(1, constants.shape[1]) * weak.n_points))
    for first in range(0, len(expressions), n_rows):
        part = np.arange(first, min(first + n_rows, len(expressions)))
        constants[part], losses[part] = batched.levenberg_marquardt(
            _WeakLeastSquares(program, weak, target, part, clock),
            constants[part],
            batched.PROJECTED,
            max_iterations=max_iterations,
            least_gain=_LEAST_GAIN,
            clock=clock,
            linear=program.tape.linear[part],
        )
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
        clock: Is told of the work.
    """

    program: Program
    weak: WeakForm
    target: Array
    index: NDArray[np.int64]
    clock: Clock

    def residuals(self, values: Array, rows: NDArray[np.int64]) -> Array:
        self._spend(_SECONDS, rows)
        return self.weak.integrals(self.program, values, self.index[rows]) - self.target

    def normal_equations(
        self, values: Array, rows: NDArray[np.int64], residuals: Array
    ) -> tuple[Array, Array]:
        self._spend(_SECONDS_OF_DERIVATIVES, rows)
        _, derivatives = self.weak.jacobian(self.program, values, self.index[rows])
        usable = np.where(np.isfinite(derivatives), derivatives, 0.0)
        return batched.normal_equations(usable, residuals)

    def _spend(self, seconds: float, rows: NDArray[np.int64]) -> None:
        n_nodes = int(np.diff(self.program.tape.offsets)[self.index[rows]].sum())
        self.clock.spend(seconds * n_nodes * self.weak.n_points)
