"""A smooth stand-in for the unknown function, with gradients: polynomials in variables or their logarithms.

Equations of nature are smooth on the range of the data, and near products of powers in logarithms, so a
Chebyshev polynomial of total degree as high as the data allow comes close, and its gradients show
symmetries that the data alone do not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_ROWS = 1_500
_MAX_DEGREE = 12
_MAX_TERMS = 290
_HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Surrogate:
    """A fitted polynomial.

    Attributes:
        log_inputs: Whether the polynomial takes each variable's logarithm, shape (D,).
        log_output: Whether it gives the logarithm of the target's size.
        sign: Sign of the target where `log_output`.
        low: Smallest input after logarithms, shape (D,).
        high: Largest input, likewise.
        degrees: Degree of each term in each variable, shape (T, D).
        coefficients: Shape (T,).
        error: Root mean square error on held-out rows over the target's standard deviation.
    """

    log_inputs: NDArray[np.bool_]
    log_output: bool
    sign: float
    low: Array
    high: Array
    degrees: NDArray[np.int64]
    coefficients: Array
    error: float

    def values(self, X: Array) -> Array:
        """Predictions, shape (P,), for points of shape (P, D)."""
        basis, _ = _chebyshev(self._unit(X), int(self.degrees.max()))
        return self._output(_terms(basis, self.degrees) @ self.coefficients)

    def gradients(self, X: Array) -> Array:
        """Derivatives of the prediction by each variable, shape (P, D)."""
        basis, slopes = _chebyshev(self._unit(X), int(self.degrees.max()))
        result = np.empty_like(X)
        for d in range(X.shape[1]):
            mixed = [slopes[k] if k == d else basis[k] for k in range(X.shape[1])]
            result[:, d] = _terms(mixed, self.degrees) @ self.coefficients
        result *= 2 / (self.high - self.low)
        result /= np.where(self.log_inputs, X, 1.0)
        if self.log_output:
            result *= self.values(X)[:, None]
        return result

    def _unit(self, X: Array) -> Array:
        inputs = np.where(self.log_inputs, np.log(np.where(self.log_inputs, X, 1.0)), X)
        return 2 * (inputs - self.low) / (self.high - self.low) - 1

    def _output(self, values: Array) -> Array:
        return self.sign * np.exp(np.minimum(values, 700.0)) if self.log_output else values


def fit_surrogate(X: Array, y: Array) -> Surrogate:
    """The best of the four polynomials with logarithms of inputs, output, both or neither.

    Args:
        X: Variables, shape (P, D), each of them varying.
        y: Target, shape (P,).

    Returns:
        The one with the smallest error on held-out rows; its error is infinite where all fail.
    """
    X, y = X[:MAX_ROWS], y[:MAX_ROWS]
    positive = np.all(X > 0, axis=0) & (X.max(axis=0) > 1.5 * np.abs(X.min(axis=0)))
    one_signed = bool(np.all(y > 0) or np.all(y < 0))
    choices = [(np.zeros_like(positive), False)]
    if positive.any():
        choices.append((positive, False))
    if one_signed:
        choices += [(inputs, True) for inputs, _ in choices]
    return min((_fit(X, y, inputs, output) for inputs, output in choices), key=lambda s: s.error)


def _fit(X: Array, y: Array, log_inputs: NDArray[np.bool_], log_output: bool) -> Surrogate:
    inputs = np.where(log_inputs, np.log(np.where(log_inputs, X, 1.0)), X)
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    n_training = len(y) - max(1, int(_HELD_OUT_SHARE * len(y)))
    degrees = _degrees(X.shape[1], min(_MAX_TERMS, n_training // 2))
    basis, _ = _chebyshev(2 * (inputs - low) / (high - low) - 1, int(degrees.max()))
    design = _terms(basis, degrees)
    target = np.log(np.abs(y)) if log_output else y
    # Rows are weighted so that logarithms are fitted to what the target itself needs.
    weights = np.sqrt(np.abs(y) / np.mean(np.abs(y))) if log_output else np.ones_like(y)
    training = slice(0, n_training)
    coefficients = _least_squares(design[training] * weights[training, None], (target * weights)[training])
    fitted = Surrogate(log_inputs, log_output, float(np.sign(y[0])), low, high, degrees, coefficients, np.inf)
    with np.errstate(all="ignore"):
        residual = fitted._output(design[n_training:] @ coefficients) - y[n_training:]
        error = float(np.sqrt(np.mean(residual**2)) / np.std(y))
    return replace(fitted, error=error) if np.isfinite(error) else fitted


def _least_squares(A: Array, b: Array) -> Array:
    """Normal equations, as Chebyshev columns are nearly orthogonal, with one step of refinement."""
    gram = A.T @ A
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    gram[np.diag_indices_from(gram)] += 1e-14 * np.trace(gram)
    factor = scipy.linalg.cho_factor(gram)
    result = scipy.linalg.cho_solve(factor, A.T @ b)
    return np.asarray(result + scipy.linalg.cho_solve(factor, A.T @ (b - A @ result)))


@cache
def _degrees(n_variables: int, max_terms: int) -> NDArray[np.int64]:
    """Degrees of all terms up to the highest total degree that keeps their number in bounds."""
    terms = [(0,) * n_variables]
    for total in range(1, _MAX_DEGREE + 1):
        more = [
            tuple(combination.count(d) for d in range(n_variables))
            for combination in itertools.combinations_with_replacement(range(n_variables), total)
        ]
        if total > 1 and len(terms) + len(more) > max_terms:
            break
        terms += more
    return np.array(terms, dtype=np.int64)


def _chebyshev(U: Array, degree: int) -> tuple[list[Array], list[Array]]:
    """Values and derivatives of Chebyshev polynomials: for each variable a table (P, degree + 1)."""
    basis, slopes = [], []
    for u in U.T:
        values, derivatives = [np.ones_like(u), u], [np.zeros_like(u), np.ones_like(u)]
        for _ in range(degree - 1):
            derivatives.append(2 * values[-1] + 2 * u * derivatives[-1] - derivatives[-2])
            values.append(2 * u * values[-1] - values[-2])
        basis.append(np.column_stack(values[: degree + 1]))
        slopes.append(np.column_stack(derivatives[: degree + 1]))
    return basis, slopes


def _terms(basis: list[Array], degrees: NDArray[np.int64]) -> Array:
    """Products of the variables' polynomials, shape (P, T)."""
    result = basis[0][:, degrees[:, 0]].copy()
    for table, column in zip(basis[1:], degrees.T[1:], strict=True):
        result *= table[:, column]
    return result
