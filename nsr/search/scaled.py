"""A search as it sees the user's task: scaled, and with the loss that the data ask for where it is open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.notes import tell
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, as_found_by, fitted, scored
from nsr.refinement.losses import GAMMA
from nsr.search.balanced import is_of_few_rows, with_balanced_rows
from nsr.search.engine import Search
from nsr.search.finishing import finished, polished
from nsr.search.noise import OF_RATIOS, may_be_relative, with_noise_model, with_noise_told
from nsr.search.proportional import are_ratios_likelier, is_law_of_ratios, is_mostly_misfit
from nsr.search.turns import in_turns
from nsr.search.watching import Watching
from nsr.task import Task

if TYPE_CHECKING:
    from nsr.search.solve import Solver

Array = NDArray[np.float64]
Batches = Iterator[list[Candidate]]


class ScaledSearch:
    """A search as it sees the user's task, and the task.

    Attributes:
        task: The user's.
        scaler: How the search sees its variables and its target.
        search: On the scaled task.

    Args:
        task: The user's.
        guesses: The user's own.
        solver: How to search.
    """

    def __init__(self, task: Task, guesses: Sequence[Expression], solver: Solver) -> None:
        self._guesses, self._solver = guesses, solver
        self._is_loss_open, self._is_crossing_allowed = solver.is_loss_open, True
        exchanged = () if task.space.shape is None else task.space.shape.exchanged
        self.scaler = Scaler.gentle(task.X, task.y).alike(exchanged)
        if task.space.constant_bounds is not None:  # which hold in the user's units
            self.scaler = Scaler.none(task.n_variables)
        self.task, self.search = task, self._begun(task)

    def _begun(self, task: Task) -> Search:
        solver, scaler = self._solver, self.scaler
        scaled = replace(
            task,
            X=task.X / scaler.x_scale,
            space=task.space.scaled(scaler.x_scale, scaler.y_scale),
            n_threads=max(1, task.n_threads - solver.n_jobs + 1),  # the others have cores to themselves
        )
        if scaler.y_scale != 1:
            scaled = scaled.over(scaler.y_scale)
        own = tuple(scaler.scaled(guess) for guess in self._guesses)
        is_watched = solver.watch is not None or solver.stop_when is not None
        watch = Watching(solver.watch, solver.stop_when, scaler, scaled) if is_watched else None
        return Search(
            scaled, solver.network, solver.n_candidates, solver.components, own, solver.settings, watch,
            solver.n_jobs,
        )  # fmt: skip

    def run(self, clock: Clock) -> Batches:
        """Batches of the search.

        Where the loss was left open, what is exact needs none. If nothing is after a little work, a smooth
        fit says whether errors are relative, and if it does not, what was found does, later or in the end; if
        they are, everything begins anew with that loss, and with what was found. Where few rows decide on
        squares, one to which all rows matter alike goes on beside it; where units leave nothing exact, one
        without regard to them.
        """
        settings = self._solver.settings
        if self._solver.starts:
            yield self._begun_with(self._solver.starts, clock)
        batches = self.search.run(clock)
        yield from _until(batches, clock.within(settings.first_look))
        is_open = self._is_loss_open and not self._is_exact
        if is_open and (told := with_noise_told(self.task, settings.noise)) is not self.task:
            found, self._is_loss_open = self._found, False
            self.task, self.search = told, self._begun(told)
            new = self.search.candidates
            yield new.add(_scored_anew(found, new.task))
            batches = self.search.run(clock)
        if not self._is_exact and is_of_few_rows(self.task, settings.balanced):
            rival = self._begun(with_balanced_rows(self.task, settings.balanced))
            others = self._handed_on(rival, rival.run(clock), clock)
            batches = self._in_turns_with_rival(batches, others, settings.balanced.share, clock)
        if self._is_crossing_allowed and self.task.space.units is not None:
            yield from _until(batches, clock.within(settings.units.kept_to))
            if not self._is_exact:
                free = self._without_units()
                others = self._handed_on(free.search, free.run(clock), clock)
                batches = self._in_turns_with_rival(batches, others, settings.units.crossing_share, clock)
        for look in (clock.within(settings.second_look), clock):
            yield from _until(batches, look)
            if self._is_loss_open and (laws := self._laws_of_ratios(clock)):
                yield from self._in_turns_with(laws, batches, clock)
                break
        yield from batches

    def _without_units(self) -> ScaledSearch:
        """One of the same rows, not yet begun, without regard to units; it keeps the loss, and its search."""
        anything = replace(self.task, space=replace(self.task.space, units=None))
        free = ScaledSearch(anything, self._guesses, self._solver)
        free._is_loss_open = False
        return free

    def _in_turns_with_rival(
        self, batches: Batches, handed_on: Batches, share: float, clock: Clock
    ) -> Batches:
        """Batches of the search and, in turns, the best of another one of the same rows.

        Args:
            batches: Of the search so far.
            handed_on: Of the other one, not yet begun.
            share: Of its turns, for one of the search.
            clock: For everything.
        """
        own = self.search
        for batch in in_turns([(1.0, batches), (share, handed_on)], clock.meter):
            yield batch
            if own.ended != "interrupted":
                return

    def _handed_on(self, rival: Search, batches: Batches, clock: Clock) -> Batches:
        """The best of another search whenever there is a better one, as the task sees it.

        What is exact there may be allowed here once constants that should be none are gone.

        Args:
            rival: What has the candidates of the other one.
            batches: Of it, and of what it runs beside it.
            clock: For everything.
        """
        own, found, handed_on = self.search.candidates, rival.candidates, None
        for _ in batches:
            best = found.best
            if best is None or best is handed_on:
                yield []
                continue
            handed_on, handed = best, [best]
            if found.task.is_exact(best.loss) and not own.task.space.allows(best.expression):
                handed = finished(handed, found.task, clock, self._solver.settings.finishing)
            yield own.add(_scored_anew(handed, own.task))

    def _laws_of_ratios(self, clock: Clock) -> list[Candidate]:
        """What was found, fitted to ratios, where errors seem to be relative; else nothing."""
        plain, settings = self.search.candidates, self._solver.settings
        if not may_be_relative(plain.best, self.task):
            return []
        if np.std(np.log(self.task.y)) < settings.noise.least_spread:
            return []
        in_time = clock.by_time_alone()  # the work of a search may be done by now
        laws = polished(self._found, replace(plain.task, loss=GAMMA), in_time, settings.finishing)
        best = min(laws, key=lambda law: law.bits, default=None)
        values = _values(plain.best, best, plain.task)
        if not are_ratios_likelier(*values, plain.task, settings.noise):
            return []
        return [] if is_mostly_misfit(values[1], plain.task, settings.noise) else laws

    def _in_turns_with(self, laws: Sequence[Candidate], batches: Batches, clock: Clock) -> Batches:
        """Batches of the search and, in turns, of one for laws with relative errors, until it is clear which.

        Over decades squares of errors are those of a few rows, and what fits these need not be the law. So
        both are searched with until relative errors are no longer likelier around the best of what each has
        found, or are, and nothing but noise.

        Args:
            laws: To begin with.
            batches: Of the search so far.
            clock: For everything.
        """
        plain, noise = self.search.candidates, self._solver.settings.noise
        told = with_noise_model(self.task, GAMMA.name, noise)
        rival = self._begun(told)
        rival.candidates.add(_scored_anew([*self._found, *laws], rival.candidates.task))
        others, rows = rival.run(clock), [np.arange(plain.task.n_rows)]
        compared: tuple[Candidate | None, Candidate | None] | None = None
        for batch in in_turns([(1.0, batches), (1.0, others)], clock.meter):
            yield batch
            if not self._is_loss_open:
                break
            if compared == (compared := (plain.best, rival.candidates.best)):
                continue
            values = _values(*compared, plain.task)
            if is_law_of_ratios(*values, plain.task, rows, noise):
                tell(OF_RATIOS)
                found, self._is_loss_open = self._found, False
                self.task, self.search = told, rival
                yield rival.candidates.add(_scored_anew(found, rival.candidates.task))
                yield from others
                return
            if not are_ratios_likelier(*values, plain.task, noise):
                break
        yield plain.add(_scored_anew(rival.candidates.most_promising(0), plain.task))

    @property
    def _found(self) -> list[Candidate]:
        return list(self.search.candidates.most_promising(self._solver.settings.finishing.n_promising))

    def _begun_with(self, starts: Sequence[Expression], clock: Clock) -> list[Candidate]:
        """Equations of before, their constants fitted to this task."""
        found = self.search.candidates
        own = [
            simplify(apply("div", self.scaler.scaled(start), constant(self.scaler.y_scale)))
            for start in starts
        ]
        return found.add(fitted(own, found.task, self._solver.settings.polished, clock, "warm_start"))

    def with_loss_of(self, other: ScaledSearch) -> ScaledSearch:
        """Itself, not yet begun, with the loss of another search of the same rows, which it then keeps."""
        self._is_loss_open = other._is_loss_open = self._is_crossing_allowed = False
        own = replace(self.task, loss=other.task.loss, expected=other.task.expected)
        self.task, self.search = own, self._begun(own)
        return self

    @property
    def _is_exact(self) -> bool:
        best, task = self.search.candidates.best, self.search.candidates.task
        return best is not None and task.is_exact(best.loss)

    @property
    def is_explained(self) -> bool:
        """Whether the best equation so far leaves little of the null loss."""
        best, task = self.search.candidates.best, self.search.candidates.task
        return best is not None and best.loss <= self._solver.settings.units.unexplained * task.null_loss


def _until(batches: Batches, clock: Clock) -> Batches:
    """Those that are begun before a clock is over."""
    while not clock.is_over and (batch := next(batches, None)) is not None:
        yield batch


def _scored_anew(found: Iterable[Candidate], task: Task) -> list[Candidate]:
    """What another search of the same rows has found, with the constants that it has."""
    candidates = list(found)
    return as_found_by(candidates, scored([one.expression for one in candidates], task), task)


def _values(law: Candidate | None, of_ratios: Candidate | None, task: Task) -> tuple[Array, Array]:
    """Of the best law with each loss; not numbers where there is none."""
    laws = [constant(math.nan) if one is None else one.expression for one in (law, of_ratios)]
    plain, relative = Program(laws).values(task.X)
    return plain, relative
