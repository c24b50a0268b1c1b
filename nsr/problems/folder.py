"""A user's own suite: a folder of CSV files, one problem each, whose last column is the target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsr.data.reading import read_table
from nsr.data.table import pass_over_units


@dataclass(frozen=True)
class TableProblem:
    """A regression problem that is a table; its equation is unknown.

    Attributes:
        name: The file's name without its suffix.
        suite: The folder.
        path: The CSV file.
    """

    name: str
    suite: str
    path: Path


def load_folder(folder: Path) -> list[TableProblem]:
    """One problem for each CSV file of a folder.

    Raises:
        ValueError: If there is none.
    """
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise ValueError(f"{folder} holds no CSV files; give a folder with one file for each problem")
    return [TableProblem(path.stem, str(folder), path) for path in paths]


def read_problem(problem: TableProblem) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X, shape (n_rows, n_columns - 1), and y, the last column.

    Raises:
        ValueError: If the file is not a table of finite numbers.
    """
    table = read_table(problem.path)
    pass_over_units(table)
    *places, target = range(len(table.names))
    return table.matrix(places), table.numbers(target)
