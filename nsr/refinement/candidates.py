"""Candidates: equations with their losses, and the one place where they are checked, scored and merged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import holds, surely_allowed
from nsr.expressions.expression import Expression
from nsr.expressions.space import SearchSpace
from nsr.refinement.bounded import fitted_within
from nsr.refinement.constrained import fitted_to_shape, without_vanished
from nsr.refinement.description import description_length
from nsr.refinement.refine import Effort, refine
from nsr.refinement.selection import pareto_front
from nsr.task import FEW_ROWS, ROWS, Task

# Equations of a batch whose constants are fitted again to give them the shape that is asked for; more where
# that has a limit, which none has by chance.
_MOST_BENT, _MOST_LED = 3, 12
# Equations whose constants are moved within their bounds at a time.
_MOST_MOVED = 24
# Work on the tokens of an equation that is fitted: it is made, simplified, compiled and scored.
_SECONDS_A_TOKEN = 5e-6


@dataclass(frozen=True)
class Candidate:
    """An equation and how well it explains a task.

    Attributes:
        expression: Over the task's variables.
        loss: Mean loss on the task's rows.
        bits: Description length on the task.
        stage: What found it, one of the search's stages; empty where nothing was searched.
        name: What textbooks call it, if it is one of their curves.
        cost: Its complexity where the task's space says what operators and leaves cost; None elsewhere.
    """

    expression: Expression
    loss: float
    bits: float
    stage: str = field(default="", compare=False)
    name: str = field(default="", compare=False)
    cost: float | None = field(default=None, compare=False)

    @property
    def complexity(self) -> float:
        """Nodes of the expression, weighted by `nsr.expressions.operators` or as the user does."""
        return self.expression.complexity if self.cost is None else self.cost


def scored(expressions: Sequence[Expression], task: Task, stage: str = "") -> list[Candidate]:
    """Equations with the constants they have, in the same order."""
    if not expressions:
        return []
    with np.errstate(all="ignore"):
        losses = task.mean_loss(Program(list(expressions)).values(task.X))
    return [_candidate(e, loss, task, stage) for e, loss in zip(expressions, losses.tolist(), strict=True)]


def named(candidate: Candidate, name: str, task: Task) -> Candidate:
    """The candidate as a curve that textbooks have, which is described by its name; as it is without one."""
    if not name:
        return candidate
    bits = description_length(candidate.expression, candidate.loss, task, name)
    return replace(candidate, bits=bits, name=name)


def as_found_by(found: Iterable[Candidate], forms: Iterable[Candidate], task: Task) -> list[Candidate]:
    """Other forms of what was found, one of each, as finds of the same stages.

    They keep their names, unless a variable has gone: a hyperbola of which nothing is left is none.

    Args:
        found: What was found.
        forms: The other forms.
        task: What these explain.
    """
    pairs = zip(found, forms, strict=True)
    return [
        named(
            replace(form, stage=c.stage),
            c.name if form.expression.variables == c.expression.variables else "",
            task,
        )
        for c, form in pairs
    ]


def fitted(
    expressions: Sequence[Expression], task: Task, effort: Effort, clock: Clock, stage: str = ""
) -> list[Candidate]:
    """Equations whose constants have been refined, those of shortest description first.

    Args:
        expressions: With constants to begin with.
        task: What they are to explain.
        effort: What each may cost.
        clock: When refinement ends.
        stage: What found them.

    Returns:
        The best of each skeleton; none without a finite fit, and none with as many constants as rows.
    """
    clock.spend(_SECONDS_A_TOKEN * sum(map(len, expressions)))
    usable = [e for e in expressions if len(e.free_positions) < task.n_rows]
    if not usable:
        return []
    program = Program(usable, task.n_threads)
    refined = refine(program, task, effort, clock)
    pairs = zip(program.expressions_with(refined.constants), refined.loss.tolist(), strict=True)
    return ranked(_candidate(e, loss, task, stage) for e, loss in pairs if math.isfinite(loss))


def within(candidates: Sequence[Candidate], space: SearchSpace) -> list[Candidate]:
    """The candidates that a space surely allows, with the constants they have."""
    is_allowed = surely_allowed([candidate.expression for candidate in candidates], space).tolist()
    return [candidate for candidate, own in zip(candidates, is_allowed, strict=True) if own]


def within_bounds(candidates: Sequence[Candidate], task: Task) -> list[Candidate]:
    """The candidates; of those with constants out of their bounds the best few, with the best ones within."""
    if task.space.constant_bounds is None:
        return list(candidates)
    are_inside = [task.space.allows_constants(candidate.expression) for candidate in candidates]
    inside = [c for c, own in zip(candidates, are_inside, strict=True) if own]
    moved = ranked(c for c, own in zip(candidates, are_inside, strict=True) if not own)[:_MOST_MOVED]
    forms = fitted_within([candidate.expression for candidate in moved], task, Clock())
    return inside + as_found_by(moved, scored(forms, task), task)


def with_shape(candidates: Sequence[Candidate], task: Task, is_form_kept: bool = False) -> list[Candidate]:
    """The candidates; the best few of another shape with constants that give them the task's.

    Args:
        candidates: Of any shape.
        task: Whose space asks for one.
        is_form_kept: Whether constants stay that have to vanish.
    """
    if task.space.shape is None or not candidates:
        return list(candidates)
    is_right = holds([c.expression for c in candidates], task.space.shape).tolist()
    wrong = [c for c, own in zip(candidates, is_right, strict=True) if not own]
    replaced, bent = _bent(_worth_bending(ranked(wrong), task), task, ROWS, is_form_kept)
    return [c for c in candidates if c not in replaced] + bent


def _worth_bending(wrong: Sequence[Candidate], task: Task) -> list[Candidate]:
    """The first few; where the shape has limits, of those that have limits at all, not too far off."""
    shape = task.space.shape
    if shape is None or not shape.has_limits or not wrong:
        return list(wrong[:_MOST_BENT])
    has_limits = holds([c.expression for c in wrong], shape.only_limits.nearly).tolist()
    return [c for c, own in zip(wrong, has_limits, strict=True) if own][:_MOST_LED]


def _bent(
    wrong: Sequence[Candidate], task: Task, n_rows: int, is_form_kept: bool = False
) -> tuple[list[Candidate], list[Candidate]]:
    """Those that get the task's shape by other constants, and what they become with the best of these.

    A form that is no longer allowed, as what it is required to have has vanished, is none of these.
    """
    assert task.space.shape is not None
    pairs = [(c, fitted_to_shape(c.expression, task, n_rows)) for c in wrong]
    if not is_form_kept:
        shape = task.space.shape
        pairs = [(c, form and without_vanished(c.expression, form, shape)) for c, form in pairs]
    found = [(c, form) for c, form in pairs if form is not None and task.space.allows(form)]
    own = [c for c, _ in found]
    return own, as_found_by(own, scored([form for _, form in found], task), task)


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """By rising description length, the best of each skeleton."""
    best: dict[Expression, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: c.bits):
        best.setdefault(candidate.expression.skeleton(), candidate)
    return list(best.values())


def _candidate(expression: Expression, loss: float, task: Task, stage: str) -> Candidate:
    cost = task.space.complexity(expression) if task.space.costs else None
    return Candidate(expression, loss, description_length(expression, loss, task), stage, cost=cost)


class Candidates:
    """What has been found for a task so far.

    Attributes:
        best: What has the shortest description.
        n_seen: How many were offered, allowed or not, and tried by whoever offers the best alone.

    Args:
        task: What is to be explained.
        capacity: Candidates kept; beyond it the front and those of shortest description are.
    """

    def __init__(self, task: Task, capacity: int = 2_000) -> None:
        self.task = task
        self.best: Candidate | None = None
        self.n_seen = 0
        self._capacity = capacity
        self._kept: dict[Candidate, int] = {}  # each with its number, in the order in which they came
        self._n_taken = 0
        self._bent_before: set[Expression] = set()

    def add(self, found: Iterable[Candidate]) -> list[Candidate]:
        """Takes in what may be looked at and has a finite description; returns it."""
        seen = list(found)
        self.n_seen += len(seen)
        taken = self._allowed([c for c in seen if math.isfinite(c.bits)])
        for candidate in taken:
            self._n_taken += 1
            self._kept.setdefault(candidate, self._n_taken)
            if self.best is None or candidate.bits < self.best.bits:
                self.best = candidate
        if len(self._kept) > self._capacity:
            kept = self.most_promising(self._capacity // 4)
            self._kept = {c: number for c, number in self._kept.items() if c in kept}
        return taken

    def _allowed(self, found: list[Candidate]) -> list[Candidate]:
        """What the task's space allows, and what comes of the best with other constants or another shape."""
        space = self.task.space
        best = math.inf if self.best is None else self.best.bits
        found = [c for c in found if space.allows(c.expression)]
        if space.constant_bounds is not None:  # within them nothing fits better
            hopes = [c for c in found if space.allows_constants(c.expression) or c.bits < best]
            found = [c for c in within_bounds(hopes, self.task) if math.isfinite(c.bits)]
        if space.shape is None or not found:
            return found
        is_right = holds([c.expression for c in found], space.shape).tolist()
        wrong = [c for c, own in zip(found, is_right, strict=True) if not own and c.bits < best]
        return [c for c, own in zip(found, is_right, strict=True) if own] + self._bent(wrong)

    def _bent(self, wrong: Iterable[Candidate]) -> list[Candidate]:
        """Equations of another shape with the constants of least loss that give them the right one."""
        new = [c for c in ranked(wrong) if c.expression.skeleton() not in self._bent_before]
        new = _worth_bending(new, self.task)
        self._bent_before.update(c.expression.skeleton() for c in new)
        return _bent(new, self.task, FEW_ROWS)[1]

    def since(self, number: int) -> tuple[list[Candidate], int]:
        """What was taken in after this many and is still kept, and how many there are now."""
        return [c for c, own in self._kept.items() if own > number], self._n_taken

    def front(self) -> list[Candidate]:
        """The Pareto front."""
        return pareto_front(list(self._kept))

    def most_promising(self, n: int) -> dict[Candidate, None]:
        """The Pareto front, the `n` of shortest description, and the shortest of each name.

        Evolution finds hundreds of forms that fit a few rows; what textbooks have stands beside them all.
        """
        shortest = ranked(self._kept)
        names = {candidate.name: candidate for candidate in reversed(shortest) if candidate.name}
        return dict.fromkeys((*self.front(), *shortest[:n], *names.values()))
