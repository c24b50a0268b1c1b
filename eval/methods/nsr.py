"""NSR as users get it: the default checkpoint, the default settings."""

from __future__ import annotations

import sympy

from eval.methods import Array, Budget
from nsr.regressor import SymbolicRegressor


class Method:
    """`nsr.SymbolicRegressor`."""

    def __init__(self, budget: Budget) -> None:
        self._estimator = SymbolicRegressor(
            time_limit=budget.time_limit, stages=budget.stages, random_state=budget.seed
        )

    def fit(self, X: Array, y: Array) -> None:
        """Fits."""
        self._estimator.fit(X, y)

    def predict(self, X: Array) -> Array:
        """Predicts with the chosen equation."""
        return self._estimator.predict(X)

    def sympy(self) -> sympy.Expr:
        """The chosen equation."""
        return self._estimator.sympy()

    @property
    def stage(self) -> str:
        """The stage of the search that found the chosen equation."""
        return str(self._estimator.best_["stage"])
