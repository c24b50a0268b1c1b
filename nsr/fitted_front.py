"""What a fitted estimator answers: predictions, and its front in other forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from nsr.data.guesses import Guess
from nsr.data.names import Names, with_text_names
from nsr.evaluate.program import Program
from nsr.export.latex import to_latex
from nsr.expressions.expression import Expression, variable
from nsr.expressions.printing import to_infix
from nsr.expressions.sympy_form import to_sympy
from nsr.refinement.candidates import Candidate
from nsr.refinement.front import front_table
from nsr.refinement.reported import Reported, check_asked, constants_table, reported
from nsr.task import Task

if TYPE_CHECKING:
    import sympy

Array = NDArray[np.float64]


class FittedFront:
    """The fitted half of `SymbolicRegressor`, which documents the attributes."""

    names_: Names
    expressions_: list[Expression]
    reports_: list[Reported]
    constants_: pd.DataFrame
    equations_: pd.DataFrame
    best_index_: int

    @overload
    def predict(
        self,
        X: ArrayLike,
        index: int | None = None,
        return_std: Literal[False] = False,
        interval: None = None,
    ) -> Array: ...

    @overload
    def predict(
        self, X: ArrayLike, index: int | None = None, return_std: bool = ..., interval: float | None = ...
    ) -> Array | tuple[Array, Array]: ...

    def predict(
        self,
        X: ArrayLike,
        index: int | None = None,
        return_std: bool = False,
        interval: float | None = None,
    ) -> Array | tuple[Array, Array]:
        """Values of an equation of the front; of the chosen one by default.

        Args:
            X: Variables, shape (n_rows, n_columns).
            index: Row of `equations_`.
            return_std: Whether to return standard deviations, too: those of new observations, noise included,
                as scikit-learn's `GaussianProcessRegressor` does. A new observation is as precise as the
                median row of the fit: with `y_err` its error is their median, with `sample_weight` that of a
                row of median weight, and with losses of counts or of relative errors it grows with the
                value. For the error of the equation's value alone see `reports_[index].fit.of_mean`.
            interval: Probability, such as 0.95, with which such observations lie between bounds to return;
                the tails are those of the noise that the loss is made for.

        Returns:
            Predictions, shape (n_rows,); NaN where the equation has no value. With `return_std` also standard
            deviations, shape (n_rows,); with `interval` bounds, shape (n_rows, 2). These take the form of the
            equation for granted; they are infinite where a prediction depends on what the data leave open.

        Raises:
            ValueError: If both are asked for, or the probability is not between 0 and 1.
        """
        check_is_fitted(self)
        check_asked(return_std, interval)
        self.names_.check_order(X)
        table = validate_data(self, with_text_names(X), dtype=np.float64, reset=False)
        place = self.best_index_ if index is None else index
        expression = self.expressions_[place]
        values = np.asarray(Program([expression]).values(table)[0], dtype=np.float64)
        if interval is not None:
            return values, self.reports_[place].interval_of(expression, table, values, interval)
        return (values, self.reports_[place].std_of(expression, table)) if return_std else values

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """An equation of the front as a SymPy expression; the chosen one by default."""
        return to_sympy(self._expression(index), self.names_.identifiers)

    def latex(self, index: int | None = None) -> str:
        """An equation of the front as LaTeX; the chosen one by default."""
        return to_latex(self._expression(index), self.names_.identifiers)

    def equations(self, digits: int | Literal["warranted"] | None = None) -> list[str]:
        """The front as infix text.

        Args:
            digits: Of constants: this many; those that their errors warrant; or all by default.
        """
        check_is_fitted(self)
        if digits == "warranted":
            return [to_infix(one.shown, self.names_.identifiers) for one in self.reports_]
        return [to_infix(expression, self.names_.identifiers, digits) for expression in self.expressions_]

    def _keep_front(
        self, front: list[Candidate], task: Task, columns: NDArray[np.intp], guesses: Sequence[Guess]
    ) -> None:
        back = {used: variable(int(column)) for used, column in enumerate(columns)}
        self.expressions_ = [candidate.expression.substitute(back) for candidate in front]
        self.reports_ = [reported(candidate.expression, task, guesses).over(back) for candidate in front]
        self.constants_ = constants_table(self.reports_)
        self.equations_ = front_table(front, task)
        self.equations_["equation"] = self.equations()

    def _expression(self, index: int | None) -> Expression:
        check_is_fitted(self)
        return self.expressions_[self.best_index_ if index is None else index]
