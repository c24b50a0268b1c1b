"""Targets of which few rows decide: over decades, and near poles, squares of all other rows are nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nsr.search.noise_settings import BalancedSettings
from nsr.task import Task


def is_of_few_rows(task: Task, settings: BalancedSettings = BalancedSettings()) -> bool:
    """Whether few rows have most of the squares of a target whose sizes are far apart in most rows, too.

    Noise of one size leaves no target that is: it is in every row, and its sizes are near each other.

    Args:
        task: The task.
        settings: What is few, most, and far apart.
    """
    if not task.loss.is_quadratic or task.weights is not None or task.n_rows < settings.least_rows:
        return False
    low, high = np.quantile(np.abs(task.y), (settings.quantile, 1 - settings.quantile))
    if not high > settings.far_apart * low > 0:
        return False
    squares = np.sort(np.square(task.y / np.max(np.abs(task.y))))
    n_few = max(1, round(settings.few * task.n_rows))
    return bool(np.sum(squares[-n_few:]) > settings.most * np.sum(squares))


def with_balanced_rows(task: Task, settings: BalancedSettings = BalancedSettings()) -> Task:
    """A task in which errors count by their ratio to the target, but where that is smallest.

    An exact law is exact in it, too, and other equations are as good as they are in most rows.

    Args:
        task: With squared error, one for which `is_of_few_rows` holds.
        settings: From which quantile of the target's size on ratios count.
    """
    size = np.abs(task.y)
    least = np.quantile(size, settings.quantile)
    ratios = least / np.maximum(size, least)
    return replace(task, weights=np.square(ratios) / np.mean(np.square(ratios)))
