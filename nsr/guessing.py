"""What the network alone takes for the equation of a table, without a search."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.evaluate.program import Program
from nsr.expressions.printing import to_infix
from nsr.network.checkpoint import Pretrained
from nsr.network.guess import likely
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

_EFFORT = Effort(restarts=4, points=256, iterations=50)
_DIGITS = 5


def guesses_about(
    pretrained: Pretrained,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    names: Names,
    n_candidates: int,
    seed: int,
) -> pd.DataFrame:
    """The network's guesses, their constants refined.

    Args:
        pretrained: The network.
        X: Variables, shape (n_rows, n_variables).
        y: Target, shape (n_rows,).
        names: Of the variables.
        n_candidates: Sequences to sample.
        seed: Of the sampling and the refinement.

    Returns:
        `probability` of each form under the network, `r2` of the equation once its constants are refined,
        and `equation`; the likeliest first.

    Raises:
        ValueError: If there are more variables than the network knows.
    """
    pairs = likely(pretrained, X, y, n_candidates=n_candidates, seed=seed)
    if not pairs:
        return pd.DataFrame({"probability": [], "r2": [], "equation": []})
    program = Program([expression for expression, _ in pairs])
    task = Task(X, y, SQUARED_ERROR, seed=seed)
    refined = refine(program, task, _EFFORT)
    counts = program.n_constants
    equations = [
        expression.with_constants(refined.constants[place, : counts[place]].tolist())
        for place, (expression, _) in enumerate(pairs)
    ]
    return pd.DataFrame(
        {
            "probability": [probability for _, probability in pairs],
            "r2": 1 - refined.loss / task.null_loss,
            "equation": [to_infix(e, names.identifiers, digits=_DIGITS) for e in equations],
        }
    )
