"""Saved fronts: all equations that NSR ends with, so that rules of choice are compared without fitting again.

A folder of fronts holds the tables beside the results. A rule sees the training rows and the equations, and
is judged by the R2 of its choice on the test rows, which is in the file, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.protocol import Split, split
from eval.records import read_results
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.problems.folder import TableProblem
from nsr.problems.metrics import accuracy
from nsr.regressor import SymbolicRegressor

TABLES = "tables"  # the folder's own folder of CSV files


@dataclass(frozen=True, order=True)
class FrontFit:
    """One search.

    Attributes:
        problem: Name of the table.
        seed: Seed of the split and of the search.
    """

    problem: str
    seed: int


@dataclass(frozen=True)
class SavedFront:
    """The front of one search.

    Attributes:
        fit: Which search.
        split: Its data: training rows, which the search has seen, and test rows.
        expressions: The equations, from simple to accurate, over the columns of X.
        table: A row for each equation: `complexity`, `loss` (on the training rows), whatever else the
            regressor's `equations_` holds, and `test_r2` (NaN where a prediction is not finite).
        best: Row that NSR chose.
    """

    fit: FrontFit
    split: Split
    expressions: tuple[Expression, ...]
    table: pd.DataFrame
    best: int


def search(fit: FrontFit, problem: TableProblem, time_limit: float) -> dict[str, Any]:
    """Searches and returns the front, ready for JSON.

    Args:
        fit: Seed of the split and of the search.
        problem: The table.
        time_limit: Seconds that the search is told.
    """
    data = split(problem, 0.0, fit.seed)
    model = SymbolicRegressor(time_limit=time_limit, random_state=fit.seed).fit(data.X_train, data.y_train)
    with np.errstate(all="ignore"):
        predicted = Program(list(model.expressions_)).values(data.X_test)
    rows = model.equations_.assign(equation=model.equations()).to_dict("records")
    for row, values in zip(rows, predicted, strict=True):
        row["test_r2"] = accuracy(data.y_test, values).r2
    return {"best": int(model.best_index_), "equations": rows}


def read_fronts(folder: Path) -> Iterator[SavedFront]:
    """The fronts that `python -m eval.blackbox fronts` has saved, with the data that they were found on.

    Raises:
        ValueError: If the folder holds none.
    """
    for row in read_results(folder).to_dict("records"):
        if row["error"] is not None:
            continue
        fit = FrontFit(row["problem"], row["seed"])
        problem = TableProblem(fit.problem, TABLES, folder / TABLES / f"{fit.problem}.csv")
        table = pd.DataFrame(row["equations"])
        expressions = tuple(parse(text) for text in table["equation"])
        yield SavedFront(fit, split(problem, 0.0, fit.seed), expressions, table, int(row["best"]))
