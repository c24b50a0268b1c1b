"""What a fitted estimator answers: predictions, and its front in other forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, validate_data

from nsr.data.guesses import Guess
from nsr.data.indicators import Indicators
from nsr.data.missing import Filling, tell_filled, with_gaps_filled
from nsr.data.names import Names, places_of, with_text_names
from nsr.data.summary import DataSummary
from nsr.evaluate.program import Program
from nsr.export.rows import ExportedRows
from nsr.expressions.expression import Expression, variable
from nsr.expressions.printing import to_infix
from nsr.refinement.candidates import Candidate
from nsr.refinement.front import front_table
from nsr.refinement.reported import Reported, check_asked, constants_table, reported
from nsr.saving.rows import place_of_row
from nsr.task import Task

Array = NDArray[np.float64]

# Equations, beside the front, that another fit begins with.
_MOST_STARTS = 100


class FittedFront(ExportedRows):
    """The fitted half of `SymbolicRegressor`, which documents the attributes."""

    expressions_: list[Expression]
    reports_: list[Reported]
    constants_: pd.DataFrame
    data_: DataSummary
    _found: list[Candidate]
    _columns: NDArray[np.intp]
    warnings_: list[str]
    indicators_: Indicators | None
    filling_: Filling | None
    missing: str

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
            Predictions, shape (n_rows,); NaN where the equation has no value, or needs one that is
            missing where `missing="drop"`. With `return_std` also standard
            deviations, shape (n_rows,); with `interval` bounds, shape (n_rows, 2). These take the form of the
            equation for granted; they are infinite where a prediction depends on what the data leave open.

        Raises:
            ValueError: If both are asked for, the probability is not between 0 and 1, or a column of text has
                a value that it did not have in the fit.
        """
        check_is_fitted(self)
        check_asked(return_std, interval)
        return self.predicted(self.table(X), self.row(index), return_std, interval)

    def table(self, X: ArrayLike) -> Array:
        """Rows as equations see them: columns of text as indicators, missing values imputed where fit did so.

        Args:
            X: Variables, shape (n_rows, n_columns).

        Returns:
            Shape (n_rows, n_variables), a column for each of `names_`; NaN where `missing="drop"` leaves it.
        """
        check_is_fitted(self)
        if self.indicators_ is None:
            self.names_.check_order(X)
        table = self._numbers_of(X, self.indicators_, None)[0]
        return table if self.filling_ is None else self.filling_.filled(table)

    def predicted(
        self, table: Array, place: int, return_std: bool = False, interval: float | None = None
    ) -> Array | tuple[Array, Array]:
        """What `predict` says of rows as equations see them, shape (n_rows, n_variables)."""
        expression, said = self.expressions_[place], self.reports_[place]
        values = np.asarray(Program([expression]).values(table)[0], dtype=np.float64)
        is_unknown = np.isnan(table[:, list(expression.variables)]).any(axis=1)
        values[is_unknown] = np.nan  # also where a switch passes over what is missing
        if interval is None and not return_std:
            return values
        if interval is None:
            other = said.std_of(expression, table)
        else:
            other = said.interval_of(expression, table, values, interval)
        other[is_unknown] = np.nan
        return values, other

    def _read(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Names]:
        """A table and its target as numbers, and the names of its columns, as a fit begins with them.

        Missing values are imputed where the user says so, and else NaN.
        """
        self.indicators_, self.filling_ = Indicators.of(X), None
        is_without = None
        if self.missing != "error":
            y, is_without = with_gaps_filled(y)
        table, target = self._numbers_of(X, self.indicators_, y, is_fit=True)
        if is_without is not None:
            target[is_without] = np.nan
        names = Names.of_table(X if hasattr(X, "columns") else table)
        if self.indicators_ is not None:
            self.indicators_.tell_made()
            names = Names.of(self.indicators_.names)
        if self.missing == "impute":
            self.filling_ = Filling.of(table)
            tell_filled(table, names.columns)
            table = self.filling_.filled(table)
        return table, target, names

    def _numbers_of(
        self, X: ArrayLike, indicators: Indicators | None, y: ArrayLike | None, is_fit: bool = False
    ) -> tuple[Array, Array]:
        """A table, and its target, which only a fit has, as scikit-learn checks them."""
        own = with_text_names(X)
        checks: dict[str, Any] = {"dtype": np.float64}
        checks["ensure_all_finite"] = True if self.missing == "error" else "allow-nan"
        try:
            if indicators is not None:
                validate_data(self, own, reset=is_fit, skip_check_array=True)
                encoded = with_text_names(indicators.encoded(pd.DataFrame(own)))
                if not is_fit:
                    return check_array(encoded, **checks), np.empty(0)
                table, target = check_X_y(encoded, y, y_numeric=True, **checks)
            elif not is_fit:
                return validate_data(self, own, reset=False, **checks), np.empty(0)
            else:
                table, target = validate_data(self, own, y, y_numeric=True, **checks)
        except ValueError as error:
            if self.missing != "error" or "contains NaN" not in str(error):
                raise
            what = str(error).splitlines()[0]
            raise ValueError(
                f"{what} missing='drop' leaves such rows out, missing='impute' fills them"
            ) from None
        return table, np.array(target, dtype=np.float64)

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

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

    def row(self, index: int | None = None) -> int:
        """The number of a row of `equations_`, from 0: the chosen one by default; negative ones from the end.

        Raises:
            ValueError: If there is no such row.
        """
        check_is_fitted(self)
        return place_of_row(index, self.best_index_, len(self.expressions_))

    @property
    def candidates_(self) -> pd.DataFrame:
        """The best few hundred equations that the search has found, not the front alone, the best first.

        Columns are `equation`, `complexity`, `loss`, `bits` (those that describing the target takes more than
        without an equation; the fewer the better), `stage` and `name`. They are as they were before the
        choice: the front of `equations_` may have plainer forms of them.

        Raises:
            AttributeError: If the estimator was read from a file, which holds the front only.
        """
        check_is_fitted(self)
        if not hasattr(self, "_found"):
            raise AttributeError("result files hold the front only: fit again to have all candidates")
        back, names = self._back, self.names_.identifiers
        found = sorted(dict.fromkeys(self._found), key=lambda candidate: candidate.bits)
        expressions = [candidate.expression.substitute(back) for candidate in found]
        return pd.DataFrame(
            {
                "equation": [to_infix(expression, names) for expression in expressions],
                "complexity": [candidate.complexity for candidate in found],
                "loss": [candidate.loss for candidate in found],
                "bits": [candidate.bits for candidate in found],
                "stage": [candidate.stage for candidate in found],
                "name": [candidate.name for candidate in found],
            }
        )

    @property
    def _back(self) -> dict[int, Expression]:
        """The table's columns for those that the search has used."""
        return {used: variable(int(column)) for used, column in enumerate(self._columns)}

    def _starts(self, names: Names, columns: NDArray[np.intp]) -> list[Expression]:
        """What was found, for another fit to begin with.

        Args:
            names: Of the columns of that fit.
            columns: Those that it uses, which the equations are over; others have no place there.

        Raises:
            ValueError: If it has not the columns of this one.
        """
        moved = places_of(self.names_, names)
        best = sorted(getattr(self, "_found", []), key=lambda candidate: candidate.bits)[:_MOST_STARTS]
        own = [*self.expressions_, *(candidate.expression.substitute(self._back) for candidate in best)]
        used = {int(column): place for place, column in enumerate(columns)}
        places = {old: variable(used[new]) for old, new in moved.items() if new in used}
        usable = [expression for expression in own if set(expression.variables) <= places.keys()]
        return list(dict.fromkeys(expression.substitute(places) for expression in usable))

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        place = self.row(index)
        return [("", self.reports_[place].shown if is_shown else self.expressions_[place])]
