"""A table in the user's own order, and the equation that was chosen for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program, values_of
from nsr.expressions.expression import Expression
from nsr.refinement.uncertainty import fitted_places
from nsr.task import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What the checks of a report look at.

    Attributes:
        task: The rows that the search has seen, in the user's order, with all of the user's columns.
        expression: The chosen equation, over these columns, and those of groups where there are any.
        names: What the columns are called.
        seed: Of what the checks draw.
    """

    task: Task
    expression: Expression
    names: Sequence[str]
    seed: int

    @cached_property
    def predicted(self) -> Array:
        """The equation's values, shape (P,)."""
        return values_of(self.expression, self.task.X)

    @cached_property
    def loss(self) -> float:
        """Mean loss."""
        return float(self.task.mean_loss(self.predicted[None])[0])

    @cached_property
    def residuals(self) -> Array:
        """What the equation leaves, each divided by how far off its row may be, shape (P,)."""
        return self.task.residuals(self.predicted)

    @cached_property
    def slopes(self) -> Array:
        """Derivatives of the equation by its constants, divided like the residuals, shape (P, K)."""
        _, derivatives = Program([self.expression]).jacobian(self.task.X)
        return np.asarray(
            derivatives[0].T * np.sqrt(self.task.curvature(self.predicted))[:, None], dtype=np.float64
        )

    @cached_property
    def n_spare(self) -> int:
        """Degrees of freedom of the residuals: rows beyond the fitted constants, at least one."""
        return max(1, self.task.n_rows - max(1, len(fitted_places(self.expression, self.task))))

    @cached_property
    def noise(self) -> float:
        """Standard deviation of residuals, in units of the target where no row counts more than others."""
        return float(np.sqrt(np.sum(self.residuals**2) / self.n_spare))

    @cached_property
    def is_exact(self) -> bool:
        """Whether nothing but rounding errors is left to look at."""
        return self.task.is_exact(self.loss)

    @cached_property
    def varying(self) -> list[int]:
        """Columns that vary."""
        return [
            int(place) for place in np.flatnonzero(np.ptp(self.task.X, axis=0) > 0) if place < self.n_columns
        ]

    @property
    def n_columns(self) -> int:
        """Columns that have names; those of groups, which come after them, have none."""
        return len(self.names)

    @cached_property
    def used(self) -> list[int]:
        """Columns of the equation."""
        return [place for place in self.expression.variables if place < self.n_columns]

    @property
    def rng(self) -> np.random.Generator:
        """A new generator for each check, so that none depends on which others there are."""
        return np.random.default_rng(self.seed)
