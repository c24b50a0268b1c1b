"""Tests: the F test of regression for a table's columns, and of likelihood ratios for constants."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import chi2
from scipy.stats import f as fisher

from nsr.task import Task

# Probability with which constants that a form can do without are taken for needed.
_LEVEL = 0.05


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


def is_likelier(bits: float, n_more: int) -> bool:
    """Whether rows are likelier with some constants more, and not by chance: the test of Wilks (1938).

    Args:
        bits: By which they are.
        n_more: Constants more, at least one.
    """
    return bool(2 * math.log(2) * bits > chi2.isf(_LEVEL, n_more))
