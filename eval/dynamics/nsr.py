"""NSR as users get it."""

from __future__ import annotations

import sympy

from eval.dynamics import Array
from nsr.ode import ODERegressor


class Method:
    """`nsr.ode.ODERegressor`."""

    def __init__(self, time_limit: float) -> None:
        self._estimator = ODERegressor(time_limit=time_limit)

    def fit(self, times: Array, states: Array) -> None:
        """Fits."""
        self._estimator.fit(times, states)

    def predict(self, times: Array, initial: Array) -> Array:
        """Simulates the chosen system."""
        return self._estimator.predict(times, initial)

    def sympy(self) -> list[sympy.Expr]:
        """The chosen system."""
        return self._estimator.sympy()
