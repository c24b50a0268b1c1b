"""GP_ELITE: genetic programming in Python and NumPy (Hakou 2026)."""

from __future__ import annotations

import numpy as np
import sympy

from eval.methods import Array, Budget
from eval.registry import MethodMissingError
from nsr.evaluate.program import values_of
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy

# Its own preset for finding exact laws, with all of its functions and no limit but time.
SETTINGS = {"operators": "full", "speed": "thorough", "generations": 10**6}
# As many as for Operon: within seconds, more generations are worth more than more rows.
ROWS = 1_000


class Method:
    """`gp_elite.GPEliteRegressor`, which stops by itself once it is exact."""

    package = "gp-elite"

    def __init__(self, budget: Budget) -> None:
        try:
            from gp_elite import GPEliteRegressor
        except ImportError:
            raise MethodMissingError("gp_elite is not installed: pip install -e '.[peers]'") from None
        self._estimator = GPEliteRegressor(
            **SETTINGS,
            time_limit=budget.time_limit,
            parallel=budget.cores > 1,
            random_state=budget.seed,
        )
        self._seed = budget.seed

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows."""
        rows = np.random.default_rng(self._seed).permutation(len(y))[:ROWS]
        self._estimator.fit(X[rows], y[rows])
        self._expression = parse(self._estimator.sympy().lower(), [f"x{i}" for i in range(X.shape[1])])

    def predict(self, X: Array) -> Array:
        """Predicts with the equation that it writes down."""
        return values_of(self._expression, X)

    def sympy(self) -> sympy.Expr:
        """The chosen equation."""
        return to_sympy(self._expression)
