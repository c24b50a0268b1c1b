"""Operon: genetic programming with local search of the constants (Burlacu et al. 2020)."""

from __future__ import annotations

import re

import numpy as np
import sympy
from pyoperon.sklearn import SymbolicRegressor

from eval.methods import Array, Budget
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy

# SRBench's sizes, and no limit but time. The model of a run is chosen by the Bayesian information criterion:
# the default, description length, assumes noise of standard deviation 1 whatever the target's scale.
SETTINGS = {
    "allowed_symbols": "add,sub,mul,div,sin,cos,exp,log,sqrt,square,constant,variable",
    "population_size": 1000,
    "max_length": 50,
    "optimizer_iterations": 5,
    "model_selection_criterion": "bayesian_information_criterion",
    "objectives": ["r2"],
    "generations": 10**9,
    "max_evaluations": 10**12,
    "epsilon": 1e-5,
}
# Within seconds, more generations are worth more than more rows: of twelve classical problems, ten seconds on
# one core recover eight with 1,000 rows and five with 10,000.
_ROWS = 1_000


class Method:
    """`pyoperon.sklearn.SymbolicRegressor`."""

    def __init__(self, budget: Budget) -> None:
        self._estimator = SymbolicRegressor(
            **SETTINGS,
            max_time=max(1, int(budget.time_limit)),
            n_threads=budget.cores,
            random_state=budget.seed,
        )
        self._seed = budget.seed

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows."""
        self._names = [f"X{i + 1}" for i in range(X.shape[1])]
        rows = np.random.default_rng(self._seed).permutation(len(y))[:_ROWS]
        self._estimator.fit(X[rows], y[rows])

    def predict(self, X: Array) -> Array:
        """Predicts with the chosen model."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """Operon's infix text, read by the safe parser."""
        text = self._estimator.get_model_string(self._estimator.model_, 12)
        return to_sympy(parse(re.sub(r"\s+", " ", text), self._names))
