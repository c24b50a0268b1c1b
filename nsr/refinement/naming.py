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
from nsr.task import FEW_ROWS, Task

Array = NDArray[np.float64]

# Starting points of a guess.
_STARTS = 64
# Forms whose values differ by at most this share of their spread are one.
_SAME = 1e-7
# Constants whose effect on the values is a smaller share of these vanish.
_VANISHING = 1e-5


def as_written(guess: Expression, equation: Expression, task: Task, places: Places) -> Array | None:
    """The constants of a guess that make it the equation, however the equation is written.

    The two are compared by values: the guess is fitted to those of the equation. They are one form if it
    meets them, with as many constants or more, none of which vanishes: what has a term less, or a constant
    more that happens to vanish, is another form; what has a power of two where the guess has one of n is not.

    Args:
        guess: With placeholders for the constants that may move, or values to begin with.
        equation: Over the same variables.
        task: What the equation explains.
        places: Which of the guess's constants may move.

    Returns:
        Values at the guess's `free_positions`; None where the equation is another one.
    """
    if guess.variables != equation.variables or not len(places):
        return None
    part = task.first(FEW_ROWS)
    with np.errstate(all="ignore"):
        values = Program([equation]).values(part.X)[0]
    if not np.all(np.isfinite(values)) or np.ptp(values) == 0:
        return None
    wanted = replace(part, y=values, loss=SQUARED_ERROR, weights=None, scale=None, expected=None)
    own = _fitted_to(guess, wanted, places)
    if own is None:
        return None
    guessed = uncertainty(guess, wanted, places, own)
    found = uncertainty(equation, wanted, np.arange(len(equation.constants)))
    if guessed is None or found is None or guessed.n_fixed < found.n_fixed:
        return None
    effects = np.abs(guessed.values * guessed.scale)
    is_there = np.all(effects > _VANISHING * np.linalg.norm(values))
    return own if is_there and not _is_at_limit(guess, wanted, places, own) else None


def _is_at_limit(guess: Expression, task: Task, places: Places, own: Array) -> bool:
    """Whether constants that a form tells apart elsewhere are told apart no more where it is the equation.

    So are those of b / (1 + c / b) where both are next to nothing, and only their ratio counts.
    """
    drawn = np.tile(own, (_STARTS, 1))
    drawn[:, places] = _starting_points(with_the_rest_held(guess, task, places)[0], task)[:, : len(places)]
    with np.errstate(all="ignore"):
        rows = np.vstack((own, drawn))
        _, jacobians = Program([guess]).jacobian(task.X, rows, index=np.zeros(len(rows), dtype=np.int64))
    ranks = [_rank(jacobian[places]) for jacobian in jacobians]
    return ranks[0] < max(ranks)


def _rank(jacobian: Array) -> int:
    """How many constants are told apart by derivatives, shape (K, P); none where one is not finite."""
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(jacobian, axis=1, keepdims=True)
        columns = jacobian / np.where(lengths > 0, lengths, 1.0)
    return int(np.linalg.matrix_rank(columns, rtol=_VANISHING)) if np.all(np.isfinite(columns)) else 0


def _fitted_to(guess: Expression, task: Task, places: Places) -> Array | None:
    """The constants of the guess that give it the values of a target, if there are any nearby."""
    form, own = with_the_rest_held(guess, task, places)
    drawn = _starting_points(form, task)
    starts = [form, *(form.with_constants(row.tolist()) for row in drawn)]
    refined = refine(starts, own, Effort(restarts=1, iterations=100), Clock())
    is_met = refined.loss <= _SAME**2 * task.null_loss
    if not np.any(is_met):
        return None
    # Of equal ones, as a cosine is many sines, the one that the guess's own values lead to is meant.
    best = 0 if is_met[0] else int(np.argmin(refined.loss))
    values = np.array(guess.constants)
    values[places] = refined.constants[best, : len(places)]
    return values


def _starting_points(form: Expression, task: Task) -> Array:
    """Constants of all magnitudes that the data's scales can bring in, shape (R, K)."""
    rng = np.random.default_rng(task.seed)
    scaler = Scaler.gentle(task.X, task.y)
    reach = float(np.max(np.abs(np.log10(np.append(scaler.x_scale, scaler.y_scale)))))
    shape = _STARTS, len(form.constants)
    return np.asarray(rng.standard_normal(shape) * 10 ** rng.uniform(-reach, reach, shape))
