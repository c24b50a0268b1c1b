"""Whether the rows show that a curve turns which is known by it, such as a peak.

The rise of a peak alone is as well that of a hundred other curves: what tells it is that it falls again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsr.evaluate.program import Program
from nsr.refinement.significance import is_likelier
from nsr.search.curves.fitting import Fit
from nsr.task import Task


def known_by_turns(fits: Sequence[Fit], task: Task) -> list[Fit]:
    """Fits of a curve that is known by its turn; those lose its name that are not exact and show none."""
    return [
        fit if task.is_exact(fit.loss) or is_turn_shown(fit, task) else replace(fit, name="") for fit in fits
    ]


def is_turn_shown(fit: Fit, task: Task) -> bool:
    """Whether the rows speak for the turn of a fit, up or down.

    They do if they are likelier than with a curve that stays where it is highest, or lowest, from there on,
    to either side, although nothing of that is fitted anew.

    Args:
        fit: Of one variable.
        task: What it is to explain.
    """
    values = Program([fit.expression]).values(task.X)[0]
    order = np.argsort(task.X[:, 0], kind="stable")
    levels = []
    for place in (int(np.argmax(values[order])), int(np.argmin(values[order]))):
        for side in (order[:place], order[place:]):
            level = values.copy()
            level[side] = values[order[place]]
            levels.append(level)
    before_top, after_top, before_low, after_low = task.mean_loss(np.array(levels)).tolist()
    without = max(min(before_top, after_top), min(before_low, after_low))
    bits = [task.loss.bits(loss, task.null_loss, task.n_rows) for loss in (without, fit.loss)]
    return is_likelier(bits[0] - bits[1], 1)
