"""NSR told which operators the law is made of."""

from __future__ import annotations

from eval.methods import Array, Budget, nsr


class Method(nsr.Method):
    """`nsr.SymbolicRegressor` with the operators of the truth."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._operators = budget.operators

    def fit(self, X: Array, y: Array) -> None:
        """Fits.

        Raises:
            ValueError: If the law is not known, or has no operator.
        """
        if not self._operators:
            raise ValueError("the suite has tables instead of equations; nsr_operators needs these")
        self._estimator.set_params(operators=self._operators).fit(X, y)
