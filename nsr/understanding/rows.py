"""Rows of a file for a saved result that is to be explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.notes import tell
from nsr.data.table import Table, pass_over_units
from nsr.regressor import SymbolicRegressor
from nsr.results import AnyFitted


def rows_of(
    estimator: AnyFitted, table: Table, group: str | None
) -> tuple[SymbolicRegressor, pd.DataFrame, NDArray[np.float64]]:
    """What explains a table, its columns and the target; rows that miss a value are left out.

    Args:
        estimator: As it was read.
        table: With its columns and the target.
        group: Of a fit with groups, the one to look at.

    Raises:
        ValueError: If it is of systems or fields, a column is missing, no row is complete, or a group is
            asked for where there are none, or is not where there are.
    """
    if not isinstance(estimator, SymbolicRegressor):
        raise ValueError("only results of `nsr fit` are explained: this one is of systems or of fields")
    pass_over_units(table)
    category, rows = estimator.category_, np.arange(len(table))
    if category is not None:
        if group is None:
            raise ValueError(f"constants differ by group: say which with --group, of {category.shown}")
        codes = category.codes(table.labels(table.place(category.name)))
        rows = np.flatnonzero(codes == category.code(group))
        estimator = estimator.of_group(group)
    elif group is not None:
        raise ValueError("the fit had no groups: leave out --group")
    own = estimator.indicators_
    columns = estimator.names_.columns if own is None else own.columns
    may_miss = estimator.missing != "error"
    X = table.frame(table.places(list(columns)), may_miss).iloc[rows]
    y = table.numbers(table.place(estimator.data_.target.name), may_miss)[rows]
    is_whole = X.notna().all(axis=1).to_numpy() & np.isfinite(y)
    if not is_whole.any():
        raise ValueError("no row has all columns and the target: give a table with such rows")
    if not is_whole.all():
        tell(f"{int(np.sum(~is_whole))} of {len(y)} rows miss a value and are left out")
    return estimator, X[is_whole].reset_index(drop=True), y[is_whole]
