"""A smooth stand-in for the unknown function, with gradients: polynomials in variables or their logarithms.

Equations of nature are smooth on the range of the data, and near products of powers in logarithms, so a
Chebyshev polynomial of total degree as high as the data allow comes close, and its gradients show
symmetries that the data alone do not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
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
        log_inputs: Whether the polynomial takes the logarithm of each variable's size, shape (D,).
        log_output: Whether it gives the logarithm of the target's size.
        low: Smallest input after logarithms, shape (D,).
        high: Largest input, likewise.
        degrees: Degree of each term in each variable, shape (T, D).
        coefficients: Shape (T,).
        error: Root mean square error on held-out rows over the standard deviation of what the polynomial
            gives.
    """

    log_inputs: NDArray[np.bool_]
    log_output: bool
    low: Array
    high: Array
    degrees: NDArray[np.int64]
    coefficients: Array
    error: float

    def outputs(self, X: Array) -> Array:
        """What the polynomial gives, shape (P,), for points of shape (P, D)."""
        basis, _ = _chebyshev(self._unit(X), int(self.degrees.max()))
        return _terms(basis, self.degrees) @ self.coefficients

    def gradients(self, X: Array, y: Array) -> Array:
        """Derivatives of the target by each variable, shape (P, D), at points X with target y."""
        basis, slopes = _chebyshev(self._unit(X), int(self.degrees.max()))
        result = np.empty_like(X)
        for d in range(X.shape[1]):
            mixed = [slopes[k] if k == d else basis[k] for k in range(X.shape[1])]
            result[:, d] = _terms(mixed, self.degrees) @ self.coefficients
        result *= 2 / (self.high - self.low)
        result /= np.where(self.log_inputs, X, 1.0)
        return result * y[:, None] if self.log_output else result

    def _unit(self, X: Array) -> Array:
        return 2 * (_inputs(X, self.log_inputs) - self.low) / (self.high - self.low) - 1


def fit_surrogate(X: Array, y: Array) -> Surrogate:
    """The best of the polynomials with logarithms of inputs, output, both or neither.

    Args:
        X: Variables, shape (P, D), each of them varying.
        y: Target, shape (P,).

    Returns:
        The one with the smallest error on held-out rows.
    """
    X, y = X[:MAX_ROWS], y[:MAX_ROWS]
    size = np.abs(X)
    wide = np.all(X != 0, axis=0) & (size.max(axis=0) > 1.5 * size.min(axis=0))
    none = np.zeros_like(wide)
    choices = [(none, False), (wide & np.all(X > 0, axis=0), False)]
    if np.all(y != 0):
        choices += [(none, True), (wide & np.all(X > 0, axis=0), True), (wide, True)]
    distinct = {(inputs.tobytes(), output): (inputs, output) for inputs, output in choices}
    return min((_fit(X, y, inputs, output) for inputs, output in distinct.values()), key=lambda s: s.error)


def refit(surrogate: Surrogate, X: Array, y: Array, degrees: NDArray[np.int64]) -> Surrogate:
    """The same kind of polynomial with other terms; degrees have shape (T, D)."""
    return _fit(X[:MAX_ROWS], y[:MAX_ROWS], surrogate.log_inputs, surrogate.log_output, degrees)


def _fit(
    X: Array,
    y: Array,
    log_inputs: NDArray[np.bool_],
    log_output: bool,
    degrees: NDArray[np.int64] | None = None,
) -> Surrogate:
    inputs = _inputs(X, log_inputs)
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    n_training = len(y) - max(1, int(_HELD_OUT_SHARE * len(y)))
    if degrees is None:
        degrees = degrees_up_to(X.shape[1], n_training // 2)
    basis, _ = _chebyshev(2 * (inputs - low) / (high - low) - 1, int(degrees.max()))
    design = _terms(basis, degrees)
    target = np.log(np.abs(y)) if log_output else y
    coefficients = _least_squares(design[:n_training], target[:n_training])
    residual = design[n_training:] @ coefficients - target[n_training:]
    error = float(np.sqrt(np.mean(residual**2)) / max(float(np.std(target)), 1e-300))
    return Surrogate(log_inputs, log_output, low, high, degrees, coefficients, error)


def _inputs(X: Array, log_inputs: NDArray[np.bool_]) -> Array:
    return np.where(log_inputs, np.log(np.where(log_inputs, np.abs(X), 1.0)), X)


def _least_squares(A: Array, b: Array) -> Array:
    """Normal equations, as Chebyshev columns are nearly orthogonal, with one step of refinement."""
    gram = A.T @ A
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    gram[np.diag_indices_from(gram)] += 1e-14 * np.trace(gram)
    factor = scipy.linalg.cho_factor(gram)
    result = scipy.linalg.cho_solve(factor, A.T @ b)
    return np.asarray(result + scipy.linalg.cho_solve(factor, A.T @ (b - A @ result)))


@cache
def degrees_up_to(n_variables: int, max_terms: int) -> NDArray[np.int64]:
    """Degrees of all terms, shape (T, D), up to the highest total degree that keeps to their number."""
    max_terms = min(max_terms, _MAX_TERMS)
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
