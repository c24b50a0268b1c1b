"""PySR (Cranmer 2023), where Julia is installed."""

from __future__ import annotations

import shutil

import numpy as np
import sympy

from eval.methods import Array, Budget
from eval.registry import MethodMissingError

_BINARY = ["+", "-", "*", "/"]
_UNARY = ["sin", "cos", "exp", "log", "sqrt", "square"]


class Method:
    """`pysr.PySRRegressor` with its defaults, the benchmark's operators, and no limit but time."""

    def __init__(self, budget: Budget) -> None:
        if shutil.which("julia") is None:
            raise MethodMissingError(
                "pysr needs Julia: install it from julialang.org, then pip install pysr, "
                "or leave pysr out of --methods"
            )
        try:
            from pysr import PySRRegressor
        except ImportError:
            raise MethodMissingError("pysr is not installed: pip install pysr") from None
        self._estimator = PySRRegressor(
            binary_operators=_BINARY,
            unary_operators=_UNARY,
            niterations=10**6,
            timeout_in_seconds=budget.time_limit,
            parallelism="multithreading" if budget.cores > 1 else "serial",
            batching=True,
            progress=False,
            verbosity=0,
            random_state=budget.seed,
        )

    def fit(self, X: Array, y: Array) -> None:
        """Fits."""
        self._estimator.fit(X, y, variable_names=[f"x_{i}" for i in range(X.shape[1])])

    def predict(self, X: Array) -> Array:
        """Predicts with PySR's chosen equation."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """PySR's chosen equation."""
        return self._estimator.sympy()
