"""A task of one variable in few rows: means of its target in bins, which have less noise.

What rows of one bin say of a smooth function is their mean, up to the function's curvature within the bin.
"""

from __future__ import annotations

import numpy as np

from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.state import State
from nsr.task import Task


def binned(state: State, n_bins: int) -> tuple[Task, float]:
    """The task of the means, and what they leave.

    Args:
        state: Of one variable, with at least as many rows as there are to be bins.
        n_bins: Each of as many rows.

    Returns:
        A task of least squares with rows of the bins' weights, and the mean squared residual of the state's
        rows that no function of the bins explains.
    """
    order = np.argsort(state.X[:, 0], kind="stable")
    weights = np.square(state.root_weights)[order]
    z, y = state.X[order, 0], state.y[order]
    first = np.linspace(0, len(z), n_bins + 1).astype(np.intp)[:-1]
    total = np.add.reduceat(weights, first)
    centres = np.add.reduceat(weights * z, first) / total
    means = np.add.reduceat(weights * y, first) / total
    within = (np.sum(weights * y**2) - np.sum(total * means**2)) / np.sum(total)
    task = Task(
        centres[:, None],
        means,
        SQUARED_ERROR,
        total / np.mean(total),
        state.space,
        state.seed,
        state.n_threads,
    )
    return task, max(float(within), 0.0)
