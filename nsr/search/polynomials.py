"""Surrogates that are polynomials in variables or their logarithms.

Equations of nature are smooth on the range of the data, and near products of powers in logarithms, so a
Chebyshev polynomial of total degree as high as the data allow comes close.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from nsr.search.response import PLAIN, Output, Response, outputs
from nsr.search.structure_settings import SurrogateSettings
from nsr.search.surrogate import ROUGH, Surrogate, chebyshev, chebyshev_slopes, inputs_of, limits, within_unit
from nsr.task import MANY_ROWS, ROWS

Array = NDArray[np.float64]

# The logarithm does not know the sign of the target: of normal noise, the size alone varies by so much less.
_SIGN_FACTOR = 2.4
# Seconds of work for the polynomials of all kinds that a target has, and for each term at a row.
_SECONDS, _SECONDS_A_TERM = 0.01, 1e-7


@dataclass(frozen=True)
class Polynomial(Surrogate):
    """A fitted polynomial.

    Attributes:
        degrees: Degree of each term in each variable, shape (T, D).
        coefficients: Shape (T,).
    """

    degrees: NDArray[np.int64]
    coefficients: Array

    @property
    def n_terms(self) -> int:
        """Terms that a value is a sum of."""
        return len(self.coefficients)

    def of_unit(self, U: Array) -> Array:
        """See `Surrogate`."""
        return _terms(chebyshev(U, int(self.degrees.max())), self.degrees) @ self.coefficients

    def slopes_of_unit(self, U: Array) -> Array:
        """See `Surrogate`."""
        highest = int(self.degrees.max())
        basis, slopes = chebyshev(U, highest), chebyshev_slopes(U, highest)
        result = np.empty_like(U)
        for d in range(U.shape[1]):
            mixed = [slopes[k] if k == d else basis[k] for k in range(U.shape[1])]
            varies = self.degrees[:, d] > 0
            result[:, d] = _terms(mixed, self.degrees) @ np.where(varies, self.coefficients, 0.0)
        return result

    def table(self, rows: Array, references: Array, own: Sequence[int]) -> Array:
        """See `Surrogate`."""
        is_own = np.isin(np.arange(self.degrees.shape[1]), own)
        left, left_of = np.unique(self.degrees * is_own, axis=0, return_inverse=True)
        right, right_of = np.unique(self.degrees * ~is_own, axis=0, return_inverse=True)
        weights = np.zeros((len(left), len(right)))
        weights[left_of.ravel(), right_of.ravel()] = self.coefficients
        highest = int(self.degrees.max())
        of_rows = _terms(chebyshev(self.unit(rows), highest), left)
        of_references = _terms(chebyshev(self.unit(references), highest), right)
        return np.asarray(of_rows @ (weights @ of_references.T))


def fit_surrogates(
    X: Array,
    response: Response,
    choice: Sequence[Output] | None = None,
    settings: SurrogateSettings = SurrogateSettings(),
) -> list[Polynomial]:
    """Polynomials with logarithms of inputs or not, for each kind of output, the best first.

    Args:
        X: Variables, shape (P, D), each of them varying.
        response: What to fit.
        choice: What polynomials may give, the target itself among it; `outputs()` by default.
        settings: How large polynomials are, and how they are judged.

    Returns:
        By rising error on held-out rows. Where none is good on the first rows, the best few kinds are fitted
        to all rows, with higher degrees if there are two variables, and weights count in the fit too.
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
    designs = {inputs.tobytes(): _Design.of(X[:n_first], inputs, settings) for inputs, _ in kinds}
    fits = [
        _fit(designs[inputs.tobytes()], first, response.is_weighted, output, settings)
        for inputs, output in kinds
    ]
    fits.sort(key=lambda s: s.error)
    if fits[0].error < ROUGH:
        return fits
    many, finer = response.first(MANY_ROWS), replace(settings, max_degree=settings.finer_degree)
    best = fits[: settings.n_refitted]
    fits = [
        _fit(_Design.of(X[:MANY_ROWS], fit.log_inputs, finer), many, True, fit.output, finer) for fit in best
    ]
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
    return _SECONDS + _SECONDS_A_TERM * n_rows * n_terms


