"""How values of a function are fitted, and how errors of them count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, apply, constant

Array = NDArray[np.float64]

# Values of one sign that differ by a larger factor are fitted by their logarithm.
_WIDE = 10.0


@dataclass(frozen=True)
class Target:
    """What is fitted to values of a function.

    Attributes:
        sign: Of all values; 0 where they have both.
        is_log: Whether the logarithm of their size is fitted.
        spread: Standard deviation of the values, by which errors are divided where the sign changes; else
            they are divided by the value.
    """

    sign: int
    is_log: bool
    spread: float

    @classmethod
    def of(cls, y: Array) -> Target:
        """For values, shape (n,)."""
        sign = int(np.sign(y[0])) if np.all(y > 0) or np.all(y < 0) else 0
        size = np.abs(y)
        is_log = sign != 0 and bool(size.max() > _WIDE * size.min())
        return cls(sign, is_log, float(np.std(y)) or 1.0)

    def fitted(self, y: Array) -> Array:
        """What is fitted, shape (n,)."""
        return np.asarray(np.log(np.abs(y))) if self.is_log else y

    def undone(self, t: Array) -> Array:
        """Values for what is fitted."""
        return np.asarray(self.sign * np.exp(t)) if self.is_log else t

    def weights(self, y: Array) -> Array | None:
        """What makes squared errors of what is fitted those that count, shape (n,); None for equal ones."""
        if self.is_log or self.sign == 0:
            return None
        return np.asarray(np.mean(y**2) / y**2)

    def errors(self, predicted: Array, y: Array) -> Array:
        """Sizes of errors, as shares of the value or the spread, shape (n,); infinity for no value."""
        off = np.abs(predicted - y) / (np.abs(y) if self.sign else self.spread)
        return np.where(np.isfinite(off), off, np.inf)

    def equation(self, expression: Expression) -> Expression:
        """The equation of the value, of that of what is fitted."""
        if not self.is_log:
            return expression
        value = apply("exp", expression)
        return value if self.sign > 0 else apply("mul", constant(-1.0), value)
