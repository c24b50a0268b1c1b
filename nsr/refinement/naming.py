"""Constants under the user's own names: equations that are a guess of theirs in other words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.refinement.uncertainty import uncertainty
from nsr.task import Task

# Starting points, and rows on which forms are compared.
_STARTS, _ROWS = 64, 256
# Forms whose values differ by at most this share of their spread are one.
_SAME = 1e-7


def as_written(guess: Expression, equation: Expression, task: Task) -> Expression | None:
    """A guess with constants that make it the equation, however the equation is written.

    The two are compared by values: the guess is fitted to those of the equation. They are one form if it
    meets them, and if as many directions of its constants matter as of the equation's: a sum with a
    coefficient of zero is not the form with one term less.

    Args:
        guess: With placeholders for its constants.
        equation: Over the same variables.
        task: What the equation explains.

    Returns:
        None where the equation is another one.
    """
    if guess.variables != equation.variables or not guess.free_positions:
        return None
    part = task.first(_ROWS)
    with np.errstate(all="ignore"):
        values = Program([equation]).values(part.X)[0]
    if not np.all(np.isfinite(values)) or np.ptp(values) == 0:
        return None
    wanted = replace(part, y=values, loss=SQUARED_ERROR, weights=None)
    form = _fitted_to(guess, wanted)
    if form is None:
        return None
    ranks = [_rank(one, wanted) for one in (form, equation)]
    return form if ranks[0] == ranks[1] else None


def _fitted_to(guess: Expression, task: Task) -> Expression | None:
    """The guess with constants that give it the values of a target, if there are any nearby."""
    starts = [guess.with_constants(row.tolist()) for row in _starting_points(guess, task)]
    refined = refine(starts, task, Effort(restarts=1, iterations=100), Clock())
    best = int(np.argmin(refined.loss))
    if not refined.loss[best] <= _SAME**2 * task.null_loss:
        return None
    return guess.with_constants(refined.constants[best, : len(guess.free_positions)].tolist())


def _starting_points(guess: Expression, task: Task) -> NDArray[np.float64]:
    """The guess's own constants, and others of all magnitudes that the data's scales can bring in."""
    own = np.array(guess.constants)
    rng = np.random.default_rng(task.seed)
    scales = np.append(Scaler.gentle(task.X, task.y).x_scale, Scaler.gentle(task.X, task.y).y_scale)
    reach = float(np.max(np.abs(np.log10(scales))))
    drawn = rng.standard_normal((_STARTS, len(own))) * 10 ** rng.uniform(-reach, reach, (_STARTS, len(own)))
    return np.vstack((own, drawn))


def _rank(form: Expression, task: Task) -> int:
    found = uncertainty(form, task, np.arange(len(form.constants)))
    return -1 if found is None else found.n_fixed
