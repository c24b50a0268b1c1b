"""ParFam: parametric families of equations, fitted by global optimisation (Scholl et al. 2025)."""

from __future__ import annotations

import contextlib
import io
import logging

import numpy as np
import sympy
import torch

from eval.methods import Array, Budget
from eval.registry import MethodMissingError

# Its own default: families of small degree around a root, a cosine or an exponential, one after another.
SETTINGS = {"config_name": "small", "iterate": True}
# As many as for Operon; it trains on 500 at most.
ROWS = 1_000
_DECIMALS = 12


class Method:
    """`parfam.ParFamWrapper`, which stops by itself once it is exact to a thousandth with few constants."""

    package = "parfam"

    def __init__(self, budget: Budget) -> None:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it greets on import
                from parfam import ParFamWrapper
        except ImportError:
            raise MethodMissingError(
                "parfam, or one of the packages that it needs without saying so, is not installed: "
                "pip install -e '.[peers]'"
            ) from None
        self._estimator = ParFamWrapper(**SETTINGS)
        self._budget = budget

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows."""
        rows = np.random.default_rng(self._budget.seed).permutation(len(y))[:ROWS]
        torch.set_num_threads(self._budget.cores)
        logging.disable(logging.INFO)  # it makes the root logger tell all
        with contextlib.redirect_stdout(io.StringIO()):
            self._estimator.fit(X[rows], y[rows], time_limit=self._budget.time_limit, seed=self._budget.seed)
            names = [sympy.Symbol(f"x_{i}", real=True) for i in range(X.shape[1])]
            self._formula = self._estimator.get_formula(names, decimals=_DECIMALS)

    def predict(self, X: Array) -> Array:
        """Predicts with the reduced equation."""
        return np.asarray(self._estimator.predict(torch.from_numpy(X)), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """The reduced equation, which is what the package reports."""
        return self._formula
