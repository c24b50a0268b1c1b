"""Operon: genetic programming with local search of the constants (Burlacu et al. 2020)."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import sympy
from pyoperon.sklearn import SymbolicRegressor

from eval.methods import Array, Budget
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy

FUNCTIONS = "add,sub,mul,div,sin,cos,exp,log,sqrt,square,constant,variable"
UNLIMITED = {"generations": 10**9, "max_evaluations": 10**12}
# SRBench's sizes, and no limit but time. The model of a run is chosen by the Bayesian information criterion:
# the default, description length, assumes noise of standard deviation 1 whatever the target's scale.
SETTINGS = {
    "allowed_symbols": FUNCTIONS,
    "population_size": 1000,
    "max_length": 50,
    "optimizer_iterations": 5,
    "model_selection_criterion": "bayesian_information_criterion",
    "objectives": ["r2"],
    "epsilon": 1e-5,
    **UNLIMITED,
}
# Within seconds, more generations are worth more than more rows: of twelve classical problems, ten seconds on
# one core recover eight with 1,000 rows and five with 10,000.
ROWS = 1_000
# Operon computes in 32 bits: of models that are exact this share of the target's variance is left at most.
_EXACT = 1e-12
_SLICE = 1  # seconds between two looks at the error, the shortest that Operon can be told


class Method:
    """`pyoperon.sklearn.SymbolicRegressor`, one second after another until it is exact or time is up."""

    package = "pyoperon"
    settings: dict[str, Any] = SETTINGS
    rows: int | None = ROWS

    def __init__(self, budget: Budget) -> None:
        self._estimator = SymbolicRegressor(
            **self.settings, max_time=_SLICE, n_threads=budget.cores, warm_start=True
        )
        self._seed, self._time_limit = budget.seed, budget.time_limit

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows; each second goes on with the population of the one before."""
        started = time.monotonic()
        self._names = [f"X{i + 1}" for i in range(X.shape[1])]
        rows = np.random.default_rng(self._seed).permutation(len(y))[: self.rows]
        X, y = X[rows], y[rows]
        exact, seed = _EXACT * np.var(y), self._seed
        while True:
            self._estimator.set_params(random_state=seed).fit(X, y)
            is_exact = self._estimator.pareto_front_[0]["mean_squared_error"] <= exact
            if is_exact or time.monotonic() - started + _SLICE > self._time_limit:
                return
            seed += 1

    def predict(self, X: Array) -> Array:
        """Predicts with the chosen model."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """Operon's infix text, read by the safe parser."""
        text = self._estimator.get_model_string(self._estimator.model_, 12)
        return to_sympy(parse(re.sub(r"\s+", " ", text), self._names))
