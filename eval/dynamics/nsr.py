"""NSR as users get it."""

from __future__ import annotations

from typing import Any

import sympy

from eval.dynamics import Array
from nsr.ode import ODERegressor


class Method:
    """`nsr.ode.ODERegressor`.

    Args:
        time_limit: Seconds the fit may take.
        settings: What is not the estimator's default.
    """

    def __init__(self, time_limit: float, **settings: Any) -> None:
        self._estimator = ODERegressor(time_limit=time_limit, **settings)

    def fit(self, times: Array, states: Array) -> None:
        """Fits."""
        self._estimator.fit(times, states)

    def predict(self, times: Array, initial: Array) -> Array:
        """Simulates the chosen system."""
        return self._estimator.predict(times, initial)

    def sympy(self) -> list[sympy.Expr]:
        """The chosen system."""
        system: list[sympy.Expr] = self._estimator.sympy()
        return system
