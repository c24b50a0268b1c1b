"""Accuracy of a prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Float32's resolution: the criterion of numeric recovery of flash-ansr and FastSRB.
RECOVERED_FVU = 2.0**-23


@dataclass(frozen=True)
class Accuracy:
    """How well a prediction explains a target.

    Attributes:
        r2: Coefficient of determination; None where a prediction is not finite.
        fvu: Fraction of variance unexplained, 1 - r2 without its rounding; None where r2 is.
        recovered: Whether fvu is at most 2^-23.
    """

    r2: float | None
    fvu: float | None
    recovered: bool


def accuracy(y: NDArray[np.float64], predicted: NDArray[np.float64]) -> Accuracy:
    """Measures a prediction on test rows; one value that is not finite makes it a failure.

    Args:
        y: Target, shape (n_rows,), not constant.
        predicted: Prediction, shape (n_rows,).
    """
    with np.errstate(all="ignore"):
        fvu = float(np.sum((y - predicted) ** 2) / np.sum((y - np.mean(y)) ** 2))
    if not math.isfinite(fvu):
        return Accuracy(None, None, False)
    return Accuracy(1.0 - fvu, fvu, fvu <= RECOVERED_FVU)
