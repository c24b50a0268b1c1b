"""The equation that is looked at, with the rows that it is looked at on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from nsr.evaluate.program import values_of
from nsr.expressions.expression import Expression

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subject:
    """An equation and rows.

    Attributes:
        expression: Over the columns.
        names: Of the columns.
        X: Values of the columns, shape (P, D), finite.
        y: Observed target, shape (P,), finite.
    """

    expression: Expression
    names: tuple[str, ...]
    X: Array
    y: Array

    @classmethod
    def of(
        cls, estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, index: int | None = None
    ) -> Subject:
        """A row of an estimator's front, the chosen one by default, on the rows that have all values.

        Args:
            estimator: Fitted.
            X: Variables, shape (n_rows, n_columns), as for its `predict`.
            y: Target, shape (n_rows,).
            index: Row of `equations_`.

        Raises:
            NotFittedError: If it is not fitted.
            ValueError: If constants differ by group, X and y differ in length, or no row has all values.
        """
        check_is_fitted(estimator)
        if estimator.category_ is not None:
            raise ValueError(
                "constants differ by group: look at one, as of_group('A'), with X without its column"
            )
        expression = estimator._equation(index)
        names = estimator.names_.identifiers
        table, target = estimator.table(X)[:, : len(names)], np.asarray(y, dtype=np.float64)
        if target.shape != (len(table),):
            raise ValueError(
                f"X has {len(table)} rows, and y the shape {target.shape}: give one target a row"
            )
        used = table[:, list(expression.variables)]
        known = np.isfinite(np.column_stack((used, target, values_of(expression, table)))).all(axis=1)
        if not known.any():
            raise ValueError(
                "in no row are target, columns and the equation's value all known: give other rows"
            )
        return cls(expression, tuple(names), np.nan_to_num(table[known]), target[known])

    def values(self, X: Array) -> Array:
        """The equation's values, shape (n,), for rows of shape (n, D)."""
        return values_of(self.expression, X)

    @cached_property
    def predicted(self) -> Array:
        """The equation's values in its own rows, shape (P,)."""
        return self.values(self.X)

    @property
    def used(self) -> list[int]:
        """Columns that the equation has."""
        return list(self.expression.variables)
