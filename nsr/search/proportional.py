"""Whether errors are proportional to the value: which of two smooth fits leaves the likelier noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from nsr.refinement.likelihood import weighted
from nsr.search.noise_settings import NoiseSettings
from nsr.search.polynomials import Polynomial, fit_surrogates
from nsr.search.residuals import explained_by_surrogate, has_structure
from nsr.search.response import Response
from nsr.search.surrogate import ROUGH
from nsr.task import MANY_ROWS, ROWS, Task

Array = NDArray[np.float64]
Places = NDArray[np.intp]

# No round makes errors of this many times the value smaller than these.
_FAR_TOO_LARGE = 2.0


def is_proportional(task: Task, settings: NoiseSettings = NoiseSettings()) -> bool:
    """Whether errors proportional to a positive target are clearly likelier than errors of one size.

    Two smooth fits, of the target and of its logarithm, are compared row by row by their likelihoods (Vuong,
    "Likelihood ratio tests for model selection and non-nested hypotheses", Econometrica 57, 1989), and what
    the latter leaves must be noise. Where either is near-exact squared error is as good.

    Args:
        task: With squared error.
        settings: What is clear.
    """
    some = task.first(settings.most_rows)
    X, y = some.X, some.y
    if some.n_rows < settings.least_rows or np.min(task.y) <= 0:
        return False
    if np.any(np.ptp(X, axis=0) == 0) or np.ptp(y) == 0:
        return False
    plain = fit_surrogates(X, Response.of(some))[0]
    has_few_decades = np.max(y) < settings.few_decades * np.median(y)  # else few rows decide on the error
    if plain.error < ROUGH and has_few_decades:
        return False
    of_log = replace(task, y=np.log(task.y))
    relative = _Smooth.of(of_log.first(settings.most_rows))
    largest = max(settings.largest_share, settings.share_of_spread * float(np.std(of_log.y)))
    if not ROUGH < relative.size < largest or relative.surrogate.gain > settings.still_gains:
        return False
    is_likelier = _is_likelier(relative.residuals, np.log(y), y - plain.targets(X, y), some, settings.sure)
    return is_likelier and _is_noise(relative, of_log, settings)


def relative_weights(task: Task, settings: NoiseSettings = NoiseSettings()) -> Array | None:
    """Weights of rows whose errors are clearly likelier to be a share of what a smooth fit expects of them.

    For targets that such errors have made negative in some rows, so that they have no logarithm: the fit is
    weighted by itself (Carroll and Ruppert, Transformation and Weighting in Regression, 1988, section 2.2).
    Otherwise as `is_proportional`.

    Args:
        task: With squared error.
        settings: What is clear.

    Returns:
        With a mean of 1, shape (P,); None where errors are not likelier to be proportional.
    """
    n_rows = 2 * settings.most_rows  # as such errors are large
    y, some = task.y, task.first(n_rows)
    if task.n_rows < settings.least_rows or np.mean(y) <= 0:
        return None
    if not 0 < np.mean(y <= 0) < settings.most_negative or np.any(np.ptp(some.X, axis=0) == 0):
        return None
    fit = fit_surrogates(some.X, Response.of(some))[0]
    if fit.error < ROUGH:
        return None
    one_size = some.y - fit.targets(some.X, some.y)
    least = settings.least_expected * float(np.mean(y))
    expected = np.maximum(fit.smoothed(task.X, y), least)
    for _ in range(settings.weighting_rounds):
        weights = np.square(1 / expected)
        own = replace(task, weights=weighted(task.weights, weights), expected=expected).first(n_rows)
        fit = fit_surrogates(own.X, Response.of(own))[0]
        expected = np.maximum(fit.smoothed(task.X, expected), least)
        errors = own.y / expected[: own.n_rows] - 1
        size = math.sqrt(float(np.mean(errors**2)))
        if size > _FAR_TOO_LARGE:
            return None
    is_likelier = _is_likelier(errors, np.log(expected[: own.n_rows]), one_size, some, settings.sure)
    if size > settings.largest_share or not is_likelier:
        return None
    if has_structure(task.X, y / expected - 1, settings.residuals):
        return None
    return np.asarray(np.square(1 / expected) / np.mean(np.square(1 / expected)))


def are_ratios_likelier(law: Array, law_of_ratios: Array, task: Task, settings: NoiseSettings) -> bool:
    """Whether errors proportional to the value are clearly likelier around a law than errors of one size.

    As `is_proportional`, where a law is known better than by a smooth fit, though it may leave more than
    noise, and more than errors of measurement are.

    Args:
        law: Its values where squares of errors are least, shape (P,).
        law_of_ratios: Its values where the gamma deviance is, shape (P,).
        task: With squared error.
        settings: What is clear.
    """
    if task.n_rows < settings.least_rows or not min(np.min(task.y), np.min(law_of_ratios)) > 0:
        return False
    ratios = task.y / law_of_ratios - 1
    if not _size(ratios, task) > ROUGH:
        return False
    return _is_likelier(ratios, np.log(law_of_ratios), task.y - law, task, settings.sure_of_law)


def is_law_of_ratios(
    law: Array, law_of_ratios: Array, task: Task, groups: Sequence[Places], settings: NoiseSettings
) -> bool:
    """Whether errors proportional to the value are clearly likelier, and nothing but noise along columns.

    Args:
        law: Its values where squares of errors are least, shape (P,).
        law_of_ratios: Its values where the gamma deviance is, shape (P,).
        task: With squared error.
        groups: Rows of each group.
        settings: What is clear.
    """
    if not are_ratios_likelier(law, law_of_ratios, task, settings):
        return False
    ratios = task.y / law_of_ratios - 1
    if not _size(ratios, task) < settings.largest_share:
        return False
    return not _runs_on(task.X, task.root_weights * ratios, groups, settings.sure_of_law)


def is_mostly_misfit(law_of_ratios: Array, task: Task, settings: NoiseSettings) -> bool:
    """Whether most of what a law leaves of ratios is smooth, so that a better law would leave little of it.

    How large that is where the target is large then says how the law errs, and nothing of measurements.

    Args:
        law_of_ratios: Its values where the gamma deviance is least, shape (P,), finite and not zero.
        task: With squared error.
        settings: What is most of it.
    """
    some = task.first(ROWS)
    varying = np.ptp(some.X, axis=0) > 0
    if not varying.any():
        return False
    ratios = some.y / law_of_ratios[:ROWS] - 1
    return explained_by_surrogate(some.X[:, varying], ratios) > settings.mostly_misfit


def _size(ratios: Array, task: Task) -> float:
    return math.sqrt(float(np.average(np.square(ratios), weights=task.weights)))


def _runs_on(X: Array, residuals: Array, groups: Sequence[Places], sure: float) -> bool:
    """Whether residuals of a group are like those of its neighbours along a column, as where a law bends.

    Their correlation is compared with its standard error for noise, 1/sqrt(n) (Durbin and Watson, Biometrika
    37, 1950), all groups together; by chance it is as large along one of several columns as seldom as along a
    single one (Sidak, Journal of the American Statistical Association 62, 1967).

    Args:
        X: Columns, shape (P, D).
        residuals: Shape (P,).
        groups: Rows of each group.
        sure: Standard errors by which it is clear along a single column.
    """
    sure = float(norm.ppf(norm.cdf(sure) ** (1 / X.shape[1])))
    for column in X.T:
        ordered = [residuals[rows[np.argsort(column[rows], kind="stable")]] for rows in groups]
        products = np.concatenate([own[1:] * own[:-1] for own in ordered])
        if float(np.sum(products)) > sure * math.sqrt(len(products)) * float(np.mean(np.square(residuals))):
            return True
    return False


def _is_likelier(proportional: Array, logarithm: Array, one_size: Array, task: Task, sure: float) -> bool:
    """Whether relative errors of rows are clearly likelier than errors of one size.

    Args:
        proportional: Relative errors, shape (P,).
        logarithm: Of what they are relative to, shape (P,).
        one_size: Errors of the other fit, shape (P,).
        task: Whose weights rows have.
        sure: Standard errors by which they must be.
    """
    weights = np.ones(task.n_rows) if task.weights is None else task.weights / np.mean(task.weights)
    gains = _log_likelihoods(proportional, weights) - logarithm - _log_likelihoods(one_size, weights)
    return bool(np.mean(gains) > sure * np.std(gains) / np.sqrt(len(gains)))


@dataclass(frozen=True)
class _Smooth:
    """A smooth fit and what it leaves.

    Attributes:
        surrogate: The fit.
        residuals: Of the target, shape (P,).
        size: Standard deviation of those of weight one, the fit's degrees of freedom considered.
    """

    surrogate: Polynomial
    residuals: Array
    size: float

    @classmethod
    def of(cls, task: Task) -> _Smooth:
        """The best polynomial of a task, whose rows all vary."""
        surrogate = fit_surrogates(task.X, Response.of(task))[0]
        off = task.y - surrogate.targets(task.X, task.y)
        spare = max(task.n_rows - len(surrogate.coefficients), 1)
        return cls(surrogate, off, math.sqrt(float(np.sum((task.root_weights * off) ** 2)) / spare))


def _is_noise(of_some: _Smooth, task: Task, settings: NoiseSettings) -> bool:
    """Whether what a smooth fit leaves is noise: no more rows make it smaller, and nothing predicts it.

    A law that no polynomial of so few rows follows leaves residuals that look like noise.

    Args:
        of_some: The fit of the first rows.
        task: All rows.
        settings: When a fit learns, and what tests of what it leaves ask for.
    """
    of_all = of_some if task.n_rows <= settings.most_rows else _Smooth.of(task.first(MANY_ROWS))
    if of_some.size > settings.still_learns * of_all.size:
        return False
    seen = task.first(len(of_all.residuals))
    return not has_structure(seen.X, seen.root_weights * of_all.residuals, settings.residuals)


def _log_likelihoods(residuals: Array, weights: Array) -> Array:
    """Logarithms of normal densities of the likeliest scale, up to a constant, shape (P,)."""
    squares = weights * np.square(residuals)
    variance = max(float(np.mean(squares)), np.finfo(np.float64).tiny)
    return np.asarray(-0.5 * (squares / variance + np.log(variance)))
