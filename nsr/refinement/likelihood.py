"""The loss as everything else asks for it, and squared error; others are in `nsr.refinement.losses`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


class Loss(Protocol):
    """A loss of predictions; nothing outside its own file assumes which one it is."""

    @property
    def name(self) -> str:
        """What users call it."""
        ...

    @property
    def is_quadratic(self) -> bool:
        """Whether least squares with the weights of `curvature` at any prediction minimises it."""
        ...

    @property
    def rounding(self) -> float:
        """Share of the null loss that rounding errors of float64 leave."""
        ...

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Loss of each prediction, shape (..., P), for a target of shape (P,).

        It is 0 where they are equal, and infinite or NaN where a prediction is impossible.
        """
        ...

    def curvature(self, predicted: Array, y: Array) -> Array:
        """Weights of squared residuals that have the loss's gradient, shape (..., P), as predictions have."""
        ...

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """The constant of least loss.

        Args:
            y: Target, shape (P,).
            weights: By how much more one row's loss matters than another's, shape (P,); None for 1.
            scale: What the constant and the target are multiplied by before they are compared, shape (P,);
                None for 1.
        """
        ...

    def possible(self, predicted: Array, y: Array) -> Array:
        """Predictions (P,) of a smooth fit, which knows nothing of the loss, moved to where it is finite."""
        ...

    def with_scale_of(self, residuals: Array) -> Loss:
        """The loss with its own scale, if it has one, read off what a fit leaves unexplained, shape (P,)."""
        ...

    def believed(self, residuals: Array) -> Array:
        """Residuals (P,) as far as they tell of the noise: gross errors, if the loss knows any, cut down."""
        ...

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Bits of the residuals of a mean loss, relative to those of the best constant."""
        ...

    def reach(self, level: float) -> float:
        """Within how many standard deviations this share of the noise lies that the loss is made for."""
        ...


def weighted(weights: Array | None, factors: Array | None) -> Array | None:
    """The product of two kinds of weights, each of which may be None for 1."""
    if weights is None or factors is None:
        return factors if weights is None else weights
    return weights * factors


class BaseLoss:
    """What most losses have in common: noise of an unknown scale, nearly normal, around any prediction."""

    is_quadratic: bool = False
    rounding: float = 1e-18

    def possible(self, predicted: Array, y: Array) -> Array:  # noqa: ARG002 (the protocol's signature)
        """All of them."""
        return predicted

    def with_scale_of(self, residuals: Array) -> Self:  # noqa: ARG002 (the protocol's signature)
        """Itself, as its scale is no part of it."""
        return self

    def believed(self, residuals: Array) -> Array:
        """All of them."""
        return residuals

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Half a bit a row for each halving of the mean loss.

        Minus the logarithm of a normal likelihood at its best scale (minimum description length; Rissanen
        1978), and of the quasi-likelihood of an exponential family (McCullagh and Nelder 1989, section 9.2).
        Counts, too, often scatter more than Poisson's law says. Residuals below the precision of the data
        count as exact: nothing is gained by fitting rounding errors.
        """
        share = max(loss / null_loss, self.rounding) if null_loss > 0 else 1.0
        return 0.5 * n_rows * math.log2(share)

    def reach(self, level: float) -> float:
        """The normal distribution's quantile."""
        return float(special.ndtri((1 + level) / 2))


@dataclass(frozen=True)
class SquaredError(BaseLoss):
    """Squared error: normal noise of one unknown scale."""

    name: str = "squared_error"
    is_quadratic: bool = True

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Squares of the residuals."""
        return np.square(predicted - y)

    def curvature(self, predicted: Array, y: Array) -> Array:  # noqa: ARG002 (the protocol's signature)
        """Ones."""
        return np.ones_like(predicted)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """The mean, where an error counts with the square of the scale."""
        return float(np.average(y, weights=weighted(weights, None if scale is None else np.square(scale))))


SQUARED_ERROR = SquaredError()
