"""Brings data into the range the network knows, and carries expressions back to the user's units.

Variables keep their values unless their magnitude is out of the ordinary: dividing by a power of ten
keeps a product a product, and leaving values alone keeps `x_0 - x_1` free of constants. The target
is divided by its root mean square, so the network writes equations up to their scale; undoing the
scaling multiplies by that scale, a constant that refinement then solves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.expressions.expression import Expression, apply, constant, variable

COMFORTABLE_RMS = (1e-2, 1e2)


@dataclass(frozen=True)
class Scaler:
    """Scales of one data set.

    Attributes:
        x_scale: Divisor of each variable, shape (n_variables,): a power of ten, mostly 1.
        y_scale: Divisor of the target: its root mean square.
    """

    x_scale: NDArray[np.float64]
    y_scale: float

    @classmethod
    def none(cls, n_variables: int) -> Scaler:
        """What leaves all values as they are."""
        return cls(np.ones(n_variables), 1.0)

    @classmethod
    def fit(cls, X: ArrayLike, y: ArrayLike) -> Scaler:
        """Reads the scales off data.

        Args:
            X: Variables, shape (n_points, n_variables), finite.
            y: Target, shape (n_points,), finite.
        """
        columns = np.asarray(X, dtype=np.float64).T
        x_scale = np.array([_power_of_ten(root_mean_square(column)) for column in columns])
        return cls(x_scale, root_mean_square(np.asarray(y, dtype=np.float64)) or 1.0)

    @classmethod
    def gentle(cls, X: ArrayLike, y: ArrayLike) -> Scaler:
        """As `fit`, but the target keeps its values too unless they are out of the ordinary.

        What a search finds about the exponential or the sine of the target holds for its own values only.
        """
        values = np.asarray(y, dtype=np.float64)
        return cls(cls.fit(X, values).x_scale, _power_of_ten(root_mean_square(values)))

    def alike(self, pairs: Iterable[tuple[int, int]]) -> Scaler:
        """With one scale for the variables of each pair, the smaller one."""
        x_scale = self.x_scale.copy()
        for first, second in pairs:
            x_scale[[first, second]] = min(x_scale[first], x_scale[second])
        return replace(self, x_scale=x_scale)

    def transform(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scaled copies of X and y in the network's precision."""
        scaled_x = np.asarray(X, dtype=np.float64) / self.x_scale
        scaled_y = np.asarray(y, dtype=np.float64) / self.y_scale
        return scaled_x.astype(np.float32), scaled_y.astype(np.float32)

    def undo(self, expression: Expression) -> Expression:
        """The expression of the original variables whose value is the original target."""
        own = self.undo_variables(expression)
        return own if self.y_scale == 1 else apply("mul", constant(self.y_scale), own)

    def undo_variables(self, expression: Expression) -> Expression:
        """The expression of the original variables with the value of the scaled target."""
        return expression.substitute(self._multiples(1.0 / self.x_scale))

    def scaled(self, expression: Expression) -> Expression:
        """An expression of the original variables as one of the scaled variables, of the same value."""
        return expression.substitute(self._multiples(self.x_scale))

    @staticmethod
    def _multiples(factors: NDArray[np.float64]) -> dict[int, Expression]:
        """Each variable times its factor, where that is not 1."""
        return {
            index: apply("mul", constant(float(factor)), variable(index))
            for index, factor in enumerate(factors)
            if factor != 1.0
        }


def root_mean_square(values: NDArray[np.float64]) -> float:
    """Root mean square that neither overflows nor underflows for any finite float64."""
    peak = float(np.max(np.abs(values), initial=0.0))
    if peak == 0.0:
        return 0.0
    return peak * float(np.sqrt(np.mean(np.square(values / peak))))


def _power_of_ten(magnitude: float) -> float:
    low, high = COMFORTABLE_RMS
    if magnitude == 0.0 or low <= magnitude <= high:
        return 1.0
    return float(10.0 ** np.clip(np.round(np.log10(magnitude)), -300, 300))
