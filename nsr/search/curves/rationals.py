"""Polynomials, and ratios of them, of one variable."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray
from scipy.linalg import lstsq

from nsr.clock import Clock
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant, variable
from nsr.search.curves.fitting import Fit, best_fits
from nsr.search.curves.weighting import reweighted
from nsr.search.curves_settings import CurvesSettings
from nsr.search.state import State

Array = NDArray[np.float64]

Degrees = tuple[int, int, int]  # above and below the line, and the lowest power above the line
# Those that grow, and those that end level or at a pole, the simpler ones first.
_RATIOS: tuple[Degrees, ...] = (
    (0, 1, 0), (1, 1, 0), (0, 2, 0), (1, 2, 0), (2, 1, 0), (1, 2, 1), (2, 2, 1), (2, 2, 0), (1, 3, 0),
    (0, 3, 0), (3, 1, 0), (2, 3, 0), (3, 2, 0), (3, 3, 1), (3, 3, 0), (0, 4, 0), (4, 4, 0),
)  # fmt: skip
_X = variable(0)


def polynomials(state: State, settings: CurvesSettings = CurvesSettings()) -> dict[str, Expression]:
    """Polynomials of least loss, of rising degree, by their names, solved on an orthogonal basis."""
    x, y = state.X[:, 0], state.y
    n_degrees = min(settings.max_degree, len(np.unique(x)) - 1, state.n_rows // settings.rows_each - 1)
    forms = {}
    for degree in range(1, n_degrees + 1):
        fitted = _fitted(x, y, degree, state)
        coefficients = fitted.convert(kind=Polynomial).coef
        name = f"polynomial of degree {degree}" if degree > 1 else "straight line"
        forms[name] = _polynomial([constant(float(c)) for c in coefficients], 0)
    return forms


def _fitted(x: Array, y: Array, degree: int, state: State) -> Chebyshev:
    domain = np.array([np.min(x), np.max(x)])
    basis = chebvander((2 * x - domain.sum()) / np.ptp(domain), degree)

    def solve(roots: Array) -> Array:
        return np.asarray(lstsq(basis * roots[:, None], y * roots)[0])

    return Chebyshev(reweighted(state, solve, lambda coefficients: basis @ coefficients), domain)


def rational_fits(state: State, clock: Clock, settings: CurvesSettings = CurvesSettings()) -> list[Fit]:
    """Ratios of polynomials of low degree, from iterated linear least squares."""
    found: dict[Degrees, Fit] = {}
    for degrees in _RATIOS:
        if clock.is_over:
            break
        starts = _levy(state, *degrees, settings.n_levy) + [
            _padded(fit.constants, own, degrees) for own, fit in found.items() if _is_within(own, degrees)
        ]
        above, below, lowest = degrees
        hole = Expression((PLACEHOLDER,))
        numerator = _polynomial([hole] * (above - lowest + 1), lowest)
        denominator = apply("add", constant(1.0), _polynomial([hole] * below, 1))
        name = f"rational function of degree {above} over {below}"
        form = apply("div", numerator, denominator)
        for fit in best_fits(form, starts, state, clock, name=name, settings=settings):
            found[degrees] = fit
    return list(found.values())


def _is_within(own: Degrees, other: Degrees) -> bool:
    """Whether ratios of the first degrees are ones of the others, some of whose coefficients are zero."""
    return own[0] <= other[0] and own[1] <= other[1] and own[2] >= other[2]


def _padded(constants: tuple[float, ...], own: Degrees, other: Degrees) -> tuple[float, ...]:
    """Coefficients of a ratio as those of one of higher degree."""
    split = own[0] - own[2] + 1
    above = (0.0,) * (own[2] - other[2]) + constants[:split] + (0.0,) * (other[0] - own[0])
    return above + constants[split:] + (0.0,) * (other[1] - own[1])


def _levy(state: State, above: int, below: int, lowest: int, n_rounds: int) -> list[tuple[float, ...]]:
    """Coefficients of y (1 + d x + ...) = a + b x + ... (Levy 1959), weighted by the last denominator.

    The reweighting is that of Sanathanan and Koerner (1963), and the loss's own. Every round is a start. On
    the left the target is the one that is expected, where that is known: noise that stands in a column draws
    its coefficient to zero.
    """
    x, y, weights = state.X[:, 0], state.y, state.root_weights
    numerator = x[:, None] ** np.arange(lowest, above + 1)
    denominator = x[:, None] ** np.arange(1, below + 1)
    columns = np.column_stack((numerator, -state.centre[:, None] * denominator))
    if columns.shape[1] >= len(y) or not np.all(np.isfinite(columns)):
        return []
    norms = np.linalg.norm(columns, axis=0)
    scaling = np.ones_like(y)
    starts = []
    for _ in range(n_rounds):
        w = weights / np.abs(scaling)
        solution = np.linalg.lstsq(columns / norms * w[:, None], y * w, rcond=1e-14)[0] / norms
        starts.append(tuple(solution.tolist()))
        scaling = 1 + denominator @ solution[numerator.shape[1] :]
        if not np.min(np.abs(scaling)) > 0:
            break
        if not state.loss.is_quadratic:
            with np.errstate(all="ignore"):
                own = np.sqrt(state.curvature(numerator @ solution[: numerator.shape[1]] / scaling))
            weights = own if np.all(np.isfinite(own)) else weights
    return starts


def _polynomial(coefficients: list[Expression], lowest: int) -> Expression:
    """The sum of coefficients times rising powers of the variable."""
    terms = []
    for power, coefficient in enumerate(coefficients, start=lowest):
        if power == 0:
            terms.append(coefficient)
        elif power == 1:
            terms.append(apply("mul", coefficient, _X))
        else:
            terms.append(apply("mul", coefficient, apply("pow", _X, constant(float(power)))))
    return reduce(lambda a, b: apply("add", a, b), terms)
