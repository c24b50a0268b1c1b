"""PySINDy with its default settings: quadratic polynomials, finite differences, STLSQ."""

from __future__ import annotations

import numpy as np
import pysindy
import sympy
from scipy.integrate import solve_ivp

from eval.dynamics import Array


class Method:
    """`pysindy.SINDy()`."""

    package = "pysindy"

    def __init__(self, time_limit: float) -> None:  # noqa: ARG002 (it takes milliseconds)
        self._model = pysindy.SINDy()

    def fit(self, times: Array, states: Array) -> None:
        """Fits."""
        self._model.fit(states, t=times)

    def predict(self, times: Array, initial: Array) -> Array:
        """Simulates with SciPy's LSODA."""
        states = np.full((len(times), len(initial)), np.nan)
        found = solve_ivp(
            lambda _, x: self._model.predict(x[None])[0],
            (times[0], times[-1]),
            initial,
            method="LSODA",
            t_eval=times,
            rtol=1e-6,
            atol=1e-9,
        )
        states[: found.y.shape[1]] = found.y.T
        return states

    def sympy(self) -> list[sympy.Expr]:
        """Sums of the library's terms with the weights found."""
        weights = self._model.coefficients()
        symbols = sympy.symbols(f"x_:{len(weights)}", real=True)
        terms = [_term(powers, symbols) for powers in self._model.feature_library.powers_]
        return [sympy.Add(*(w * t for w, t in zip(row, terms, strict=True) if w)) for row in weights]


def _term(powers: Array, symbols: tuple[sympy.Symbol, ...]) -> sympy.Expr:
    return sympy.prod(symbol ** int(power) for symbol, power in zip(symbols, powers, strict=True))
