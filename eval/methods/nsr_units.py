"""NSR told the units of the variables and the target."""

from __future__ import annotations

from eval.methods import Array, Budget, nsr


class Method(nsr.Method):
    """`nsr.SymbolicRegressor` with units; constants have none."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._units = (budget.X_units, budget.y_units)

    def fit(self, X: Array, y: Array) -> None:
        """Fits.

        Raises:
            ValueError: If the problem has no units.
        """
        X_units, y_units = self._units
        if not X_units:
            raise ValueError("the suite's table has no units; nsr_units needs them")
        self._estimator.fit(X, y, X_units, y_units)
