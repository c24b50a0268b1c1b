"""What users say of how well each row is known: weights, or errors of measurement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def row_weights(sample_weight: ArrayLike | None, y_err: ArrayLike | None, n_rows: int) -> Array | None:
    """By how much more one row matters than another.

    Args:
        sample_weight: Not negative, shape (n_rows,), or a number for all.
        y_err: Standard deviations of the target's errors, above 0, shape (n_rows,), or a number for all; they
            stand for the weights 1 / y_err^2, and `known_noise` says how large they are.
        n_rows: Number of rows.

    Returns:
        Weights with a mean of 1, shape (n_rows,); None where all are equal.

    Raises:
        ValueError: If both are given, there is not a finite number for each row, or one is out of range.
    """
    if sample_weight is None and y_err is None:
        return None
    if sample_weight is not None and y_err is not None:
        raise ValueError("give sample_weight or y_err, not both: y_err stands for the weights 1 / y_err^2")
    if y_err is not None:
        errors = _numbers("y_err", y_err, n_rows)
        check("y_err", errors, lambda row: f"y_err holds {errors[row]:g} in row {row}")
        weights = np.square(np.min(errors) / errors)
    else:
        weights = _numbers("sample_weight", sample_weight, n_rows)
        check("sample_weight", weights, lambda row: f"sample_weight holds {weights[row]:g} in row {row}")
    largest = float(np.max(weights))
    if largest == 0:
        raise ValueError("all of sample_weight are zero: give some rows a weight above 0")
    weights = weights / largest
    return None if np.ptp(weights) == 0 else weights / np.mean(weights)


def check(name: str, values: Array, said: Callable[[int], str]) -> None:
    """Refuses what is out of range.

    Args:
        name: `sample_weight` or `y_err`.
        values: Finite, shape (n_rows,).
        said: What to say of a row that holds the worst of them.

    Raises:
        ValueError: If a weight is negative, or an error of measurement not above 0.
    """
    worst = int(np.argmin(values))
    if name == "y_err" and values[worst] <= 0:
        why = "standard deviations are above 0; leave out the row, or say how well it is known"
    elif values[worst] < 0:
        why = "Negative weights are not possible; a weight of 0 leaves a row out"
    else:
        return
    raise ValueError(f"{said(worst)}: {why}")


def known_noise(y_err: ArrayLike, weights: Array | None, rows: NDArray[np.intp]) -> float:
    """Standard deviation of the error in a row of weight one.

    Args:
        y_err: Standard deviations of the target's errors, shape (n_rows,), or a number for all, as
            `row_weights` has taken them.
        weights: What it has made of them, for the rows that are used, shape (P,).
        rows: Which rows these are, shape (P,).
    """
    errors = np.asarray(y_err, dtype=np.float64)
    own = errors[rows] if errors.ndim else np.full(len(rows), errors)
    # The same in all rows but for rounding.
    return float(np.median(own if weights is None else own * np.sqrt(weights)))


def _numbers(name: str, given: ArrayLike | None, n_rows: int) -> Array:
    """Finite numbers, one a row."""
    try:
        numbers = np.array(given, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be numbers, one a row: {error}") from None
    if numbers.ndim == 0:
        numbers = np.full(n_rows, numbers)
    if numbers.shape != (n_rows,):
        raise ValueError(f"{name}.shape == {numbers.shape}, expected {(n_rows,)}: give one number a row")
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        raise ValueError(
            f"{name} holds {numbers[wrong[0]]} in row {int(wrong[0])}: leave out the row or give a finite "
            "number"
        )
    return numbers
