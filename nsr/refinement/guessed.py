"""How the user's guesses have fared: their constants, and their losses beside that of what was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsr.data.guesses import Guess
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.candidates import Candidate
from nsr.refinement.digits import with_error
from nsr.refinement.groups import ByGroup, Layout, reported_by_group
from nsr.refinement.refine import Effort, refine
from nsr.refinement.reported import Reported
from nsr.refinement.uncertainty import Places, most_likely, uncertainty, with_the_rest_held
from nsr.task import ROWS, Task

# On the constants of a guess, from many starting points.
_EFFORT = Effort(restarts=32, points=ROWS, iterations=100)
# And from one that is near.
_STEP = Effort(restarts=1, points=ROWS, iterations=100)
# Steps from variables of the size 1 to those of the user.
_STEPS_A_DECADE, _MOST_STEPS = 8, 64
# The user's numbers stay where fitting them as well makes the loss smaller by no more than this share.
_SAME = 1e-6


@dataclass(frozen=True)
class FaredGuess:
    """What became of a guess.

    Attributes:
        text: The guess, as the user wrote it.
        row: Which row of the front it is, in these or other words; None where it is none.
        chosen: Which row was chosen.
        constants: Its most likely constants with their standard errors, as text; empty where it has none, or
            no value on the rows.
        loss: Its loss with these; infinite where it has no value in some row, NaN where nothing of its form
            was kept.
        ratio: That over the loss of the chosen equation; NaN where this is zero.
    """

    text: str
    row: int | None
    chosen: int
    constants: str
    loss: float
    ratio: float

    @property
    def is_chosen(self) -> bool:
        """Whether it is the chosen equation."""
        return self.row is not None and self.row == self.chosen

    @property
    def verdict(self) -> str:
        """What became of it, as a line without a full stop."""
        if self.is_chosen:
            return f"{self.text} is what was chosen"
        if np.isnan(self.loss):
            return f"{self.text} is not among what was kept, and its loss is not known"
        if not np.isfinite(self.loss):
            return f"{self.text} has no value in some rows, whatever its constants"
        where = "" if self.row is None else f" (row {self.row})"
        beside = "" if np.isnan(self.ratio) else f", {self.ratio:.3g} times that of the chosen equation"
        own = f", with {self.constants}" if self.constants else ""
        return f"{self.text}{where} has the loss {self.loss:.3g}{beside}{own}"


def fared(
    guesses: Sequence[Guess], rows: Sequence[Candidate], front: Sequence[Reported], chosen: int, task: Task
) -> tuple[FaredGuess, ...]:
    """How guesses have fared that are fitted to all rows alike.

    Args:
        guesses: Over the task's columns.
        rows: The front.
        front: What is reported of it.
        chosen: Which row was chosen.
        task: What they explain.
    """
    places = {said.guess.text: row for row, said in reversed(list(enumerate(front))) if said.guess}
    least = rows[chosen].loss
    return tuple(_fitted(guess, places.get(guess.text), chosen, least, task) for guess in guesses)


def fared_by_group(
    guesses: Sequence[Guess],
    rows: Sequence[Candidate],
    found: Sequence[Candidate],
    chosen: int,
    task: Task,
    groups: Sequence[str],
) -> tuple[FaredGuess, ...]:
    """How guesses have fared whose constants may differ by group.

    Args:
        guesses: Over the task's columns.
        rows: The front, over columns and groups.
        found: What else the search has found, over the same.
        chosen: Which row was chosen.
        task: What they explain.
        groups: Labels of the groups.
    """
    layout = Layout(task.n_variables - len(groups), len(groups))
    every = (*rows, *found)
    read = [ByGroup.of(one.expression, layout) for one in every]
    result, least = [], rows[chosen].loss
    for guess in guesses:
        skeleton = guess.expression.skeleton()
        own = [place for place, one in enumerate(read) if one.skeleton == skeleton]
        in_front = [place for place in own if place < len(rows)]
        place = min(in_front or own, key=lambda place: every[place].loss, default=None)
        if place is None:
            result.append(FaredGuess(guess.text, None, chosen, "", np.nan, np.nan))
            continue
        loss, said = every[place].loss, reported_by_group(read[place], task, guess.names, groups)
        row = place if in_front else None
        result.append(FaredGuess(guess.text, row, chosen, said.in_a_line, loss, _ratio(loss, least)))
    return tuple(result)


def _fitted(guess: Guess, row: int | None, chosen: int, least: float, task: Task) -> FaredGuess:
    """The guess with its named constants fitted, or where that is better its numbers as well."""
    every, named = np.arange(len(guess.names)), np.flatnonzero(guess.is_named)
    fits = [_at_best(guess.expression, places, task) for places in (named, every)]
    losses = [task.mean_loss(Program([form]).values(task.X))[0] for form in fits]
    place = 0 if losses[0] <= (1 + _SAME) * losses[1] else 1
    form, places, loss = fits[place], (named, every)[place], float(losses[place])
    if not np.isfinite(loss):
        return FaredGuess(guess.text, row, chosen, "", np.inf, np.nan)
    known = uncertainty(form, task, places) if len(places) else None
    told = ""
    if known is not None:
        names = [guess.names[own] for own in places]
        pairs = zip(names, known.values.tolist(), known.errors.tolist(), strict=True)
        told = ", ".join(f"{name} = {with_error(value, error)}" for name, value, error in pairs)
    return FaredGuess(guess.text, row, chosen, told, loss, _ratio(loss, least))


def _at_best(form: Expression, places: Places, task: Task) -> Expression:
    """A form with some of its constants where they are most likely, the others as they are."""
    held, own = with_the_rest_held(form, task, places)
    starts = [*_from_scaled(held, own), held]
    efforts = [_STEP] * (len(starts) - 1) + [_EFFORT]
    refined = [refine([start], own, effort) for start, effort in zip(starts, efforts, strict=True)]
    best = min(refined, key=lambda one: one.loss[0])
    values = np.array(form.constants)
    if np.isfinite(best.loss[0]):
        values[places] = best.constants[0, : len(places)]
    return most_likely(form.with_constants(values.tolist()), task, places)


def _from_scaled(form: Expression, task: Task) -> list[Expression]:
    """The form fitted to variables and target of the size 1, and led from there to those of the task.

    On the way to these their sizes change so little at a time that each fit begins near its end (a
    continuation; Allgower and Georg, Introduction to Numerical Continuation Methods, SIAM 2003). A constant
    such as a dose in other units is too far from where fits begin.
    """
    n_free = len(form.free_positions)
    if not n_free or task.space.constant_bounds is not None:  # which hold in the user's units
        return []
    scaler = Scaler.gentle(task.X, task.y)
    decades = float(np.max(np.abs(np.log10(np.append(scaler.x_scale, scaler.y_scale)))))
    effort = _EFFORT
    for share in np.linspace(1, 0, 1 + min(_MOST_STEPS, math.ceil(_STEPS_A_DECADE * decades)))[:-1]:
        own = replace(task, X=task.X / scaler.x_scale**share).over(scaler.y_scale**share)
        refined = refine([form], own, effort)
        if not np.isfinite(refined.loss[0]):
            return []
        form, effort = form.with_constants(refined.constants[0, :n_free].tolist()), _STEP
    return [form] if decades else []


def _ratio(loss: float, least: float) -> float:
    return loss / least if least > 0 else np.nan
