"""Checks before a kernel runs, because kernels read past the end of an array without a word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def require_variables(n_used: NDArray[np.int64], n_given: int) -> None:
    """Makes sure that every variable has a column.

    Args:
        n_used: One more than the highest variable of each expression (`nsr.evaluate.tape.Tape.n_variables`).
        n_given: Number of columns.

    Raises:
        ValueError: If a column is missing.
    """
    most = int(n_used.max(initial=0))
    if most > n_given:
        raise ValueError(f"x_{most - 1} is missing: there are {n_given} variables, and {most} are used")


def require_index(index: NDArray[np.int64], n: int) -> None:
    """Makes sure that an index is one of n things for each row, shape (R,).

    Raises:
        ValueError: If it is not.
    """
    if index.ndim != 1 or (len(index) and not (index.min() >= 0 and index.max() < n)):
        raise ValueError(f"index must be one-dimensional, of whole numbers from 0 to below {n}")


def require_shape(name: str, values: Any, n_rows: int, n_columns: int) -> None:
    """Makes sure that an array or tensor has this many rows and at least this many columns.

    Raises:
        ValueError: If it has not.
    """
    if values.ndim != 2 or len(values) != n_rows or values.shape[1] < n_columns:
        raise ValueError(
            f"{name} must have {n_rows} rows of at least {n_columns}, not the shape {tuple(values.shape)}"
        )
