"""A front that was found on some rows of a long table, with its constants fitted to all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import surely_allowed
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.refinement.gauss_newton import gauss_newton
from nsr.refinement.groups import Layout, of_each_group
from nsr.refinement.uncertainty import fitted_places
from nsr.task import Task

# Gauss-Newton steps from where the constants are best on the rows of the search.
_STEPS = 20


def on_all_rows(
    front: Sequence[Candidate], task: Task, n_groups: int = 0, device: str = "cpu"
) -> list[Candidate]:
    """The same equations with their constants where the loss of all rows is least; round ones stay.

    Args:
        front: What was found on some of the rows.
        task: All of them.
        n_groups: How many of the last columns tell groups.
        device: Where equations and their derivatives are evaluated, as `nsr.evaluate.program.Program` has it.
    """
    layout = Layout(task.n_variables - n_groups, n_groups)
    found = [_fitted(candidate, task, layout, device) for candidate in front]
    return as_found_by(front, found, task)


def _fitted(candidate: Candidate, task: Task, layout: Layout, device: str) -> Candidate:
    (before,) = scored([candidate.expression], task)
    values = np.array(candidate.expression.constants)
    is_moving = np.isin(np.arange(len(values)), fitted_places(candidate.expression, task))
    if task.is_exact(before.loss) or not is_moving.any():
        return before
    program = Program([candidate.expression], task.n_threads, device=device)
    values, loss = gauss_newton(program, values, is_moving, task, _STEPS)
    moved = candidate.expression.with_constants(values.tolist())
    if not loss < before.loss or not np.all(surely_allowed(of_each_group(moved, layout), task.space)):
        return before
    return scored([moved], task)[0]
