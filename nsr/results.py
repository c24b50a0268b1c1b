"""Result files: a fitted front as JSON, and predictions from one."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsr.data.decoding import described, read_bytes
from nsr.data.notes import tell
from nsr.data.table import Table, pass_over_units
from nsr.data.writing import write_whole
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor
    from nsr.report.report import Report


@dataclass(frozen=True)
class Result:
    """What `nsr predict` needs of a result file.

    Attributes:
        target: Name of the explained column.
        columns: The explaining columns as the user names them, in order.
        expression: The chosen equation, of variables in that order.
        warnings: What the user was warned of when it was fitted.
    """

    target: str
    columns: tuple[str, ...]
    expression: Expression
    warnings: tuple[str, ...] = ()


def write_result(
    path: Path,
    estimator: SymbolicRegressor,
    target: str,
    seconds: float,
    seed: int,
    notes: Sequence[str] = (),
    report: Report | None = None,
) -> None:
    """Writes the front as JSON, with the columns under their own names and as equations call them.

    Args:
        path: What to write.
        estimator: Fitted.
        target: Name of the explained column.
        seconds: How long it took.
        seed: Of the search.
        notes: What the fit warned of.
        report: On the chosen equation, if one was asked for.
    """
    names = estimator.names_
    front = estimator.equations_
    content: dict[str, Any] = {
        "target": target,
        "features": list(names.identifiers),
        "columns": dict(zip(names.identifiers, names.columns, strict=True)),
        "best": int(estimator.best_index_),
        "equations": [
            {key: row[key] for key in ("equation", "complexity", "loss", "r2", "warning")}
            | {"constants": _constants(estimator, place)}
            for place, row in enumerate(front.to_dict(orient="records"))
        ],
        "ended": estimator.ended_,
        "warnings": [*notes, *_of_equation(str(estimator.best_["warning"]))],
        "seconds": round(seconds, 3),
        "checkpoint": estimator.checkpoint,
        "loss": estimator.loss_,
        "seed": seed,
    }
    if report is not None:
        content["report"] = report.to_dict()
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _of_equation(warning: str) -> list[str]:
    """What there is to say of an equation that has no value somewhere in the box of its data."""
    return [f"the chosen equation has no value everywhere between the rows ({warning})"] if warning else []


def _constants(estimator: SymbolicRegressor, place: int) -> list[dict[str, Any]]:
    """The constants of an equation with errors and intervals; null for what is unknown."""
    table = estimator.constants_
    rows = table[table["equation"] == place].drop(columns="equation").to_dict(orient="records")
    return [
        {
            str(key): cell if isinstance(cell, str) or math.isfinite(cell) else None
            for key, cell in row.items()
        }
        for row in rows
    ]


def read_result(path: Path) -> Result:
    """Reads a result file.

    Raises:
        ValueError: If it is missing or not one that `nsr fit --output` wrote.
    """
    stored = read_bytes(path)
    try:
        content: dict[str, Any] = json.loads(stored)
        features = [str(name) for name in content["features"]]
        columns = tuple(str(content["columns"][name]) for name in features)
        equation = str(content["equations"][content["best"]]["equation"])
        target = str(content["target"])
        notes = content.get("warnings", [])
        if not isinstance(notes, list):
            raise TypeError
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise ValueError(
            f"{described(path)} is not a result of `nsr fit`; write it anew with --output"
        ) from None
    return Result(target, columns, parse(equation, features), tuple(map(str, notes)))


def predictions(result: Result, table: Table) -> pd.DataFrame:
    """The equation's values for every row, as a table with one column named like the target.

    Raises:
        ValueError: If a column that the equation uses is missing or not numeric.
    """
    pass_over_units(table)
    for warning in result.warnings:
        tell(f"when the equation was fitted: {warning}")
    # Of columns with one name all are looked up, as their order tells them apart.
    needed = [
        place
        for place, name in enumerate(result.columns)
        if place in result.expression.variables or result.columns.count(name) > 1
    ]
    X = np.zeros((len(table), len(result.columns)))
    if needed:
        X[:, needed] = table.matrix(table.places([result.columns[place] for place in needed]))
    values = Program([result.expression]).values(X)[0]
    undefined = np.flatnonzero(~np.isfinite(values))
    if len(undefined):
        tell(
            f"the equation has no value in {len(undefined)} of {len(values)} rows, the first in line "
            f"{table.lines[undefined[0]]}: they are left empty"
        )
    return pd.DataFrame({result.target: np.where(np.isfinite(values), values, np.nan)})
