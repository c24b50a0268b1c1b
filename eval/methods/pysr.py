"""PySR (Cranmer 2023), which fetches Julia when it is first imported."""

from __future__ import annotations

import numpy as np
import sympy

from eval.methods import Array, Budget
from eval.registry import MethodMissingError

# The benchmark's operators, and no limit but time.
SETTINGS = {
    "binary_operators": ["+", "-", "*", "/"],
    "unary_operators": ["sin", "cos", "exp", "log", "sqrt", "square"],
    "niterations": 10**6,
    "batching": True,
    "temp_equation_file": True,  # it would leave files where it runs
    "progress": False,
    "verbosity": 0,
}
# It computes in 32 bits: of models that are exact this share of the target's variance is left at most.
_EXACT = 1e-12


class Method:
    """`pysr.PySRRegressor` with its defaults, which stops once it is exact."""

    package = "pysr"

    def __init__(self, budget: Budget) -> None:
        try:
            from pysr import PySRRegressor
        except ImportError:
            raise MethodMissingError("pysr is not installed: pip install pysr") from None
        except Exception as error:  # whatever goes wrong while it looks for Julia or fetches it
            raise MethodMissingError(
                f"pysr found no Julia and could not fetch it ({error}): install it from julialang.org, "
                "or leave pysr out of --methods"
            ) from None
        self._estimator = PySRRegressor(
            **SETTINGS,
            timeout_in_seconds=budget.time_limit,
            parallelism="multithreading" if budget.cores > 1 else "serial",
            random_state=budget.seed,
        )

    def fit(self, X: Array, y: Array) -> None:
        """Fits all rows, a batch at a time as PySR does it by default."""
        self._estimator.set_params(early_stop_condition=_EXACT * float(np.var(y)))
        self._estimator.fit(X, y, variable_names=[f"x_{i}" for i in range(X.shape[1])])

    def predict(self, X: Array) -> Array:
        """Predicts with PySR's chosen equation."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """PySR's chosen equation."""
        return self._estimator.sympy()
