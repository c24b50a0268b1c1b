"""Equations whose constants differ by group.

A table has a column for each group that is 1 in the group's rows and 0 elsewhere. A constant that differs is
the sum of these columns, each times the group's own constant. So whatever fits, compares and reports
equations needs to know of no groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import PLACEHOLDER, VARIABLE_PREFIX, Expression, Token, constant, variable
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import description_length, few_rows_bits, is_round, n_fitted
from nsr.refinement.digits import warranted
from nsr.refinement.reported import Reported
from nsr.refinement.uncertainty import uncertainty
from nsr.task import Task

Array = NDArray[np.float64]

# Bits of another group's constant beside those that its rows add, as its size is known from the first group.
_BITS_OF_ANOTHER = 2.0


@dataclass(frozen=True)
class Layout:
    """Where columns and groups are in a table.

    Attributes:
        n_columns: Columns, which come first.
        n_groups: Groups, each with a column of zeros and ones.
    """

    n_columns: int
    n_groups: int

    def sum_of(self, values: Sequence[float]) -> Expression:
        """A constant that differs by group, from its value in each."""
        tokens: list[Token] = ["add"] * (self.n_groups - 1)
        for group, value in enumerate(values):
            tokens += ["mul", float(value), f"{VARIABLE_PREFIX}{self.n_columns + group}"]
        return Expression(tuple(tokens))

    def read(self, tokens: Sequence[Token]) -> list[float] | None:
        """The values of a constant that differs, from the tokens of `sum_of`; None for any others."""
        sums = self.n_groups - 1
        if len(tokens) < self.length or any(token != "add" for token in tokens[:sums]):
            return None
        values: list[float] = []
        for group in range(self.n_groups):
            times, value, column = tokens[sums + 3 * group : sums + 3 * group + 3]
            own = f"{VARIABLE_PREFIX}{self.n_columns + group}"
            if times != "mul" or isinstance(value, str) or column != own:
                return None
            values.append(value)
        return values

    def columns(self, codes: NDArray[np.intp]) -> Array:
        """For each group a column that is 1 in its rows and 0 elsewhere, shape (n_rows, n_groups)."""
        return np.asarray(np.eye(self.n_groups)[codes], dtype=np.float64)

    @property
    def length(self) -> int:
        """Tokens of a constant that differs."""
        return 4 * self.n_groups - 1


@dataclass(frozen=True, eq=False)
class ByGroup:
    """An equation over columns and groups as people write it.

    Attributes:
        form: Over the columns and then the constants that differ, from left to right, as variables.
        table: Values of these constants, shape (n_groups, n_differing).
        differs: For each constant of the equation, from left to right, whether it differs.
        layout: Of the table.
    """

    form: Expression
    table: Array
    differs: tuple[bool, ...]
    layout: Layout

    @classmethod
    def of(cls, expression: Expression, layout: Layout) -> ByGroup:
        """Reads an equation over columns and groups."""
        tokens: list[Token] = []
        rows: list[list[float]] = []
        differs: list[bool] = []
        free, position = set(expression.free_positions), 0
        while position < len(expression.tokens):
            own = layout.read(expression.tokens[position : position + layout.length])
            if own is None:
                if position in free:
                    differs.append(False)
                tokens.append(expression.tokens[position])
                position += 1
            else:
                differs.append(True)
                tokens += variable(layout.n_columns + len(rows)).tokens
                rows.append(own)
                position += layout.length
        table = np.array(rows, dtype=np.float64).reshape(len(rows), layout.n_groups).T
        return cls(Expression(tuple(tokens)), table, tuple(differs), layout)

    @property
    def expression(self) -> Expression:
        """Over columns and groups."""
        sums = {
            self.layout.n_columns + place: self.layout.sum_of(own.tolist())
            for place, own in enumerate(self.table.T)
        }
        return self.form.substitute(sums)

    @property
    def skeleton(self) -> Expression:
        """The form with a placeholder for each constant."""
        places = range(self.table.shape[1])
        own = {self.layout.n_columns + place: Expression((PLACEHOLDER,)) for place in places}
        return self.form.substitute(own).skeleton()

    @property
    def shared_places(self) -> list[int]:
        """Which constants of `expression` all groups share."""
        sizes = [self.layout.n_groups if differs else 1 for differs in self.differs]
        ends = np.cumsum([0, *sizes])
        return [int(ends[place]) for place, differs in enumerate(self.differs) if not differs]

    def of_group(self, group: int) -> Expression:
        """The equation of one group, over the columns."""
        own = enumerate(self.table[group].tolist())
        return self.form.substitute({self.layout.n_columns + place: constant(value) for place, value in own})


def of_each_group(expression: Expression, layout: Layout) -> list[Expression]:
    """An equation over columns and groups as each group has it, over the columns; itself without groups."""
    if not layout.n_groups:
        return [expression]
    found = ByGroup.of(expression, layout)
    return [found.of_group(group) for group in range(layout.n_groups)]


def with_groups(form: Expression, values: Array, differing: Sequence[int], layout: Layout) -> ByGroup:
    """A form with some of its constants by group.

    Args:
        form: Over the columns.
        values: Of all its constants in each group, shape (n_groups, K); one that does not differ has the
            value of the first.
        differing: Which differ.
        layout: Of the table.
    """
    tokens = list(form.tokens)
    differs = [False] * len(form.free_positions)
    for number, place in enumerate(sorted(differing)):
        differs[place] = True
        tokens[form.free_positions[place]] = f"{VARIABLE_PREFIX}{layout.n_columns + number}"
    for place, position in enumerate(form.free_positions):
        if not differs[place]:
            tokens[position] = float(values[0, place])
    table = values[:, sorted(differing)]
    return ByGroup(Expression(tuple(tokens)), table, tuple(differs), layout)


def by_group(found: ByGroup, loss: float, task: Task, stage: str, name: str = "") -> Candidate:
    """An equation over columns and groups as a candidate.

    It is as complex as its form, and one more for each constant that differs. Described are the form and, for
    each constant that differs, that of each further group.

    Args:
        found: The equation.
        loss: Its loss.
        task: What it explains, over columns and groups.
        stage: What found the form.
        name: What textbooks call it, if they do; it is described by its symbols all the same.
    """
    extra = found.table.size - found.table.shape[1]
    differing = range(found.layout.n_columns, found.layout.n_columns + found.table.shape[1])
    form = found.form.substitute({place: constant(math.e) for place in differing})
    bits = description_length(form, loss, task)
    n_own = n_fitted(form)
    if n_own + extra >= task.n_rows - 1:
        bits = math.inf
    else:
        bits += extra * (_BITS_OF_ANOTHER + 0.5 * math.log2(task.n_rows))
        bits += few_rows_bits(n_own + extra, task.n_rows) - few_rows_bits(n_own, task.n_rows)
    cost = task.space.complexity(form) + found.table.shape[1]
    return Candidate(found.expression, loss, bits, stage, name, cost)


def names_of_constants(found: ByGroup, taken: Sequence[str]) -> tuple[str, ...]:
    """`c0`, `c1`, ... for the constants of an equation, from left to right.

    Args:
        found: The equation.
        taken: Names of the columns, which none of them has.
    """
    names = []
    for number in range(len(found.differs)):
        name = f"c{number}"
        while name in taken:
            name += "_"
        names.append(name)
    return tuple(names)


def reported_by_group(found: ByGroup, task: Task, names: Sequence[str], groups: Sequence[str]) -> Reported:
    """Reports an equation over columns and groups.

    Args:
        found: The equation, its fitted constants the most likely ones.
        task: What it explains.
        names: Of its constants, from left to right.
        groups: Labels of the groups.
    """
    expression = found.expression
    told = [
        (name, group, differs)
        for name, differs in zip(names, found.differs, strict=True)
        for group in (groups if differs else ("",))
    ]
    values = expression.constants
    places = [
        place
        for place, ((_, _, differs), value) in enumerate(zip(told, values, strict=True))
        if differs or not is_round(value)
    ]
    fit = uncertainty(expression, task, np.array(places, dtype=np.intp))
    shown = warranted(expression, fit, task)
    if fit is None:
        return Reported(shown, None, (), None)
    own = [told[place] for place in places]
    return Reported(
        shown, fit, tuple(name for name, *_ in own), fit, groups=tuple(group for _, group, _ in own)
    )
