"""Symbolic solutions among numbers of all sizes, as where ranges span decades.

SRBench rounds numbers to three decimals, which makes zero of the gravitational constant. Here a model is a
solution when its ratio to the truth, or its difference from it, is constant to three digits on points within
the variables' distributions and beyond. A term that is less than a thousandth of the others on all of these
is not missed.
"""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.sympy_form import from_sympy
from nsr.problems.problem import Problem

_N_POINTS, _WIDENING = 1_000, 5.0
# Where parts nearly cancel, digits that are right make a difference that is not: so this share of the points
# has to agree, to this share of the truth.
_SHARE, _SAME = 0.95, 1e-3


def by_digits(problem: Problem, model: sympy.Expr) -> bool:
    """Whether ratio or difference of truth and model is constant to three digits.

    Args:
        problem: Its truth and its distributions.
        model: What was found, over the symbols `x_0`, `x_1`, ...
    """
    X = problem.draw(np.random.default_rng(0), _N_POINTS, _WIDENING)
    try:
        found = Program([from_sympy(model)]).values(X)[0]
    except ValueError:  # a function that no operator of ours computes
        return False
    truth = Program([problem.expression]).values(X)[0]
    known = np.isfinite(truth) & (truth != 0)
    truth, found = truth[known], found[known]
    if len(truth) < _N_POINTS // 8 or np.isfinite(found).mean() < _SHARE or np.ptp(found) == 0:
        return False
    factor, shift = np.nanmedian(found / truth), np.nanmedian(found - truth)
    return _agree(truth, found / factor) or _agree(truth, found - shift)


def _agree(truth: NDArray[np.float64], found: NDArray[np.float64]) -> bool:
    # Of a target that is nearly constant it is the variation that has to agree.
    size = np.minimum(np.abs(truth), np.abs(truth - np.median(truth)))
    return bool(np.mean(np.abs(found - truth) <= _SAME * size) >= _SHARE)
