"""A problem whose equation is known, and data drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression


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
    """

    name: str
    suite: str
    expression: Expression
    variable_names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    units: tuple[str, ...] = ()
    target_unit: str = ""
    in_srbench: bool = False


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
    """Draws data uniformly from the ranges, where the equation is finite.

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
    low, high = np.array(problem.ranges).T
    program = Program([problem.expression])
    kept = np.empty((0, len(low) + 1))
    for _ in range(100):
        X = rng.uniform(low, high, (n_points, len(low)))
        table = np.column_stack((X, program.values(X)[0]))
        kept = np.concatenate((kept, table[np.isfinite(table[:, -1])]))
        if len(kept) >= n_points:
            return kept[:n_points, :-1].copy(), kept[:n_points, -1].copy()
    raise ValueError(f"{problem.name} is finite almost nowhere in its ranges; check them")
