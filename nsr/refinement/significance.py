"""Whether a table's columns have anything to do with its target: the F test of regression."""

from __future__ import annotations

import numpy as np
from scipy.stats import f as fisher

from nsr.task import Task


def chance_of_linear_model(task: Task) -> float:
    """Probability that noise alone lets a sum of all columns explain as much (Draper and Smith, 1998, ch. 6).

    Args:
        task: Its weighted errors are taken for normal.

    Returns:
        1 where there are too few rows for the test.
    """
    columns = task.X[:, np.ptp(task.X, axis=0) > 0]
    n_spare = task.n_rows - columns.shape[1] - 1
    if n_spare < 1 or not columns.shape[1]:
        return 1.0
    roots, y = task.root_weights, task.y * task.root_weights
    scaled = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    table = np.column_stack((np.ones(task.n_rows), scaled)) * roots[:, None]
    left = float(np.sum(np.square(y - table @ np.linalg.lstsq(table, y, rcond=None)[0])))
    of_constant = float(np.sum(np.square(y - roots * (roots @ y) / (roots @ roots))))
    if left <= 0:
        return 0.0
    ratio = (of_constant - left) / columns.shape[1] / (left / n_spare)
    return float(fisher.sf(ratio, columns.shape[1], n_spare))
