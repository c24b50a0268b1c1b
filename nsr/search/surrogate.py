"""A smooth stand-in for the unknown function, with gradients: polynomials in variables or their logarithms.

Equations of nature are smooth on the range of the data, and near products of powers in logarithms, so a
Chebyshev polynomial of total degree as high as the data allow comes close, and its gradients show
symmetries that the data alone do not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from nsr.search.response import PLAIN, Output, Response, outputs
from nsr.search.structure_settings import SurrogateSettings
from nsr.task import MANY_ROWS, ROWS

Array = NDArray[np.float64]

# The error from which on more rows are worth their time: noise averages out.
ROUGH = 1e-3
# The logarithm does not know the sign of the target: of normal noise, the size alone varies by so much less.
_SIGN_FACTOR = 2.4
# Kinds that a target usually has, and seconds of work for a row and the square of a term.
_N_KINDS, _SECONDS = 5, 3.2e-10


@dataclass(frozen=True)
class Surrogate:
    """A fitted polynomial.

    Attributes:
        log_inputs: Whether the polynomial takes the logarithm of each variable's size, shape (D,).
        output: What it gives.
        low: Smallest input after logarithms, shape (D,).
        high: Largest input after logarithms, shape (D,).
        degrees: Degree of each term in each variable, shape (T, D).
        coefficients: Shape (T,).
        error: Weighted root mean square error of the target on held-out rows over its spread.
        error_of_constant: The same for the best constant.
        gain: By which factor the highest degree lowered the error, where a higher one may lower it further;
            1 where it cannot, because noise is what is left.
    """

    log_inputs: NDArray[np.bool_]
    output: Output
    low: Array
    high: Array
    degrees: NDArray[np.int64]
    coefficients: Array
    error: float
    error_of_constant: float
    gain: float

    def outputs(self, X: Array) -> Array:
        """What the polynomial gives, shape (P,), for points of shape (P, D)."""
        basis, _ = _chebyshev(self._unit(X), int(self.degrees.max()))
        return _terms(basis, self.degrees) @ self.coefficients

    def targets(self, X: Array, y: Array) -> Array:
        """The target without its noise, shape (P,); y lends it the sign where that is not known."""
        return self.output.undone(self.outputs(X), y)

    def smoothed(self, X: Array, y: Array) -> Array:
        """As `targets`, with points beyond those of the fit moved to the border, where it is no worse."""
        basis, _ = _chebyshev(np.clip(self._unit(X), -1, 1), int(self.degrees.max()))
        return self.output.undone(_terms(basis, self.degrees) @ self.coefficients, y)

    def gradients(self, X: Array, y: Array) -> Array:
        """Derivatives of the target by each variable, shape (P, D), at points X with target y."""
        basis, slopes = _chebyshev(self._unit(X), int(self.degrees.max()))
        result = np.empty_like(X)
        for d in range(X.shape[1]):
            mixed = [slopes[k] if k == d else basis[k] for k in range(X.shape[1])]
            result[:, d] = _terms(mixed, self.degrees) @ self.coefficients
        result *= 2 / (self.high - self.low)
        result /= np.where(self.log_inputs, X, 1.0)
        return result * self.output.slope(self.targets(X, y))[:, None]

    def _unit(self, X: Array) -> Array:
        return 2 * (_inputs(X, self.log_inputs) - self.low) / (self.high - self.low) - 1


def fit_surrogates(
    X: Array,
    response: Response,
    choice: Sequence[Output] | None = None,
    settings: SurrogateSettings = SurrogateSettings(),
) -> list[Surrogate]:
    """Polynomials with logarithms of inputs or not, for each kind of output, the best first.

    Args:
        X: Variables, shape (P, D), each of them varying.
        response: What to fit.
        choice: What polynomials may give, the target itself among it; `outputs()` by default.
        settings: How large polynomials are, and how they are judged.

    Returns:
        By rising error on held-out rows. Where none is good on the first rows, the best few are fitted to all
        rows, and weights count in the fit too.
    """
    y, size = response.centre, np.abs(X)
    wide = np.all(X != 0, axis=0) & (size.max(axis=0) > 1.5 * size.min(axis=0))
    none = np.zeros_like(wide)
    positive = wide & np.all(X > 0, axis=0)
    usable = [output for output in choice or outputs() if output.is_of(y) and response.has(output)]
    pairs = [(inputs, output) for output in usable for inputs in _of_inputs(output, none, positive, wide)]
    kinds = list({(inputs.tobytes(), output): (inputs, output) for inputs, output in pairs}.values())
    n_first = None if np.any(np.ptp(X[:ROWS], axis=0) == 0) else ROWS  # a level that few rows have
    first = response.first(n_first)
    fits = [_fit(X[:n_first], first, response.is_weighted, *kind, settings) for kind in kinds]
    fits.sort(key=lambda s: s.error)
    if fits[0].error < ROUGH:
        return fits
    many = response.first(MANY_ROWS)
    best = fits[: settings.n_refitted]
    fits = [_fit(X[:MANY_ROWS], many, True, fit.log_inputs, fit.output, settings) for fit in best]
    return sorted(fits, key=lambda s: s.error)


def _of_inputs(
    output: Output, none: NDArray[np.bool_], positive: NDArray[np.bool_], wide: NDArray[np.bool_]
) -> list[NDArray[np.bool_]]:
    """Which inputs a polynomial takes the logarithms of: powers are products, whose logarithms are sums."""
    if output.is_logarithm:
        return [none, positive, wide]
    return [none, positive] if output == PLAIN else [none]


def fitting_work(X: Array, settings: SurrogateSettings) -> float:
    """Seconds of work that `fit_surrogates` takes for variables of shape (P, D), about."""
    n_rows = min(len(X), ROWS)
    n_terms = len(degrees_up_to(X.shape[1], n_rows // 2, settings)) if X.shape[1] else 0
    return _N_KINDS * _SECONDS * n_rows * n_terms**2


def refit(
    surrogate: Surrogate,
    X: Array,
    response: Response,
    degrees: NDArray[np.int64],
    settings: SurrogateSettings,
) -> Surrogate:
    """The same kind of polynomial with other terms; degrees have shape (T, D)."""
    rough = surrogate.error >= ROUGH
    n_rows = MANY_ROWS if rough or np.any(np.ptp(X[:ROWS], axis=0) == 0) else ROWS
    kind = surrogate.log_inputs, surrogate.output
    return _fit(X[:n_rows], response.first(n_rows), rough or response.is_weighted, *kind, settings, degrees)


def _fit(
    X: Array,
    response: Response,
    is_weighted: bool,
    log_inputs: NDArray[np.bool_],
    output: Output,
    settings: SurrogateSettings,
    degrees: NDArray[np.int64] | None = None,
) -> Surrogate:
    """Least squares with the total degree that does best on held-out rows."""
    inputs = _inputs(X, log_inputs)
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    high = np.where(high > low, high, low + np.maximum(np.abs(low), 1.0))  # of constants of nature
    n_training = len(X) - max(1, int(settings.held_out_share * len(X)))
    if degrees is None:
        degrees = degrees_up_to(X.shape[1], n_training // 2, settings)
        n_levels = np.array([len(np.unique(column)) for column in X.T])
        degrees = degrees[np.all(degrees < n_levels, axis=1)]  # higher ones are not seen on so few values
    totals = degrees.sum(axis=1)
    degrees = degrees[np.argsort(totals, kind="stable")]
    cuts = np.unique(np.cumsum(np.bincount(totals)))
    basis, _ = _chebyshev(2 * (inputs - low) / (high - low) - 1, int(degrees.max()))
    design = _terms(basis, degrees)
    target, in_target = response.transformed(output)
    rows = np.ones_like(target)
    if is_weighted:
        rows = (
            in_target
            if response.is_weighted
            else np.minimum(in_target, settings.largest_weight * np.median(in_target))
        )
    solved = _nested_least_squares(
        design[:n_training] * rows[:n_training, None], (target * rows)[:n_training], cuts
    )
    off = [design[n_training:, : len(c)] @ c - target[n_training:] for c in solved]
    spread = max(response.spread, 1e-300)
    if not output.keeps_sign and np.ptp(np.sign(response.centre)) > 0:
        spread /= _SIGN_FACTOR
    errors = [float(np.sqrt(np.mean((in_target[n_training:] * r) ** 2))) / spread for r in off]
    best = int(np.argmin(errors))
    is_last = best == len(errors) - 1
    gain = errors[best - 1] / max(errors[best], 1e-300) if is_last and best > 0 else 1.0
    n = cuts[best]
    return Surrogate(log_inputs, output, low, high, degrees[:n], solved[best], errors[best], errors[0], gain)


def _inputs(X: Array, log_inputs: NDArray[np.bool_]) -> Array:
    return np.where(log_inputs, np.log(np.where(log_inputs, np.abs(X), 1.0)), X)


def _nested_least_squares(A: Array, b: Array, cuts: NDArray[np.int64]) -> list[Array]:
    """Solutions with the first columns only, for each of these numbers of columns.

    Normal equations, as Chebyshev columns are nearly orthogonal, with one step of refinement; a leading
    block of the Cholesky factor is the factor of the leading block.
    """
    gram = A.T @ A
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    gram[np.diag_indices_from(gram)] += 1e-14 * np.trace(gram)
    factor = _factor(gram)
    solutions = []
    for n in cuts.tolist():
        block, columns = (factor[:n, :n], True), A[:, :n]
        first = scipy.linalg.cho_solve(block, columns.T @ b)
        again = scipy.linalg.cho_solve(block, columns.T @ (b - columns @ first))
        solutions.append(np.asarray(first + again))
    return solutions


def _factor(gram: Array) -> Array:
    """A Cholesky factor of a matrix that rounding may have left without one: then of one nearby."""
    for _ in range(8):
        try:
            return np.asarray(scipy.linalg.cholesky(gram, lower=True))
        except np.linalg.LinAlgError:
            gram = gram + 1e-12 * np.trace(gram) * np.eye(len(gram))
    raise np.linalg.LinAlgError("the surrogate's terms are not finite")


@cache
def degrees_up_to(
    n_variables: int, max_terms: int, settings: SurrogateSettings = SurrogateSettings()
) -> NDArray[np.int64]:
    """Degrees of all terms, shape (T, D), up to the highest total degree that keeps to their number."""
    max_terms = min(max_terms, settings.max_terms)
    terms = [(0,) * n_variables]
    for total in range(1, settings.max_degree + 1):
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
