"""Result files: a fitted front as JSON, and predictions from one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsr.data.reading import check_present, finite_numbers
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor


@dataclass(frozen=True)
class Result:
    """What `nsr predict` needs of a result file.

    Attributes:
        target: Name of the explained column.
        columns: Names of the explaining columns in the CSV file, in order.
        features: Their names in the equations.
        equation: The chosen equation, infix.
    """

    target: str
    columns: list[str]
    features: list[str]
    equation: str


def write_result(
    path: Path, estimator: SymbolicRegressor, target: str, names: dict[str, str], seconds: float, seed: int
) -> None:
    """Writes the front as JSON; `columns` maps names in equations to those in the CSV file."""
    front = estimator.equations_
    content = {
        "target": target,
        "features": list(names.values()),
        "columns": {name: column for column, name in names.items()},
        "best": int(estimator.best_index_),
        "equations": [
            {key: row[key] for key in ("equation", "complexity", "loss", "r2")}
            for row in front.to_dict(orient="records")
        ],
        "seconds": round(seconds, 3),
        "checkpoint": estimator.checkpoint,
        "seed": seed,
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_result(path: Path) -> Result:
    """Reads a result file.

    Raises:
        ValueError: If it is missing or not one that `nsr fit --output` wrote.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}; write one with `nsr fit ... --output {path}`")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        features = [str(name) for name in content["features"]]
        columns = [str(content.get("columns", {}).get(name, name)) for name in features]
        equation = str(content["equations"][content["best"]]["equation"])
        return Result(str(content["target"]), columns, features, equation)
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        raise ValueError(f"{path} is no result of `nsr fit`; write it anew with --output") from None


def predictions(result: Result, table: pd.DataFrame) -> pd.DataFrame:
    """The equation's values for every row, as a table with one column named like the target.

    Raises:
        ValueError: If a column is missing or not numeric, or the equation cannot be read.
    """
    expression = parse(result.equation, result.features)
    for column in result.columns:
        check_present(table, column)
    X = np.column_stack([finite_numbers(table[column], column) for column in result.columns])
    return pd.DataFrame({result.target: Program([expression]).values(X)[0]})
