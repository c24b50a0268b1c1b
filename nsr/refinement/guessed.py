"""How the user's guesses have fared: their constants, and their losses beside that of what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsr.data.guesses import Guess
from nsr.evaluate.program import Program
from nsr.refinement.candidates import Candidate
from nsr.refinement.digits import with_error
from nsr.refinement.groups import ByGroup, Layout, reported_by_group
from nsr.refinement.refine import Effort, refine
from nsr.refinement.reported import Reported
from nsr.refinement.uncertainty import most_likely, uncertainty
from nsr.task import ROWS, Task

# On the constants of a guess, from many starting points.
_EFFORT = Effort(restarts=32, points=ROWS, iterations=100)


@dataclass(frozen=True)
class FaredGuess:
    """What became of a guess.

    Attributes:
        text: The guess, as the user wrote it.
        row: Which row of the front it is, in these or other words; None where it is none.
        chosen: Which row was chosen.
        constants: Its most likely constants with their standard errors, as text; empty where it has none, or
            no value on the rows.
        loss: Its loss with these; infinite where it has no value in some row.
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
            result.append(FaredGuess(guess.text, None, chosen, "", np.inf, np.nan))
            continue
        loss, said = every[place].loss, reported_by_group(read[place], task, guess.names, groups)
        row = place if in_front else None
        result.append(FaredGuess(guess.text, row, chosen, said.text, loss, _ratio(loss, least)))
    return tuple(result)


def _fitted(guess: Guess, row: int | None, chosen: int, least: float, task: Task) -> FaredGuess:
    program = Program([guess.expression])
    refined = refine(program, task, _EFFORT)
    if not np.isfinite(refined.loss[0]):
        return FaredGuess(guess.text, row, chosen, "", np.inf, np.nan)
    places = np.arange(len(guess.names))
    (form,) = program.expressions_with(refined.constants)
    form = most_likely(form, task, places)
    with np.errstate(all="ignore"):
        loss = float(task.mean_loss(Program([form]).values(task.X))[0])
    known = uncertainty(form, task, places) if len(places) else None
    told = ""
    if known is not None:
        pairs = zip(guess.names, known.values.tolist(), known.errors.tolist(), strict=True)
        told = ", ".join(f"{name} = {with_error(value, error)}" for name, value, error in pairs)
    return FaredGuess(guess.text, row, chosen, told, loss, _ratio(loss, least))


def _ratio(loss: float, least: float) -> float:
    return loss / least if least > 0 else np.nan
