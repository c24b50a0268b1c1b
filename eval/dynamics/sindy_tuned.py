"""PySINDy with libraries, thresholds and derivatives chosen by simulating each candidate.

Each candidate is simulated from the first observation and compared with all of them; of those that fit, the
smaller one wins (Bayesian information criterion). So the choice sees what a method may see, and no more.
"""

from __future__ import annotations

import itertools
import time
import warnings
from functools import reduce

import numpy as np
import pysindy
import sympy

from eval.dynamics import Array
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.sympy_form import to_sympy
from nsr.ode.integrate import Systems

_THRESHOLDS = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
# Highest degree of polynomials by number of states; their terms grow fast.
_DEGREES = {1: 5, 2: 4, 3: 3}
_ZERO = constant(0.0)
# What finite differences cost: below it the fewer terms win.
_SMALLEST_ERROR = 1e-4


class Method:
    """The best of PySINDy's models.

    Args:
        time_limit: Seconds after which no further model is fitted.
    """

    package = "pysindy"

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._system: tuple[Expression, ...] = ()

    def fit(self, times: Array, states: Array) -> None:
        """Fits every candidate and keeps the best."""
        deadline = time.monotonic() + self._time_limit
        systems: list[tuple[Expression, ...]] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # thresholds that leave nothing
            for library, derivative, threshold in itertools.product(
                _libraries(states.shape[1]), _derivatives(), _THRESHOLDS
            ):
                if systems and time.monotonic() > deadline:
                    break
                systems.append(_fitted(library, derivative, threshold, times, states))
        self._system = _best(systems, times, states)

    def predict(self, times: Array, initial: Array) -> Array:
        """Simulates the chosen model."""
        states: Array = Systems([self._system]).integrate(initial[None], times, rtol=1e-8)[0]
        return states

    def sympy(self) -> list[sympy.Expr]:
        """The chosen model."""
        names = [f"x_{i}" for i in range(len(self._system))]
        return [to_sympy(component, names) for component in self._system]


def _libraries(n_states: int) -> list[pysindy.feature_library.base.BaseFeatureLibrary]:
    polynomials = [pysindy.PolynomialLibrary(degree) for degree in range(1, _DEGREES.get(n_states, 2) + 1)]
    waves = pysindy.PolynomialLibrary(2) + pysindy.FourierLibrary(n_frequencies=1)
    return [*polynomials, waves]


def _derivatives() -> list[pysindy.BaseDifferentiation]:
    return [pysindy.FiniteDifference(order=4), pysindy.SmoothedFiniteDifference()]


def _fitted(
    library: pysindy.feature_library.base.BaseFeatureLibrary,
    derivative: pysindy.BaseDifferentiation,
    threshold: float,
    times: Array,
    states: Array,
) -> tuple[Expression, ...]:
    model = pysindy.SINDy(
        optimizer=pysindy.STLSQ(threshold=threshold),
        feature_library=library,
        differentiation_method=derivative,
    )
    model.fit(states, t=times)
    terms = _terms(model.feature_library, states.shape[1])
    return tuple(_sum(row, terms) for row in model.coefficients())


def _terms(library: pysindy.feature_library.base.BaseFeatureLibrary, n_states: int) -> list[Expression]:
    """The library's terms in its order."""
    if isinstance(library, pysindy.PolynomialLibrary):
        return [_monomial(powers) for powers in library.powers_]
    if isinstance(library, pysindy.FourierLibrary):
        return [apply(name, variable(i)) for i in range(n_states) for name in ("sin", "cos")]
    return [term for part in library.libraries for term in _terms(part, n_states)]


def _monomial(powers: Array) -> Expression:
    factors = [variable(place) for place, power in enumerate(powers) for _ in range(int(power))]
    return reduce(lambda a, b: apply("mul", a, b), factors) if factors else constant(1.0)


def _sum(weights: Array, terms: list[Expression]) -> Expression:
    parts = [
        apply("mul", constant(float(weight)), term)
        for weight, term in zip(weights, terms, strict=True)
        if weight
    ]
    return reduce(lambda a, b: apply("add", a, b), parts) if parts else _ZERO


def _best(systems: list[tuple[Expression, ...]], times: Array, states: Array) -> tuple[Expression, ...]:
    distinct = list(dict.fromkeys(systems))
    start = np.tile(states[:1], (len(distinct), 1))
    with np.errstate(all="ignore"):
        found = Systems(distinct).integrate(start, times, max_steps=4000)
        errors = np.mean(((found - states) / states.std(axis=0)) ** 2, axis=(1, 2))
    n_values, scores = states.size, []
    for system, error in zip(distinct, errors.tolist(), strict=True):
        n_terms = sum(len(component.constants) for component in system)
        fit = n_values * np.log(max(error, _SMALLEST_ERROR)) if np.isfinite(error) else np.inf
        scores.append(fit + n_terms * np.log(n_values))
    return distinct[int(np.argmin(scores))]
