"""Ordinary least squares, for calibration."""

from __future__ import annotations

import numpy as np
import sympy
from sklearn.linear_model import LinearRegression

from eval.methods import Array, Budget


class Method:
    """`sklearn.linear_model.LinearRegression`."""

    def __init__(self, budget: Budget) -> None:  # noqa: ARG002 (the interface's signature)
        self._estimator = LinearRegression()

    def fit(self, X: Array, y: Array) -> None:
        """Fits."""
        self._estimator.fit(X, y)

    def predict(self, X: Array) -> Array:
        """Predicts."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """The linear form."""
        terms = (c * sympy.Symbol(f"x_{i}", real=True) for i, c in enumerate(self._estimator.coef_))
        return sympy.Float(self._estimator.intercept_) + sum(terms)
