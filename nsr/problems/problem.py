"""A problem whose equation is known, and data drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.problems.distribution import Distribution

# Targets beyond float32 count as not finite: a few of them would be all that a squared error sees.
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Problem:
    """A regression problem whose equation is known.

    Attributes:
        name: Unique within its suite.
        suite: Name of the suite (`nsr.problems.suites`).
        expression: The equation; variable `x_i` is `variable_names[i]`.
        variable_names: Names of the variables.
        ranges: Lowest and highest value of each variable.
        units: Unit of each variable, such as `m*s^-2`, where the table has them; `1` has none.
        target_unit: Unit of the target.
        in_srbench: Whether SRBench 2021 scores it.
        distributions: How each variable is drawn; uniformly from its range where there are none.
    """

    name: str
    suite: str
    expression: Expression
    variable_names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    units: tuple[str, ...] = ()
    target_unit: str = ""
    in_srbench: bool = False
    distributions: tuple[Distribution, ...] = ()

    def draw(self, rng: np.random.Generator, n_points: int, widening: float = 1.0) -> NDArray[np.float64]:
        """Values of the variables, shape (n_points, n_variables).

        Args:
            rng: Where randomness comes from.
            n_points: Number of rows.
            widening: A log-uniform variable reaches this factor further at both ends.
        """
        if self.distributions:
            return np.column_stack([own.draw(rng, n_points, widening) for own in self.distributions])
        low, high = np.array(self.ranges).T
        return rng.uniform(low, high, (n_points, len(low)))


@dataclass(frozen=True)
class SystemProblem:
    """A dynamical system whose equations are known.

    Attributes:
        name: Number and name.
        system: Right-hand sides; component i is dx_i/dt.
        initial_values: The values that observation starts from, and others to generalise to.
        time_span: First and last time.
    """

    name: str
    system: tuple[Expression, ...]
    initial_values: tuple[tuple[float, ...], ...]
    time_span: tuple[float, float]


def sample(problem: Problem, n_points: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draws data where the equation is real and within float32.

    Args:
        problem: What to sample.
        n_points: Number of rows.
        seed: Seed of the draw.

    Returns:
        X, shape (n_points, n_variables), and y, shape (n_points,).

    Raises:
        ValueError: If the equation is finite almost nowhere in its ranges.
    """
    rng = np.random.default_rng(seed)
    program = Program([problem.expression])
    kept = np.empty((0, len(problem.ranges) + 1))
    for _ in range(100):
        X = problem.draw(rng, n_points)
        table = np.column_stack((X, program.values(X)[0]))
        kept = np.concatenate((kept, table[np.abs(table[:, -1]) <= _LARGEST]))
        if len(kept) >= n_points:
            return kept[:n_points, :-1].copy(), kept[:n_points, -1].copy()
    raise ValueError(f"{problem.name} is finite almost nowhere in its ranges; check them")
