"""The choice of an equation without poles between the rows, where one explains as much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nsr.evaluate.domains import safeties
from nsr.evaluate.program import Program

if TYPE_CHECKING:
    from nsr.refinement.candidates import Candidate
    from nsr.task import Task

# Standard errors by which a mean loss must be less for an equation to explain more.
_MORE = 2.0


def prefer(front: Sequence[Candidate], best: int, task: Task) -> int:
    """The chosen equation, or the best of those that explain as much and have a value everywhere.

    Losses are compared row by row: what a pole gains by passing close to one row is not significant. An equation
    that is exact stays chosen, whatever poles it has.

    Args:
        front: To choose from.
        best: Index of the one that is chosen where poles do not matter.
        task: What they explain; the box of its rows is where they must have a value.

    Returns:
        Index of an equation.
    """
    chosen = front[best]
    if task.is_exact(chosen.loss) or not safeties([chosen.expression], task.X)[0].is_wrong:
        return best
    rivals = [i for i in range(len(front)) if i != best and _explains_as_much(front[i], chosen, task)]
    verdicts = safeties([front[i].expression for i in rivals], task.X)
    safe = [i for i, verdict in zip(rivals, verdicts, strict=True) if not verdict.is_wrong]
    return min(safe, key=lambda i: front[i].bits, default=best)


def _explains_as_much(rival: Candidate, chosen: Candidate, task: Task) -> bool:
    """Whether a rival's losses are not significantly greater, in a paired comparison of the rows."""
    values = Program([rival.expression, chosen.expression]).values(task.X)
    losses = task.loss.elementwise(values, task.y)
    more = losses[0] - losses[1]
    weights = np.ones(task.n_rows) if task.weights is None else task.weights
    share = weights / np.sum(weights)
    mean = float(share @ more)
    error = math.sqrt(float(np.sum(np.square(share * (more - mean)))))
    return mean <= _MORE * error
