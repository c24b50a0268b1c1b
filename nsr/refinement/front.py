"""The Pareto front as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from nsr.evaluate.domains import warnings
from nsr.refinement.candidates import Candidate
from nsr.refinement.groups import Layout, of_each_group
from nsr.task import Task


def front_table(front: Sequence[Candidate], task: Task, n_groups: int = 0) -> pd.DataFrame:
    """What is known about each equation of a front but its text, a row each.

    Args:
        front: From simple to accurate, over the task's columns.
        task: What they were fitted to.
        n_groups: How many of its last columns tell groups.

    Returns:
        Columns as `nsr.regressor.SymbolicRegressor.equations_` describes them.
    """
    table = pd.DataFrame(
        {
            "complexity": [candidate.complexity for candidate in front],
            "loss": [candidate.loss for candidate in front],
            "r2": [1 - c.loss / task.null_loss if task.null_loss > 0 else 1.0 for c in front],
            "score": [-candidate.bits for candidate in front],
            "stage": [candidate.stage for candidate in front],
            "name": [candidate.name for candidate in front],
            "warning": warnings([candidate.expression for candidate in front], task.X),
        }
    )
    if (shape := task.space.shape) is not None:
        from nsr.evaluate.shape_proofs import is_proved  # with SymPy, which takes a second to load

        layout = Layout(task.n_variables - n_groups, n_groups)
        proofs = (all(is_proved(own, shape) for own in of_each_group(c.expression, layout)) for c in front)
        table["shape"] = ["proved" if is_certain else "checked" for is_certain in proofs]
    return table
