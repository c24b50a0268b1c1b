"""The mean of the target, for calibration."""

from __future__ import annotations

import numpy as np
import sympy

from eval.methods import Array, Budget


class Method:
    """A constant."""

    def __init__(self, budget: Budget) -> None:  # noqa: ARG002 (the interface's signature)
        self._mean = 0.0

    def fit(self, X: Array, y: Array) -> None:  # noqa: ARG002 (the interface's signature)
        """Takes the mean."""
        self._mean = float(np.mean(y))

    def predict(self, X: Array) -> Array:
        """Predicts the mean."""
        return np.full(len(X), self._mean)

    def sympy(self) -> sympy.Expr:
        """The mean."""
        return sympy.Float(self._mean)
