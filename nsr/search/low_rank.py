"""Surrogates that are sums of a few products of smooth functions of one variable each.

Laws of many variables are often such sums: E cos(b) (d^3/r^2 (a - 1)/(a + 2) - r) has two products. A
polynomial in five variables has hundreds of terms of low degree and none of high degree; a sum of R products
has the degree that each variable needs, and as many numbers as R D functions of one variable do (Beylkin,
Garcke and Mohlenkamp, "Multivariate regression and machine learning with sums of separable functions", SIAM
J. Sci. Comput. 31, 2009). It is fitted by alternating least squares, variable by variable, from several
starts, with few degrees first; then by Levenberg and Marquardt's method, as alternating steps are slow where
products nearly cancel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.search.response import Output, Response
from nsr.search.structure_settings import LOSSLESS, LowRankSettings
from nsr.search.surrogate import ROUGH, Surrogate, chebyshev, chebyshev_slopes, inputs_of, limits, within_unit
from nsr.task import MANY_ROWS, ROWS

Array = NDArray[np.float64]

# Columns whose largest value is not far above the smallest have no use for logarithms, nor have those whose
# rows lie mostly near the upper end of them.
_WIDE, _MOSTLY_LARGE = 1.5, 0.8
# Seconds that a product of two numbers takes in a matrix product.
_SECONDS_A_PRODUCT = 6e-11
# Levenberg and Marquardt's damping, as a share of the mean of the diagonal: at first, at least, and the
# factors by which it falls and rises.
_DAMPING, _LEAST_DAMPING, _FALL, _RISE = 1e-3, 1e-13, 1 / 6, 8.0
_MOST_RISES = 6
# Ridge of alternating least squares, as a share of the same.
_RIDGE = 1e-6
# What is added to diagonals at least, so that functions that vanish leave equations to solve.
_SMALLEST = 1e-100


@dataclass(frozen=True)
class SumOfProducts(Surrogate):
    """A fitted sum of products.

    Attributes:
        coefficients: Of Chebyshev polynomials, of each variable's function in each product, shape (D, R, K).
    """

    coefficients: Array

    @property
    def n_terms(self) -> int:
        """Terms that a value is a sum of."""
        return int(self.coefficients.shape[1])

    def of_unit(self, U: Array) -> Array:
        """See `Surrogate`."""
        return _sum(self.functions(U))

    def slopes_of_unit(self, U: Array) -> Array:
        """See `Surrogate`."""
        functions = self.functions(U)
        slopes = self.coefficients @ chebyshev_slopes(U, self._degree)
        return np.column_stack(
            [np.sum(own * rest, axis=0) for own, rest in zip(slopes, _others(functions), strict=True)]
        )

    def table(self, rows: Array, references: Array, own: Sequence[int]) -> Array:
        """See `Surrogate`."""
        rest = [d for d in range(len(self.coefficients)) if d not in own]
        of_rows = np.prod(self.functions(self.unit(rows))[list(own)], axis=0)
        of_references = np.prod(self.functions(self.unit(references))[rest], axis=0)
        return np.asarray(of_rows.T @ of_references)

    def functions(self, U: Array) -> Array:
        """Each variable's function in each product, shape (D, R, P), for inputs as `of_unit` takes."""
        return np.asarray(self.coefficients @ chebyshev(U, self._degree))

    @property
    def _degree(self) -> int:
        return int(self.coefficients.shape[2]) - 1


def fit_sums_of_products(
    X: Array, response: Response, settings: LowRankSettings, seed: int = 0
) -> tuple[list[SumOfProducts], float]:
    """A sum of products for each kind of output, up to one that is good, the best first.

    Args:
        X: Variables, shape (P, D), each of them varying.
        response: What to fit.
        settings: How large sums are, and how they are fitted.
        seed: Of the starts.

    Returns:
        Sums by rising error on held-out rows, none where rows are too few or variables too many; and the
        seconds of work that fitting took.
    """
    y, found, work = response.centre, [], 0.0
    for output in map(Output, settings.outputs):
        if X.shape[1] <= settings.most_variables and output.is_of(y) and response.has(output):
            with np.errstate(all="ignore"):  # what goes astray has no finite error
                fit, own = _fitted_to(output, X, response, settings, seed)
            work += own
            found += [fit] if fit is not None else []
            if fit is not None and fit.error < settings.rough:
                break
    return sorted(found, key=lambda one: one.error), work


