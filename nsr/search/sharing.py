"""Which constants of a form differ by group: all are shared, or one differs, or several, or all.

Constants are freed one by one from the form that is fitted to all rows alike, each time the one that is
worth most, and joined one by one from the form that is fitted to each group by itself, where its rows are
enough for that. Each choice is fitted anew to all rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.refinement.candidates import Candidate
from nsr.refinement.groups import ByGroup, Layout, by_group, with_groups
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

# Effort on a form of all rows, of one group, and with a choice of constants that differ.
_POOLED = Effort(restarts=3, iterations=40)
_ALONE = Effort(restarts=1, iterations=40)
_TOGETHER = Effort(restarts=1, iterations=60)
# Of forms with at most this many constants every choice is fitted.
_ALL_CHOICES = 3
# Choices are not looked at further where this many of them, one after the other, were no better.
_PATIENCE = 2


@dataclass(frozen=True, eq=False)
class Form:
    """A form with the constants that it has where all rows, or those of each group, are fitted alike.

    Attributes:
        expression: Over the columns.
        stage: What found it.
        name: What textbooks call it, if they do.
        pooled: Constants that all groups share, shape (K,).
        pooled_loss: Loss with them.
        alone: Constants of each group by itself, shape (n_groups, K); those of the nearest that has rows
            enough where a group has not.
        alone_loss: Loss with them.
    """

    expression: Expression
    stage: str
    name: str
    pooled: Array
    pooled_loss: float
    alone: Array
    alone_loss: float


@dataclass(frozen=True, eq=False)
class Groups:
    """A table with groups.

    Attributes:
        task: Over the columns.
        codes: Group of each row, shape (P,).
        layout: Of columns and groups.
        whole: The task over columns and groups.
    """

    task: Task
    codes: Codes
    layout: Layout
    whole: Task

    @classmethod
    def of(cls, task: Task, codes: Codes, layout: Layout) -> Groups:
        """The table of a task over the columns."""
        return cls(task, codes, layout, replace(task, X=np.hstack((task.X, layout.columns(codes)))))

    def with_task(self, task: Task) -> Groups:
        """The same groups in another task over the columns."""
        return Groups.of(task, self.codes, self.layout)

    def rows(self, group: int) -> Codes:
        """The rows of a group."""
        return np.flatnonzero(self.codes == group)


def fitted_forms(found: Sequence[Candidate], groups: Groups, clock: Clock) -> list[Form]:
    """Fits forms to all rows, and to each group.

    Args:
        found: Forms over the columns, with constants to begin with.
        groups: The table.
        clock: Once it is over the constants that they have stand for what is left to fit.
    """
    if not found:
        return []
    task, layout = groups.task, groups.layout
    program = Program([candidate.expression for candidate in found], task.n_threads)
    pooled = refine(program, task, _POOLED, clock)
    alone = np.repeat(program.constants[:, None, :], layout.n_groups, axis=1)
    losses, counts = np.zeros((len(found), layout.n_groups)), np.zeros(layout.n_groups)
    for group in range(layout.n_groups):
        rows = groups.rows(group)
        own = task.of_rows(rows)
        counts[group] = len(rows) if own.weights is None else float(np.sum(own.weights))
        refined = refine(program, own, _ALONE, clock)
        is_told = (program.n_constants < len(rows)) & np.isfinite(refined.loss)
        alone[is_told, group] = refined.constants[is_told]
        losses[:, group] = np.where(is_told, refined.loss, np.inf)
    means = losses @ counts / np.sum(counts)
    return [
        Form(
            candidate.expression,
            candidate.stage,
            candidate.name,
            pooled.constants[place, :n],
            float(pooled.loss[place]),
            alone[place, :, :n],
            float(means[place]),
        )
        for place, (candidate, n) in enumerate(zip(found, program.n_constants.tolist(), strict=True))
    ]


@dataclass
class Sharing:
    """The choices of one form.

    Attributes:
        form: The form.
        groups: The table.
        clock: Once it is over no further choice is fitted.
        found: The candidate of each choice that was fitted.
    """

    form: Form
    groups: Groups
    clock: Clock
    found: dict[frozenset[int], Candidate] = field(default_factory=dict)
    _values: dict[frozenset[int], Array] = field(default_factory=dict)

    def choices(self) -> list[Candidate]:
        """The best choice of each number of constants that differ, up to that of the shortest description.

        Freer ones fit better, as they always do, and cost more than that is worth (Schwarz 1978).
        """
        n = len(self.form.pooled)
        self._fit([frozenset()])
        if n <= _ALL_CHOICES:
            for size in range(1, n + 1):
                self._fit(_of_size(n, size))
        else:
            self._go(frozenset(), lambda chosen: [chosen | {k} for k in range(n) if k not in chosen])
            if math.isfinite(self.form.alone_loss):
                everything = frozenset(range(n))
                self._fit([everything])
                self._go(everything, lambda chosen: [chosen - {k} for k in chosen])
        best: dict[int, Candidate] = {}
        for chosen, candidate in self.found.items():
            rival = best.get(len(chosen))
            if rival is None or candidate.bits < rival.bits:
                best[len(chosen)] = candidate
        least = min(best, key=lambda size: best[size].bits, default=0)
        return [candidate for size, candidate in best.items() if size <= least]

    def _go(self, chosen: frozenset[int], nearby: Callable[[frozenset[int]], list[frozenset[int]]]) -> None:
        """From one choice to the best of those nearby, as long as that is worth it."""
        worse, best = 0, self._bits(chosen)
        while worse < _PATIENCE and not self.clock.is_over and (options := nearby(chosen)):
            self._fit(options, chosen)
            chosen = min(options, key=self._bits)
            worse = 0 if self._bits(chosen) < best else worse + 1
            best = min(best, self._bits(chosen))

    def _bits(self, chosen: frozenset[int]) -> float:
        return self.found[chosen].bits if chosen in self.found else math.inf

    def _fit(self, options: Iterable[frozenset[int]], origin: frozenset[int] = frozenset()) -> None:
        """Fits choices, each from the constants of another one and from those of the groups by themselves."""
        new = [chosen for chosen in options if chosen not in self.found]
        if not new or (self.clock.is_over and self.found):
            return
        starts = [(chosen, start) for chosen in new for start in self._starts(chosen, origin)]
        layout, task = self.groups.layout, self.groups.whole
        read = [with_groups(self.form.expression, start, sorted(chosen), layout) for chosen, start in starts]
        program = Program([one.expression for one in read], task.n_threads)
        refined = refine(program, task, _TOGETHER, self.clock)
        fitted = program.expressions_with(refined.constants)
        pairs = zip(starts, fitted, refined.loss.tolist(), strict=True)
        for (chosen, _), expression, loss in sorted(pairs, key=lambda pair: pair[2]):
            if chosen not in self.found and math.isfinite(loss):
                own = ByGroup.of(expression, layout)
                self.found[chosen] = by_group(own, loss, task, self.form.stage, self.form.name)
                self._values[chosen] = _values_of(own, self.form.expression)

    def _starts(self, chosen: frozenset[int], origin: frozenset[int]) -> list[Array]:
        n_groups = self.groups.layout.n_groups
        starts = [self._values.get(origin, np.tile(self.form.pooled, (n_groups, 1)))]
        if chosen and math.isfinite(self.form.alone_loss):
            own = self.form.alone.copy()
            shared = [k for k in range(own.shape[1]) if k not in chosen]
            own[:, shared] = np.median(own[:, shared], axis=0)
            starts.append(own)
        return starts


def _values_of(found: ByGroup, form: Expression) -> Array:
    """Values of all constants of a form in each group, shape (n_groups, K)."""
    columns = []
    for position in form.free_positions:
        token = found.form.tokens[position]  # a variable where the constant differs
        if isinstance(token, str):
            columns.append(found.table[:, int(token[2:]) - found.layout.n_columns])
        else:
            columns.append(np.full(found.layout.n_groups, token))
    return np.column_stack(columns) if columns else np.empty((found.layout.n_groups, 0))


def _of_size(n: int, size: int) -> list[frozenset[int]]:
    return [frozenset(chosen) for chosen in itertools.combinations(range(n), size)]