def refit(
    surrogate: Polynomial,
    X: Array,
    response: Response,
    degrees: NDArray[np.int64],
    settings: SurrogateSettings,
) -> Polynomial:
    """The same kind of polynomial with other terms; degrees have shape (T, D)."""
    rough = surrogate.error >= ROUGH
    n_rows = MANY_ROWS if rough or np.any(np.ptp(X[:ROWS], axis=0) == 0) else ROWS
    design = _Design.of(X[:n_rows], surrogate.log_inputs, settings, degrees)
    return _fit(design, response.first(n_rows), rough or response.is_weighted, surrogate.output, settings)


def fit_terms(
    X: Array, response: Response, degrees: NDArray[np.int64], settings: SurrogateSettings
) -> Polynomial:
    """A polynomial of the variables themselves for the target itself, with terms of degrees, shape (T, D)."""
    design = _Design.of(X, np.zeros(X.shape[1], dtype=np.bool_), settings, degrees)
    return _fit(design, response, response.is_weighted, PLAIN, settings)


@dataclass(frozen=True)
class _Design:
    """The terms of polynomials in some variables or their logarithms, which several outputs are fitted with.

    Attributes:
        log_inputs: As in `Surrogate`.
        low: As in `Surrogate`.
        high: As in `Surrogate`.
        degrees: Of all terms, by rising total degree, shape (T, D).
        cuts: Numbers of terms up to each total degree.
        values: Of the terms, shape (P, T).
        n_training: Rows that are fitted; the others are held out.
    """

    log_inputs: NDArray[np.bool_]
    low: Array
    high: Array
    degrees: NDArray[np.int64]
    cuts: NDArray[np.int64]
    values: Array
    n_training: int

    @classmethod
    def of(
        cls,
        X: Array,
        log_inputs: NDArray[np.bool_],
        settings: SurrogateSettings,
        degrees: NDArray[np.int64] | None = None,
    ) -> _Design:
        """That of variables, shape (P, D); degrees as high as the rows allow by default."""
        inputs = inputs_of(X, log_inputs)
        low, high = limits(inputs)
        n_training = len(X) - max(1, int(settings.held_out_share * len(X)))
        if degrees is None:
            most = n_training // 2
            degrees = degrees_up_to(X.shape[1], most, settings)
            if n_training >= settings.pure_rows:
                degrees = _with_pure(degrees, settings.pure_degree, most)
            n_levels = np.array([len(np.unique(column)) for column in X.T])
            degrees = degrees[np.all(degrees < n_levels, axis=1)]  # higher ones are not seen on so few values
        totals = degrees.sum(axis=1)
        degrees = degrees[np.argsort(totals, kind="stable")]
        cuts = np.unique(np.cumsum(np.bincount(totals))[_totals_cut_at(degrees, settings.pure_step)])
        values = polynomial_terms(inputs, low, high, degrees)
        return cls(log_inputs, low, high, degrees, cuts, values, n_training)

    @cached_property
    def factor(self) -> Array:
        """That of the normal equations of the training rows, where all of them matter equally."""
        return _factor_of_products(self.values[: self.n_training])


def _fit(
    design: _Design, response: Response, is_weighted: bool, output: Output, settings: SurrogateSettings
) -> Polynomial:
    """Least squares with the total degree that does best on held-out rows."""
    n_training = design.n_training
    training, held_out = design.values[:n_training], design.values[n_training:]
    target, in_target = response.transformed(output)
    if is_weighted:
        rows = (
            in_target
            if response.is_weighted
            else np.minimum(in_target, settings.largest_weight * np.median(in_target))
        )[:n_training]
        weighted = training * rows[:, None]
        factor = _factor_of_products(weighted)
        solved = _nested_least_squares(weighted, target[:n_training] * rows, design.cuts, factor)
    else:
        solved = _nested_least_squares(training, target[:n_training], design.cuts, design.factor)
    off = [held_out[:, : len(c)] @ c - target[n_training:] for c in solved]
    spread = max(response.spread, 1e-300)
    if not output.keeps_sign and np.ptp(np.sign(response.centre)) > 0:
        spread /= _SIGN_FACTOR
    errors = [float(np.sqrt(np.mean((in_target[n_training:] * r) ** 2))) / spread for r in off]
    best = int(np.argmin(errors))
    is_last = best == len(errors) - 1
    gain = errors[best - 1] / max(errors[best], 1e-300) if is_last and best > 0 else 1.0
    n = design.cuts[best]
    return Polynomial(
        design.log_inputs, output, design.low, design.high, errors[best], errors[0], gain,
        design.degrees[:n], solved[best],
    )  # fmt: skip


