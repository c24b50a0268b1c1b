"""Refinement of many equations of a state at once, with more or less effort."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nsr.expressions.expression import Expression
from nsr.refinement.selection import Candidate, ranked, refitted
from nsr.search.structure.state import State


class Effort(NamedTuple):
    """What the refinement of an equation may cost, as `nsr.refinement.refine.refine` understands it.

    Attributes:
        restarts: Starting points of the constants.
        points: Rows at most that constants are fitted to; all by default.
        iterations: Steps of BFGS.
    """

    restarts: int
    points: int | None
    iterations: int


def refined(
    expressions: list[Expression], state: State, effort: Effort, seed: int, deadline: float
) -> list[Candidate]:
    """Equations of a state with refined constants, those of smallest description length first.

    Args:
        expressions: Equations with constants to begin with.
        state: What they are to solve.
        effort: How much each may cost.
        seed: Of the starting points.
        deadline: Of `time.monotonic`, when refinement ends.
    """
    found = refitted(
        expressions,
        state.X,
        state.y,
        restarts=effort.restarts,
        max_points=effort.points,
        max_iterations=effort.iterations,
        seed=seed,
        deadline=deadline,
    )
    return ranked(found, len(state.y), float(np.var(state.y)))


def found_by(stage: str, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates, marked as the finds of a stage."""
    return [replace(candidate, stage=stage) for candidate in candidates]
