"""Losses: how much an error matters, how least squares minimises it, and how many bits it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Loss(Protocol):
    """A loss of predictions; nothing outside this file assumes which one it is."""

    @property
    def name(self) -> str:
        """What users call it."""
        ...

    @property
    def is_quadratic(self) -> bool:
        """Whether least squares with the weights of `curvature` at any prediction minimises it.

        Otherwise it is minimised by reweighting again and again.
        """
        ...

    @property
    def rounding(self) -> float:
        """Share of the null loss that rounding errors of float64 leave."""
        ...

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Loss of each prediction, shape (..., P), for a target of shape (P,)."""
        ...

    def curvature(self, predicted: Array, y: Array) -> Array:
        """Weights of squared residuals whose weighted least squares has the loss's gradient, shape (P,)."""
        ...

    def level(self, y: Array, weights: Array | None) -> float:
        """The constant of least loss, with these weights of the rows, shape (P,)."""
        ...

    def divided(self, weights: Array, factor: Array) -> Array:
        """The weights of the rows, shape (P,), once the target has been divided by a factor, shape (P,)."""
        ...

    def scaled(self, factor: float) -> Loss:
        """The loss of predictions and targets that have been divided by a positive factor."""
        ...

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Bits of the residuals of a mean loss, relative to those of the best constant."""
        ...


@dataclass(frozen=True)
class SquaredError:
    """Squared error: normal noise of one unknown scale."""

    name: str = "squared_error"
    is_quadratic: bool = True
    rounding: float = 1e-18

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Squares of the residuals."""
        return np.square(predicted - y)

    def curvature(self, predicted: Array, y: Array) -> Array:  # noqa: ARG002 (the protocol's signature)
        """Ones."""
        return np.ones_like(y)

    def level(self, y: Array, weights: Array | None) -> float:
        """The mean."""
        return float(np.average(y, weights=weights))

    def divided(self, weights: Array, factor: Array) -> Array:
        """An error of the quotient counts with the square of the factor."""
        return weights * np.square(factor)

    def scaled(self, factor: float) -> SquaredError:  # noqa: ARG002 (the protocol's signature)
        """The same: it has no scale of its own."""
        return self

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Half a bit a row for each halving of the variance (minimum description length; Rissanen 1978).

        Residuals below the precision of the data count as exact: nothing is gained by fitting rounding
        errors.
        """
        share = max(loss / null_loss, self.rounding) if null_loss > 0 else 1.0
        return 0.5 * n_rows * math.log2(share)


SQUARED_ERROR = SquaredError()