def _fitted_to(
    output: Output, X: Array, response: Response, settings: LowRankSettings, seed: int
) -> tuple[SumOfProducts | None, float]:
    """The sum for one kind of output, if any, and the work; where there may be noise, of many rows."""
    few = _Fitting.of(X[:ROWS], response.first(ROWS), output, settings, seed)
    if few is None:
        return None, 0.0
    fit = few.best()
    if fit is None or not ROUGH < fit.error < settings.noisy:
        return fit, few.work
    evenly = replace(settings, least_size=np.inf)
    many = _Fitting.of(X[:MANY_ROWS], response.first(MANY_ROWS), output, evenly, seed)
    if many is None:
        return fit, few.work
    return min(fit, many.improved(fit), key=lambda one: one.error), few.work + many.work


def common_factors(functions: Array, tolerance: float) -> tuple[dict[int, Array], Array]:
    """Functions of one variable that all products of a sum have in common, up to a number.

    Args:
        functions: Each variable's in each product, shape (D, R, P).
        tolerance: Share of a variable's functions, as they count in the sum, that one of them leaves at most.

    Returns:
        Values of such functions, each of shape (P,), by their variables, and of the sum without them.
    """
    common: dict[int, Array] = {}
    weights = np.ones(functions.shape[1])
    for d, own in enumerate(functions):
        others = np.sqrt(np.mean(np.prod(np.delete(functions, d, axis=0), axis=0) ** 2, axis=1))
        left, sizes, right = np.linalg.svd(others[:, None] * own, full_matrices=False)
        if len(sizes) == 1 or sizes[1] < tolerance * sizes[0]:
            common[d] = right[0]
            weights *= left[:, 0] * sizes[0] / np.where(others > 0, others, np.inf)
    rest = [d for d in range(len(functions)) if d not in common]
    return common, np.asarray(weights @ np.prod(functions[rest], axis=0))


