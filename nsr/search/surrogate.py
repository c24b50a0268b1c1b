"""A smooth stand-in for the unknown function, with gradients, which show symmetries that data alone do not.

There are two kinds: polynomials (`nsr.search.polynomials`), and sums of a few products of functions of one
variable each (`nsr.search.low_rank`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.search.response import Output

Array = NDArray[np.float64]

# The error from which on more rows are worth their time: noise averages out.
ROUGH = 1e-3


@dataclass(frozen=True)
class Surrogate(ABC):
    """A fitted function of variables or their logarithms.

    Attributes:
        log_inputs: Whether it takes the logarithm of each variable's size, shape (D,).
        output: What it gives.
        low: Smallest input after logarithms, shape (D,).
        high: Largest input after logarithms, shape (D,).
        error: Weighted root mean square error of the target on held-out rows over its spread.
        error_of_constant: The same for the best constant.
        gain: By which factor the last step of what was tried, of degrees or of ranks, lowered the error,
            where a further one may lower it more; 1 where it cannot, because noise is what is left.
    """

    log_inputs: NDArray[np.bool_]
    output: Output
    low: Array
    high: Array
    error: float
    error_of_constant: float
    gain: float

    @property
    @abstractmethod
    def n_terms(self) -> int:
        """Terms that a value is a sum of."""

    @abstractmethod
    def of_unit(self, U: Array) -> Array:
        """What it gives, shape (P,), for inputs of shape (P, D) that are within -1 and 1."""

    @abstractmethod
    def slopes_of_unit(self, U: Array) -> Array:
        """Derivatives of the same by each input, shape (P, D)."""

    @abstractmethod
    def table(self, rows: Array, references: Array, own: Sequence[int]) -> Array:
        """What it gives at each row's own variables and each reference's others.

        Args:
            rows: Shape (P, D).
            references: Shape (R, D).
            own: Variables of which the rows lend their values.

        Returns:
            Shape (P, R).
        """

    def growth(self, least: float, most: float) -> float:
        """By which factor, within bounds, an error may be larger for what a higher degree would be worth."""
        return float(np.clip(self.gain, least, most))

    def outputs(self, X: Array) -> Array:
        """What it gives, shape (P,), for points of shape (P, D)."""
        return self.of_unit(self.unit(X))

    def targets(self, X: Array, y: Array) -> Array:
        """The target without its noise, shape (P,); y lends it the sign where that is not known."""
        return self.output.undone(self.outputs(X), y)

    def smoothed(self, X: Array, y: Array) -> Array:
        """As `targets`, with points beyond those of the fit moved to the border, where it is no worse."""
        return self.output.undone(self.of_unit(np.clip(self.unit(X), -1, 1)), y)

    def gradients(self, X: Array, y: Array) -> Array:
        """Derivatives of the target by each variable, shape (P, D), at points X with target y."""
        result = self.slopes_of_unit(self.unit(X)) * 2 / (self.high - self.low)
        result /= np.where(self.log_inputs, X, 1.0)
        return result * self.output.slope(self.targets(X, y))[:, None]

    def unit(self, X: Array) -> Array:
        """Inputs within -1 and 1, where points are within those of the fit."""
        return within_unit(inputs_of(X, self.log_inputs), self.low, self.high)


def inputs_of(X: Array, log_inputs: NDArray[np.bool_]) -> Array:
    """Variables, shape (P, D), or the logarithms of their sizes."""
    return np.where(log_inputs, np.log(np.where(log_inputs, np.abs(X), 1.0)), X)


def limits(inputs: Array) -> tuple[Array, Array]:
    """The smallest and the largest value of each input, shape (P, D), apart also where it does not vary."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    return low, np.where(high > low, high, low + np.maximum(np.abs(low), 1.0))  # as constants of nature


def within_unit(inputs: Array, low: Array, high: Array) -> Array:
    """Inputs, shape (P, D), within -1 and 1, where they are within limits of shape (D,)."""
    return np.asarray(2 * (inputs - low) / (high - low) - 1)


def chebyshev(U: Array, degree: int) -> Array:
    """Chebyshev polynomials of variables, shape (P, D), up to a degree: shape (D, degree + 1, P)."""
    values = np.ones((U.shape[1], degree + 1, len(U)))
    if degree:
        values[:, 1] = U.T
    for n in range(2, degree + 1):
        values[:, n] = 2 * values[:, 1] * values[:, n - 1] - values[:, n - 2]
    return values


def chebyshev_slopes(U: Array, degree: int) -> Array:
    """Derivatives of the same, n times the polynomials of the second kind before them."""
    second = np.zeros((U.shape[1], degree + 2, len(U)))  # from degree -1 on
    second[:, 1] = 1.0
    for n in range(2, degree + 2):
        second[:, n] = 2 * U.T * second[:, n - 1] - second[:, n - 2]
    return second[:, : degree + 1] * np.arange(degree + 1)[:, None]
