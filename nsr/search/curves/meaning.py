"""Whether a fit is what the name of its curve means: its constants, and the turn that it is known by.

The rise of a peak alone is as well that of a hundred other curves: what tells it is that it falls again. And
a saturation whose constant of half saturation is negative has a pole instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsr.evaluate.program import Program
from nsr.refinement.significance import is_likelier
from nsr.search.curves.fitting import Fit
from nsr.search.curves.starts import SIZES
from nsr.search.curves.table import Curve
from nsr.task import Task

# Larger exponents are those of fits at a limit of their form: no textbook has them.
_LARGEST_EXPONENT = 12.0


def meant(fits: Sequence[Fit], curve: Curve, task: Task, n_before: int = 0) -> list[Fit]:
    """Fits of a curve; those that are not what its name means lose theirs.

    Args:
        fits: Of the curve, or of what it is a part of.
        curve: The curve.
        task: What they are to explain.
        n_before: Constants of a fit before those of the curve.
    """
    sizes = [n_before + place for place in _sizes(curve)]
    return [
        fit
        if _has_usual_constants(fit, sizes)
        and (not curve.turns or task.is_exact(fit.loss) or is_turn_shown(fit, task))
        else replace(fit, name="")
        for fit in fits
    ]


def _sizes(curve: Curve) -> list[int]:
    """Places of the constants that are sizes, such as rates of decay: positive in every textbook."""
    names = {
        name
        for names, rule in curve.starts.items()
        if rule.removeprefix("z ") in SIZES
        for name in names.split()
    }
    return [place for place, name in enumerate(curve.constants) if name in names]


def _has_usual_constants(fit: Fit, sizes: Sequence[int]) -> bool:
    return all(fit.constants[i] > 0 for i in sizes) and has_usual_exponents(fit)


def has_usual_exponents(fit: Fit) -> bool:
    """Whether no exponent that was fitted is larger than those of textbooks."""
    return all(abs(exponent) <= _LARGEST_EXPONENT for exponent in fit.exponents.values())


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
