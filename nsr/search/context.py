"""What the stages of one search share: the task, what was found, and what was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.rewriting import rewritten, with_exponentials_apart
from nsr.expressions.simplify import simplify
from nsr.expressions.squares import with_completed_squares
from nsr.network.checkpoint import Pretrained
from nsr.refinement.candidates import Candidate, Candidates, fitted, scored
from nsr.refinement.description import n_fitted
from nsr.refinement.refine import Effort
from nsr.refinement.snapping import snap
from nsr.search.residuals import has_structure
from nsr.search.settings import SearchSettings
from nsr.search.state import State
from nsr.search.team import Team
from nsr.task import Task

# Searches a part of the task with some components, when structure has found one.
SearchPart = Callable[[Task, "frozenset[str]", Clock], Iterator[list[Candidate]]]


@dataclass
class Context:
    """A search as its stages see it.

    Attributes:
        task: What is to be explained, its variables and target scaled.
        root: The task as a state.
        starts: Where structure begins: the root, or what its dimensionless groups make of it.
        network: Loaded when its model is first asked for.
        n_candidates: Sequences sampled from the network for the table.
        components: Which of `nsr.search.settings.COMPONENTS` are on.
        settings: The numbers of the search.
        search_part: Searches a part of the task.
        team: Other processes; None where there is one alone.
        guesses: The user's own, up to a factor.
        candidates: What was found so far.
        states: What structure has looked at, one of the starts first.
        guesses_about: The network's guesses about states, by their keys.
    """

    task: Task
    root: State
    starts: list[State]
    network: Pretrained
    n_candidates: int
    components: frozenset[str]
    settings: SearchSettings
    search_part: SearchPart
    team: Team[Any, Any] | None
    guesses: tuple[Expression, ...]
    candidates: Candidates
    states: list[State] = field(default_factory=list)
    guesses_about: dict[Hashable, list[Expression]] = field(default_factory=dict)
    _noise: dict[Expression, bool] = field(default_factory=dict)
    _n_chosen: dict[Expression, int] = field(default_factory=dict)

    def polished(
        self, lifted: Iterable[Expression], stage: str, clock: Clock, effort: Effort | None = None
    ) -> list[Candidate]:
        """Equations of the table, their constants refined from where they are.

        What is exact is put in shorter words as well, since only a short answer ends a search.

        Args:
            lifted: The equations.
            stage: What found them.
            clock: When refinement ends.
            effort: On each; that of the settings by default.
        """
        found = fitted(self._short(lifted), self.root, effort or self.settings.polished, clock, stage)
        return [*found, *(form for candidate in found[:1] for form in self._reworded(candidate))]

    def as_they_are(self, lifted: Iterable[Expression], stage: str) -> list[Candidate]:
        """Equations of the table with the constants they have."""
        return scored(self._short(lifted), self.root, stage)

    def _short(self, lifted: Iterable[Expression]) -> list[Expression]:
        plain = self.allowed(map(self._plain, lifted))
        return [e for e in plain if len(e.tokens) <= self.settings.max_length]

    def _plain(self, expression: Expression) -> Expression:
        """The simplified equation, unless only this one is allowed."""
        space = self.task.space
        if not space.operators.has("add"):
            expression = with_exponentials_apart(expression)
        return space.kept(expression, simplify(expression))

    def allowed(self, expressions: Iterable[Expression]) -> list[Expression]:
        """Those equations of the table on which no work is wasted."""
        space = self.task.space
        return [e for e in expressions if not space.is_limited or space.allows(e)]

    def _reworded(self, candidate: Candidate) -> list[Candidate]:
        if candidate.complexity <= self.settings.short or not self.task.is_exact(candidate.loss):
            return []
        squared = with_completed_squares(candidate.expression)
        return scored([squared, *rewritten(squared)], self.root, candidate.stage)

    def is_answered(self, longest: int) -> bool:
        """Whether the best candidate, of at most some complexity, leaves nothing worth looking for.

        It is exact, or leaves what looks like noise; where rows are too few to tell, it must explain nearly
        everything in far fewer bits than it saves.
        """
        best = self.candidates.best
        if best is None or best.expression.complexity > longest or not best.expression.variables:
            return False
        return self.task.is_exact(best.loss) or self._leaves_noise(best)

    @property
    def is_answer_doubtful(self) -> bool:
        """Whether the best candidate is right by means of several constants that the data had to choose.

        Another law, with round ones, may be behind it: two or three free constants imitate much, and within
        noise a long form does with one. Where it is exact, or rows are few and what is convincing has been
        measured by its constants already, only a long one with several is in doubt: evolution comes as near
        to a law as rounding errors with forms that nobody means.
        """
        best = self.candidates.best
        if best is None:
            return False
        is_beyond_chance = self.task.n_rows < self.settings.least_rows or self.task.is_exact(best.loss)
        is_short = best.expression.complexity <= self.settings.short
        if is_beyond_chance and is_short:
            return False
        few = self.settings.few_constants if is_short or is_beyond_chance else 0
        return self._n_chosen_constants(best) > few

    @property
    def is_exact_by_choice(self) -> bool:
        """Whether a short answer is exact with constants that the data had to choose."""
        best = self.candidates.best
        if best is None or not self.task.is_exact(best.loss) or not self.is_answered(self.settings.short):
            return False
        return self._n_chosen_constants(best) > 0

    def _n_chosen_constants(self, best: Candidate) -> int:
        if best.expression not in self._n_chosen:
            self._n_chosen[best.expression] = n_fitted((snap(best, self.task) or best).expression)
        return self._n_chosen[best.expression]

    def _leaves_noise(self, best: Candidate) -> bool:
        if self._is_outdone(best):
            return False
        if best.expression not in self._noise:
            self._noise[best.expression] = self._is_convincing(best) and not self._has_structure(best)
        return self._noise[best.expression]

    def _is_outdone(self, best: Candidate) -> bool:
        """Whether a surrogate is much nearer to rows that it has not seen: what is left is no noise."""
        task = self.task
        if not task.loss.is_quadratic or task.n_rows < self.settings.rows_that_outdo:
            return False
        least = min((state.error for state in self.states), default=math.inf)
        return best.loss > self.settings.outdone * least**2 * task.null_loss

    def _is_convincing(self, best: Candidate) -> bool:
        settings, task = self.settings, self.task
        if task.n_rows >= settings.least_rows:
            return best.loss < settings.least_explained * task.null_loss
        saved = -task.loss.bits(best.loss, task.null_loss, task.n_rows)
        own = best.bits + saved
        return best.loss <= settings.convincing * task.null_loss and saved >= settings.compression * own

    def _has_structure(self, best: Candidate) -> bool:
        task = self.task
        with np.errstate(all="ignore"):
            residual = task.residuals(Program([best.expression]).values(task.X)[0])
        return has_structure(task.X, residual, self.settings.noise.residuals)
