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
from nsr.refinement.uncertainty import Places, uncertainty, with_the_rest_held
from nsr.task import Task

# Starting points, and rows on which forms are compared.
_STARTS, _ROWS = 64, 256
# Forms whose values differ by at most this share of their spread are one.
_SAME = 1e-7


def as_written(guess: Expression, equation: Expression, task: Task, places: Places) -> Expression | None:
    """A guess with constants that make it the equation, however the equation is written.

    The two are compared by values: the guess is fitted to those of the equation. They are one form if it
    meets them, and if as many directions of its constants matter as of the equation's: a sum with a
    coefficient of zero is not the form with one term less.

    Args:
        guess: With placeholders, or constants to begin with.
        equation: Over the same variables.
        task: What the equation explains.
        places: Which of the guess's constants may move.

    Returns:
        None where the equation is another one.
    """
    if guess.variables != equation.variables or not len(places):
        return None
    part = task.first(_ROWS)
    with np.errstate(all="ignore"):
        values = Program([equation]).values(part.X)[0]
    if not np.all(np.isfinite(values)) or np.ptp(values) == 0:
        return None
    wanted = replace(part, y=values, loss=SQUARED_ERROR, weights=None)
    form = _fitted_to(guess, wanted, places)
    if form is None:
        return None
    all_places = np.arange(len(equation.constants))
    return form if _rank(form, wanted, places) == _rank(equation, wanted, all_places) else None


def _fitted_to(guess: Expression, task: Task, places: Places) -> Expression | None:
    """The guess with constants that give it the values of a target, if there are any nearby."""
    form, own = with_the_rest_held(guess, task, places)
    starts = [form.with_constants(row.tolist()) for row in _starting_points(form, task)]
    refined = refine(starts, own, Effort(restarts=1, iterations=100), Clock())
    best = int(np.argmin(refined.loss))
    if not refined.loss[best] <= _SAME**2 * task.null_loss:
        return None
    values = np.array(guess.constants)
    values[places] = refined.constants[best, : len(places)]
    return guess.with_constants(values.tolist())


def _starting_points(form: Expression, task: Task) -> NDArray[np.float64]:
    """The form's own constants, and others of all magnitudes that the data's scales can bring in."""
    own = np.array(form.constants)
    rng = np.random.default_rng(task.seed)
    scaler = Scaler.gentle(task.X, task.y)
    reach = float(np.max(np.abs(np.log10(np.append(scaler.x_scale, scaler.y_scale)))))
    drawn = rng.standard_normal((_STARTS, len(own))) * 10 ** rng.uniform(-reach, reach, (_STARTS, len(own)))
    return np.vstack((own, drawn))


def _rank(form: Expression, task: Task, places: Places) -> int:
    found = uncertainty(form, task, places)
    return -1 if found is None else found.n_fixed