@dataclass
class _Fitting:
    """One target, and the Chebyshev polynomials of its variables.

    Attributes:
        log_inputs: As in `Surrogate`.
        output: As in `Surrogate`.
        low: As in `Surrogate`.
        high: As in `Surrogate`.
        basis: Of all variables, those of the first times the rows' weights, shape (D, P, K).
        target: Times the rows' weights, of mean square 1, shape (P,).
        scale: By which the target was divided.
        importance: Of errors of held-out rows, as they are scaled, as shares of the target's spread.
        n_training: Rows that are fitted; the others are held out.
        settings: As in `fit_sums_of_products`.
        rng: Of the starts.
        work: Seconds so far.
    """

    log_inputs: NDArray[np.bool_]
    output: Output
    low: Array
    high: Array
    basis: Array
    target: Array
    scale: float
    importance: Array
    n_training: int
    settings: LowRankSettings
    rng: np.random.Generator
    work: float = 0.0

    @classmethod
    def of(
        cls, X: Array, response: Response, output: Output, settings: LowRankSettings, seed: int
    ) -> _Fitting | None:
        n_training = len(X) - max(1, int(settings.held_out_share * len(X)))
        degree = min(settings.degrees[-1], n_training // (2 * 2 * X.shape[1]) - 1)  # of two products
        if degree < settings.degrees[0]:
            return None
        log_inputs = _with_logarithms(X)
        inputs = inputs_of(X, log_inputs)
        low, high = limits(inputs)
        target, in_target = response.transformed(output)
        weights = in_target
        if not response.is_weighted and np.isfinite(settings.least_size):
            size = np.abs(target)  # each row is as large as it is relative to its own target
            typical = np.median(size) or np.sqrt(np.mean(size**2))
            weights = 1 / (size / typical + settings.least_size)
        basis = chebyshev(within_unit(inputs, low, high), degree).transpose(0, 2, 1).copy()
        weighted = target * weights
        scale = float(np.sqrt(np.mean(weighted**2)))
        if not 0 < scale < np.inf:
            return None
        basis[0] *= weights[:, None]
        importance = scale * (in_target / weights)[n_training:] / max(response.spread, 1e-300)
        return cls(
            log_inputs, output, low, high, basis, weighted / scale, scale, importance, n_training, settings,
            np.random.default_rng(seed),
        )  # fmt: skip

    def best(self) -> SumOfProducts | None:
        """The sum of as many products as do best on held-out rows."""
        errors, sums = [self._error(None)], [np.zeros((len(self.basis), 0, self.settings.degrees[0] + 1))]
        for rank in range(1, self.settings.largest_rank + 1):
            if 2 * rank * len(self.basis) * (self.settings.degrees[0] + 1) > self.n_training:
                break
            found = self._of_rank(rank, sums[-1])
            sums.append(found)
            errors.append(self._error(found))
            is_enough = rank > 2 and errors[-1] > self.settings.worthwhile * errors[-3]
            if errors[-1] < LOSSLESS or is_enough or self._is_over:
                break
        place = int(np.argmin(errors))
        if place == 0:
            return None
        is_last = place == self.settings.largest_rank
        gain = errors[place - 1] / max(errors[place], 1e-300) if is_last else 1.0
        return self._sum(sums[place], errors[place], gain)

    def improved(self, found: SumOfProducts) -> SumOfProducts:
        """The same sum fitted to other rows or with other weights, with as high degrees as tell most."""
        current = found.coefficients.copy()
        current[0] /= self.scale
        sums = [current]
        for degree in self._degrees(found.n_terms)[1:]:
            current = self._polished(_resized(current, degree))
            sums.append(current)
        errors = [self._error(one) for one in sums]
        place = int(np.argmin(errors))
        return self._sum(sums[place], errors[place], found.gain)

    def _sum(self, coefficients: Array, error: float, gain: float) -> SumOfProducts:
        scaled = coefficients.copy()
        scaled[0] *= self.scale
        constant = self._error(None)
        return SumOfProducts(self.log_inputs, self.output, self.low, self.high, error, constant, gain, scaled)

    def _of_rank(self, rank: int, smaller: Array) -> Array:
        """The best sum of so many products that several starts lead to, one of them a smaller sum.

        With few degrees there are few ways to go astray, so that the starts are compared with these.
        """
        first, *more = self._degrees(rank)
        starts = [self._fitted(start, first) for start in self._starts(rank, smaller)]
        current = best = min(starts, key=self._loss)
        for degree in more:
            current = self._fitted(current, degree)
            best = min(best, current, key=self._error)
        return best

    def _degrees(self, rank: int) -> list[int]:
        """Degrees to begin with and to go on with, no higher than the rows allow for so many products."""
        most = self.n_training // (2 * rank * len(self.basis)) - 1
        own = [min(degree, most, self.basis.shape[2] - 1) for degree in self.settings.degrees]
        return list(dict.fromkeys(own))

    def _starts(self, rank: int, smaller: Array) -> Iterator[Array]:
        shape = (len(self.basis), rank, self.settings.degrees[0] + 1)
        for number in range(self.settings.n_starts if rank > 1 else 1):
            start = self.settings.noise * self.rng.standard_normal(shape)
            start[:, :, 0] += 1
            if number == 0 and rank > 1:
                start[:, :-1] = smaller[:, :, : shape[2]]
                start[:, -1] *= 0.1
            yield start

    def _fitted(self, start: Array, degree: int) -> Array:
        current = _resized(start, degree)
        for _ in range(self.settings.n_sweeps):
            current = self._swept(current)
        return self._polished(current)

    def _swept(self, current: Array) -> Array:
        """After least squares for each variable's functions in turn."""
        basis, target = self._training(current.shape[2])
        current = current.copy()
        functions = _functions(basis, current)
        for d, own in enumerate(basis):
            rest = np.prod(np.delete(functions, d, axis=0), axis=0)
            A = _columns(rest, own)
            self.work += _SECONDS_A_PRODUCT * A.size * A.shape[1]
            gram = A.T @ A
            gram[np.diag_indices_from(gram)] += max(_RIDGE * np.trace(gram) / len(gram), _SMALLEST)
            current[d] = np.linalg.solve(gram, A.T @ target).reshape(current.shape[1:])
            functions[d] = current[d] @ own.T
        return _balanced(current, functions)

    def _polished(self, current: Array) -> Array:
        """After steps for all functions at once (Levenberg 1944, Marquardt 1963)."""
        basis, target = self._training(current.shape[2])
        functions = _functions(basis, current)
        off = target - _sum(functions)
        loss, damping = float(off @ off), _DAMPING
        for _ in range(self.settings.n_steps):
            if self._is_over:
                break
            J = np.concatenate(
                [_columns(rest, own) for rest, own in zip(_others(functions), basis, strict=True)], axis=1
            )
            self.work += _SECONDS_A_PRODUCT * J.size * J.shape[1]
            gram, slope = J.T @ J, J.T @ off
            for _ in range(_MOST_RISES):
                damped = gram.copy()
                damped[np.diag_indices_from(damped)] += max(damping * np.trace(gram) / len(gram), _SMALLEST)
                new = current + np.linalg.solve(damped, slope).reshape(current.shape)
                functions = _functions(basis, new)
                off = target - _sum(functions)
                if (new_loss := float(off @ off)) < loss:
                    break
                damping *= _RISE
            else:
                return current
            gain = 1 - new_loss / loss
            current, loss, damping = new, new_loss, max(damping * _FALL, _LEAST_DAMPING)
            if gain < self.settings.least_gain:
                break
        return current

    @property
    def _is_over(self) -> bool:
        return self.work > self.settings.most_work

    def _training(self, n_degrees: int) -> tuple[Array, Array]:
        return self.basis[:, : self.n_training, :n_degrees], self.target[: self.n_training]

    def _loss(self, current: Array) -> float:
        basis, target = self._training(current.shape[2])
        return _finite(np.sum((target - _sum(_functions(basis, current))) ** 2))

    def _error(self, current: Array | None) -> float:
        """Root mean square error on held-out rows over the spread; of a constant where there is no sum."""
        target = self.target[self.n_training :]
        if current is None:
            weights = self.basis[0, self.n_training :, 0]
            values = weights * (weights @ target) / (weights @ weights)
        else:
            values = _sum(_functions(self.basis[:, self.n_training :, : current.shape[2]], current))
        return _finite(np.sqrt(np.mean((self.importance * (values - target)) ** 2)))


def _finite(error: np.float64) -> float:
    """An error, infinite where there is none."""
    return float(error) if np.isfinite(error) else np.inf


def _resized(coefficients: Array, degree: int) -> Array:
    """Coefficients, shape (D, R, K), up to a degree: some are left out, or zero."""
    more = max(0, degree + 1 - coefficients.shape[2])
    return np.pad(coefficients[:, :, : degree + 1], ((0, 0), (0, 0), (0, more)))


def _with_logarithms(X: Array) -> NDArray[np.bool_]:
    """Which columns, of shape (P, D), are better told apart by their logarithms."""
    low, high, middle = X.min(axis=0), X.max(axis=0), np.median(X, axis=0)
    with np.errstate(all="ignore"):
        place = np.log(middle / low) / np.log(high / low)
        return np.asarray((low > 0) & (high > _WIDE * low) & (place < _MOSTLY_LARGE))


def _functions(basis: Array, coefficients: Array) -> Array:
    """Values, shape (D, R, P), of functions with these coefficients, shape (D, R, K)."""
    return np.asarray(coefficients @ basis.transpose(0, 2, 1))


def _sum(functions: Array) -> Array:
    return np.asarray(np.sum(np.prod(functions, axis=0), axis=0))


def _others(functions: Array) -> Array:
    """For each variable the product of the others' functions, shape (D, R, P)."""
    before = np.cumprod(np.concatenate((np.ones_like(functions[:1]), functions[:-1])), axis=0)
    after = np.cumprod(np.concatenate((np.ones_like(functions[:1]), functions[:0:-1])), axis=0)[::-1]
    return np.asarray(before * after)


def _columns(rest: Array, own: Array) -> Array:
    """What each coefficient of a variable's functions is multiplied by, shape (P, R K).

    Args:
        rest: Product of the others' functions, shape (R, P).
        own: Polynomials of the variable, shape (P, K).
    """
    return np.asarray((rest.T[:, :, None] * own[:, None, :]).reshape(len(own), -1))


def _balanced(coefficients: Array, functions: Array) -> Array:
    """The same products, with functions of one size in each."""
    sizes = np.sqrt(np.mean(functions**2, axis=2))
    with np.errstate(all="ignore"):
        factors = np.exp(np.mean(np.log(sizes), axis=0)) / sizes
    factors = np.where(np.all(np.isfinite(factors), axis=0), factors, 1.0)
    return np.asarray(coefficients * factors[:, :, None])