def _nested_least_squares(A: Array, b: Array, cuts: NDArray[np.int64], factor: Array) -> list[Array]:
    """Solutions with the first columns only, for each of these numbers of columns.

    Normal equations, as Chebyshev columns are nearly orthogonal, with one step of refinement; a leading
    block of the Cholesky factor is the factor of the leading block.
    """
    solutions = []
    for n in cuts.tolist():
        block, columns = (factor[:n, :n], True), A[:, :n]
        first = scipy.linalg.cho_solve(block, columns.T @ b, check_finite=False)
        again = scipy.linalg.cho_solve(block, columns.T @ (b - columns @ first), check_finite=False)
        solutions.append(np.asarray(first + again))
    return solutions


def _factor_of_products(A: Array) -> Array:
    """A Cholesky factor of A^T A, with a little on its diagonal."""
    gram = A.T @ A
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    gram[np.diag_indices_from(gram)] += 1e-14 * np.trace(gram)
    return _factor(gram)


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


def _with_pure(degrees: NDArray[np.int64], highest: int, most: int) -> NDArray[np.int64]:
    """Terms, shape (T, D), and higher powers of single variables beside them.

    A sum of functions of one variable each has no others, nor has the logarithm of their product.

    Args:
        degrees: Of the terms.
        highest: Of the powers, at most.
        most: Terms with them, at most.
    """
    n_variables, total = degrees.shape[1], int(degrees.max())
    if n_variables < 2:
        return degrees
    powers = np.arange(total + 1, min(highest, total + (most - len(degrees)) // n_variables) + 1)
    pure = (powers[:, None, None] * np.eye(n_variables, dtype=np.int64)).reshape(-1, n_variables)
    return np.concatenate((degrees, pure))


def _totals_cut_at(degrees: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Total degrees up to which polynomials are tried; not each one where only single variables have it."""
    highest = int(degrees.max())
    mixed = int(degrees.sum(axis=1).max(where=np.count_nonzero(degrees, axis=1) > 1, initial=0))
    pure = np.arange(mixed + step, highest, step) if mixed else np.arange(1, highest)
    return np.concatenate((np.arange(mixed + 1), pure, [max(highest, mixed)]))


def polynomial_terms(inputs: Array, low: Array, high: Array, degrees: NDArray[np.int64]) -> Array:
    """Products of Chebyshev polynomials of inputs, shape (P, D), of these degrees, shape (T, D): (P, T)."""
    basis = chebyshev(within_unit(inputs, low, high), int(degrees.max()))
    return _terms(basis, degrees)


def _terms(basis: Sequence[Array] | Array, degrees: NDArray[np.int64]) -> Array:
    """Products of one polynomial of each variable that has a degree in a term, shape (P, T).

    Each is made of a term before it and one more factor, if there is such a term.
    """
    products = np.ones((len(degrees), basis[0].shape[1]))
    known: dict[tuple[int, ...], Array] = {}
    for product, term in zip(products, map(tuple, degrees.tolist()), strict=True):
        factors = [d for d, degree in enumerate(term) if degree]
        if factors:
            last = factors[-1]
            others = term[:last] + (0,) * (len(term) - last)
            before = known[others] if others in known else _product(basis, others)
            np.multiply(before, basis[last][term[last]], out=product)
        known[term] = product
    return products.T


def _product(basis: Sequence[Array] | Array, term: Sequence[int]) -> Array:
    """The polynomials of one term, multiplied, shape (P,)."""
    factors = [table[degree] for table, degree in zip(basis, term, strict=True) if degree]
    return np.asarray(np.prod(factors, axis=0)) if factors else np.ones(basis[0].shape[1])
