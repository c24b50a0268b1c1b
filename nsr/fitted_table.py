"""How a fitted estimator reads tables: the columns that users have, and what equations see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, validate_data

from nsr.data.category import Category
from nsr.data.indicators import Indicators
from nsr.data.missing import Filling, tell_filled, with_gaps_filled
from nsr.data.names import Names, with_text_names
from nsr.data.nature import NamedConstant
from nsr.data.preparation import Index
from nsr.task import Task
from nsr.wide_table import WideTable

Array = NDArray[np.float64]


class FittedTable:
    """The part of `SymbolicRegressor`, which documents the attributes, that knows its columns."""

    names_: Names
    indicators_: Indicators | None
    filling_: Filling | None
    missing: str
    n_features_in_: int
    category_: Category | None
    named_constants_: tuple[NamedConstant, ...]
    _seen: Task

    def table(self, X: ArrayLike, has_groups: bool = True) -> Array:
        """Rows as equations see them: columns of text as indicators, missing values imputed where fit did so.

        Args:
            X: Variables, shape (n_rows, n_columns).
            has_groups: Whether the column of groups matters; without it that may be missing.

        Returns:
            Shape (n_rows, n_variables), a column for each of `names_`, and more for groups; NaN where
            `missing="drop"` leaves it.
        """
        check_is_fitted(self)
        codes = None
        if self.category_ is not None and has_groups:
            X, codes = self.category_.split(X)
        elif self.category_ is not None:
            X = self.category_.left_out(X, self.n_features_in_)
            codes = np.zeros(np.shape(X)[0], dtype=np.intp)
        if self.indicators_ is None:
            self.names_.check_order(X)
        table = self._numbers_of(X, self.indicators_, None)[0]
        return self._wide.filled(table if self.filling_ is None else self.filling_.filled(table), codes)

    def _checked_table(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Names]:
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
        if len(getattr(X, "columns", "some")) == 0:
            raise ValueError("the table has no columns: give at least one that can explain the target")
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

    def _units_of(
        self, X_units: Mapping[str, str] | Sequence[str] | None
    ) -> Mapping[str, str] | Sequence[str] | None:
        """Units of the columns that equations have."""
        return X_units if self.indicators_ is None else self.indicators_.units(X_units)

    def _keep_rows(self, task: Task, table: Array, rows: Index) -> None:
        """Keeps the rows that were looked at, in the user's order, with all columns."""
        order = np.argsort(rows)
        own = table[rows[order]]
        # Columns that no equation has may miss values.
        self._seen = replace(task.of_rows(order), X=Filling.of(own).filled(own), n_threads=1)

    @property
    def _wide(self) -> WideTable:
        """The table as equations see it."""
        return WideTable(len(self.names_.columns), self.named_constants_, self.category_)
