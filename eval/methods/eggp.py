"""eggp: genetic programming without equivalent equations (de França and Kronberger 2025)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import sympy

from eval.methods import Array, Budget
from eval.registry import MethodMissingError
from nsr.evaluate.program import values_of
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy

# The functions that Operon is given, and its longest equations; no limit but time.
SETTINGS = {
    "nonterminals": "add,sub,mul,div,sin,cos,exp,log,sqrt,square",
    "maxSize": 50,
    "gen": 10**6,
}
# As many as for Operon: within seconds, more generations are worth more than more rows.
ROWS = 1_000
# A function that its rewriting adds to these, by the name that the parser knows.
_INVERSE = re.compile("recip(?=\\()")


class Method:
    """`eggp.EGGP`; of its front the most accurate equation, which it predicts with."""

    package = "eggp"

    def __init__(self, budget: Budget) -> None:
        try:
            from eggp import EGGP
        except ImportError:
            raise MethodMissingError("eggp is not installed: pip install -e '.[peers]'") from None
        self._estimator = EGGP(**SETTINGS, max_time=max(1, int(budget.time_limit)))
        self._seed = budget.seed

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows; its own draws cannot be given a seed."""
        rows = np.random.default_rng(self._seed).permutation(len(y))[:ROWS]
        self._estimator.fit(X[rows], y[rows])
        table = self._estimator.results
        losses = pd.to_numeric(table["loss_train"], errors="coerce")
        text = str(table.loc[losses.idxmin(), "Expression"]).lower()
        self._expression = parse(_INVERSE.sub("inv", text), [f"x{i}" for i in range(X.shape[1])])

    def predict(self, X: Array) -> Array:
        """Predicts with the chosen equation."""
        return values_of(self._expression, X)

    def sympy(self) -> sympy.Expr:
        """The chosen equation."""
        return to_sympy(self._expression)
