"""PSRN: expressions of a few layers, all of them evaluated at once (Ruan et al. 2026)."""

from __future__ import annotations

import contextlib
import io
import random

import numpy as np
import sympy
import torch

from eval.methods import Array, Budget
from eval.registry import MethodMissingError
from nsr.evaluate.program import values_of
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy

_OPERATORS = ["Add", "Mul", "Sub", "Div", "Identity", "Sin", "Cos", "Exp", "Log", "Sqrt"]
# Three layers, its default, are for a GPU: on one core of ours one round of three inputs takes half a minute.
LAYERS, INPUTS = 2, 8
# Of its command line; enumeration sees so many rows, constants are fitted on all.
_ENUMERATED_ROWS, _TOP = 100, 10
# As many as for Operon.
ROWS = 1_000
# It computes in 32 bits.
_EXACT = 1e-12


class Method:
    """`psrn.PSRN_Regressor`; of its front the most accurate equation, with which it predicts itself."""

    package = "psrn"

    def __init__(self, budget: Budget) -> None:
        try:
            import psrn  # noqa: F401 (told now, not after the data are drawn)
        except ImportError:
            raise MethodMissingError("psrn is not installed: pip install -e '.[peers]'") from None
        self._budget = budget

    def fit(self, X: Array, y: Array) -> None:
        """Fits a random part of the rows; it draws from the generators of the whole process."""
        from psrn import PSRN_Regressor

        rows = np.random.default_rng(self._budget.seed).permutation(len(y))[:ROWS]
        random.seed(self._budget.seed)
        np.random.seed(self._budget.seed)
        torch.manual_seed(self._budget.seed)
        torch.set_num_threads(self._budget.cores)
        names = [f"x{i}" for i in range(X.shape[1])]
        stage = {
            "operators": _OPERATORS,
            "time_limit": self._budget.time_limit,
            "n_psrn_inputs": INPUTS,
            "n_sample_variables": min(3, X.shape[1]),
        }
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            estimator = PSRN_Regressor(
                variables=names,
                use_const=True,
                n_symbol_layers=LAYERS,
                device=torch.device("cpu"),
                token_generator_config={"base": {"has_const": True, "tokens": _OPERATORS}},
                stage_config={"default": stage, "stages": [{}]},
            )
            estimator.fit(
                torch.from_numpy(X[rows]).float(),
                torch.from_numpy(y[rows, None]).float(),
                n_down_sample=_ENUMERATED_ROWS,
                threshold=_EXACT * float(np.var(y[rows])),
                top_k=_TOP,
            )
            text = str(estimator.get_pf(sort_by="mse")[0][0])
        self._expression = parse(text.lower(), names)

    def predict(self, X: Array) -> Array:
        """Predicts with the chosen equation."""
        return values_of(self._expression, X)

    def sympy(self) -> sympy.Expr:
        """The chosen equation."""
        return to_sympy(self._expression)
