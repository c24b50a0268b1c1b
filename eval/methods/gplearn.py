"""gplearn: classical genetic programming (Koza 1992) with constants that only mutate."""

from __future__ import annotations

import time

import numpy as np
import sympy
from gplearn.functions import make_function
from gplearn.genetic import SymbolicRegressor

from eval.methods import Array, Budget
from nsr.expressions.expression import Expression, Token
from nsr.expressions.operators import OPERATORS
from nsr.expressions.sympy_form import to_sympy
from nsr.refinement.likelihood import SQUARED_ERROR

# gplearn's defaults but for the functions, which are SRBench's.
FUNCTIONS = ("add", "sub", "mul", "div", "sqrt", "log", "sin", "cos")


def _exp(x: Array) -> Array:
    return np.exp(np.minimum(x, 100.0))


def _asin(x: Array) -> Array:
    return np.arcsin(np.clip(x, -1.0, 1.0))


def _acos(x: Array) -> Array:
    return np.arccos(np.clip(x, -1.0, 1.0))


# Functions that gplearn lacks, for the laws that are made of them; it asks for values everywhere.
OF_LAWS = {
    name: make_function(function=function, name=name, arity=1)
    for name, function in (("exp", _exp), ("asin", _asin), ("acos", _acos), ("tanh", np.tanh))
}


class Method:
    """`gplearn.genetic.SymbolicRegressor`, one generation after another until it is exact or time is up."""

    package = "gplearn"

    def __init__(self, budget: Budget) -> None:
        self._time_limit = budget.time_limit
        self._estimator = SymbolicRegressor(
            population_size=1000,
            function_set=(*FUNCTIONS, *(OF_LAWS[name] for name in budget.operators if name in OF_LAWS)),
            metric="mse",
            warm_start=True,
            low_memory=True,
            n_jobs=budget.cores,
            random_state=budget.seed,
        )

    def fit(self, X: Array, y: Array) -> None:
        """Evolves while another generation fits into the time limit and the fit is not exact."""
        started = time.monotonic()
        generation, longest, error = 0, 0.0, np.inf
        exact = SQUARED_ERROR.rounding * np.var(y)
        while error > exact and (generation == 0 or time.monotonic() - started + longest < self._time_limit):
            generation += 1
            begun = time.monotonic()
            self._estimator.set_params(generations=generation).fit(X, y)
            error = self._estimator.run_details_["best_fitness"][-1]
            longest = max(longest, time.monotonic() - begun)

    def predict(self, X: Array) -> Array:
        """Predicts with the fittest program."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> sympy.Expr:
        """The fittest program; its protected functions become the plain ones."""
        tokens = [_token(node) for node in self._estimator._program.program]
        return to_sympy(_with_absolute_arguments(tokens))


def _token(node: object) -> Token:
    if isinstance(node, int):
        return f"x_{node}"
    return str(node.name) if hasattr(node, "name") else float(node)  # type: ignore[arg-type]


def _with_absolute_arguments(tokens: list[Token]) -> Expression:
    """Gplearn takes the logarithm and the root of the absolute value."""
    result: list[Token] = []
    for token in tokens:
        result.append(token)
        if token in {"log", "sqrt"}:
            result.append("abs")
        assert not isinstance(token, str) or token.startswith("x_") or token in OPERATORS
    return Expression(tuple(result))
