"""The table as equations see it: the user's columns, then named constants, then a column for each group.

Named constants and groups are columns of their own so that nothing that fits or evaluates equations needs to
know of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsr.data.category import Category
from nsr.data.nature import NamedConstant
from nsr.expressions.expression import Expression, constant, variable
from nsr.expressions.space import SearchSpace
from nsr.expressions.template import Template
from nsr.refinement.groups import ByGroup, Layout, of_each_group

if TYPE_CHECKING:
    from nsr.refinement.candidates import Candidate
    from nsr.refinement.choice import Front
    from nsr.task import Task

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class WideTable:
    """Which columns there are.

    Attributes:
        n_columns: The user's, without the one that tells groups.
        constants: Named constants.
        category: What tells groups; None where there are none.
    """

    n_columns: int
    constants: tuple[NamedConstant, ...] = ()
    category: Category | None = None

    @property
    def n_groups(self) -> int:
        """Groups; 0 where there are none."""
        return 0 if self.category is None else len(self.category.groups)

    @property
    def n_variables(self) -> int:
        """Columns in all."""
        return self.n_columns + len(self.constants) + self.n_groups

    @property
    def layout(self) -> Layout | None:
        """Where groups are; None where there are none."""
        return Layout(self.n_columns + len(self.constants), self.n_groups) if self.n_groups else None

    @property
    def names(self) -> list[str]:
        """What equations call the constants."""
        return [one.identifier for one in self.constants]

    @property
    def numbers(self) -> dict[int, Expression]:
        """The numbers that constants are, by their columns."""
        return {self.n_columns + place: constant(one.value) for place, one in enumerate(self.constants)}

    def filled(self, table: Array, codes: Index | None) -> Array:
        """A table with all columns.

        Args:
            table: The user's, shape (P, n_columns).
            codes: Group of each row; None where there are none.
        """
        parts = [table, self.filled_constants(len(table))]
        if codes is not None and self.layout is not None:
            parts.append(self.layout.columns(codes))
        return np.hstack(parts)

    def filled_constants(self, n_rows: int) -> Array:
        """The columns of constants, shape (n_rows, n_constants)."""
        return np.tile([one.value for one in self.constants], (n_rows, 1)).reshape(n_rows, -1)

    def places(self, columns: Sequence[int] | Index) -> Index:
        """Columns here of a table that has only some of the user's columns, and all others."""
        return np.concatenate((columns, np.arange(self.n_columns, self.n_variables))).astype(np.intp)

    @staticmethod
    def places_of(constants: Sequence[NamedConstant], n_used: int) -> dict[str, int]:
        """Columns of constants that come after this many, by name."""
        return {one.name: n_used + place for place, one in enumerate(constants)}

    def with_constants(self, expression: Expression, n_used: int) -> Expression:
        """An equation over columns and groups as one of a table that has constants between these.

        Args:
            expression: Over `n_used` columns and then the groups.
            n_used: Columns that are used.
        """
        moved = {n_used + k: variable(n_used + len(self.constants) + k) for k in range(self.n_groups)}
        return expression.substitute(moved)


def with_named_constants(
    front: Front,
    found: Sequence[Candidate],
    task: Task,
    wide: WideTable,
    n_used: int,
    template: Template | None = None,
) -> tuple[Front, list[Candidate], Task]:
    """A front in which numbers go by the names of constants where that is what they are.

    Args:
        front: Over the columns that are used, the constants where the search has seen them, and the groups.
        found: Other candidates, over the same.
        task: What they explain.
        wide: All columns.
        n_used: The user's columns that are used.
        template: Which all equations are of, over the same columns, where there is one.

    Returns:
        The front, the other candidates and the task, over columns, constants and groups.
    """
    if not wide.constants:
        return front, list(found), task
    from nsr.evaluate.shape_checks import surely_allowed
    from nsr.refinement.nature import with_names

    rows, others = front.candidates, list(found)
    n_known = len(wide.constants)
    has_seen_them = task.n_variables >= n_used + n_known + wide.n_groups
    if not has_seen_them:
        X = np.hstack((task.X[:, :n_used], wide.filled_constants(task.n_rows), task.X[:, n_used:]))
        task = replace(task, X=X, space=_with_range_of(task.space, wide))
        rows, others = (
            [replace(one, expression=wide.with_constants(one.expression, n_used)) for one in some]
            for some in (rows, others)
        )
    columns = range(n_used, n_used + n_known)
    if template is not None:
        own = wide.places_of(wide.constants, n_used)
        rows = [replace(row, expression=template.with_names(row.expression, own)) for row in rows]
    layout = Layout(n_used + n_known, wide.n_groups)
    named = [
        with_names(
            row, task, columns, ByGroup.of(row.expression, layout).shared_places if wide.n_groups else None
        )
        for row in rows
    ]
    # A name stands for a number, and is no longer than that; one that has a unit stands for none without.
    units = task.space.units if has_seen_them else None
    if task.space.is_limited or units is not None:
        space = replace(task.space, max_complexity=None, units=units)
        checks = [surely_allowed(of_each_group(row.expression, layout), space) for row in named]
        named = [new if np.all(own) else row for row, new, own in zip(rows, named, checks, strict=True)]
    return replace(front, candidates=named), others, task


def _with_range_of(space: SearchSpace, wide: WideTable) -> SearchSpace:
    """A space whose shape holds at the values of the constants, which come after all other columns."""
    if space.shape is None:
        return space
    return replace(space, shape=space.shape.with_numbers([one.value for one in wide.constants]))
