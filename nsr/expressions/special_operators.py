"""Special functions of one number, as SciPy computes them; searched with where users name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions import intervals
from nsr.expressions.intervals import Bounds
from nsr.expressions.operator import Imported, Operator

Array = NDArray[np.float64]

# The gamma function is least at the positive root of digamma.
_LEAST_AT, _LEAST = 1.4616321449683623, 0.8856031944108887
# Newton steps from a present argument to a wanted one, and how near the value must be then.
_STEPS, _NEAR = 50, 1e-9
# Nearly zero.
_TINY = 1e-300
# Points where a Bessel function turns that are known.
_N_TURNS = 30


def _scipy(name: str) -> Callable[..., Any]:
    return Imported("scipy.special", name)


_GAMMA, _LOGGAMMA, _DIGAMMA, _ERF = (_scipy(name) for name in ("gamma", "gammaln", "digamma", "erf"))
_J0, _J1, _Y0, _Y1 = (_scipy(name) for name in ("j0", "j1", "y0", "y1"))


def _newton(function: Callable[..., Any], slope: Callable[..., Any]) -> Callable[[Array, Array], Array]:
    """The inverse near the present argument, by Newton's method."""

    def inverse(wanted: Array, now: Array) -> Array:
        found = np.array(now, dtype=np.float64)
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                found = found - (function(found) - wanted) / slope(found)
            off = np.abs(function(found) - wanted)
            return np.where(off <= _NEAR * (1 + np.abs(wanted)), found, np.nan)

    return inverse


def _of_gamma(function: Callable[..., Any], least: float) -> intervals.Form:
    """Bounds of the gamma function, or of its logarithm, of positive numbers; elsewhere it has poles."""

    def form(a: Bounds) -> Bounds:
        low, high = a
        is_known = low > 0
        ends = [function(np.where(is_known, end, 1.0)) for end in (low, high)]
        inside = (low <= _LEAST_AT) & (high >= _LEAST_AT)
        lowest = np.where(inside, least, np.minimum(*ends))
        slack = intervals.ROUNDING * (1 + np.abs(ends[0]) + np.abs(ends[1]))
        highest = np.maximum(*ends) + slack
        return np.where(is_known, lowest - slack, -np.inf), np.where(is_known, highest, np.inf)

    return form


def _oscillating(function: Callable[..., Any], turns: Callable[[], Array]) -> intervals.Form:
    """Bounds of a Bessel function: of its ends, and of what lies between them of the points where it turns.

    Args:
        function: What is bounded; beyond the last of these points it is within its value there.
        turns: The first of these points that are positive; it is even or odd.
    """

    def form(a: Bounds) -> Bounds:
        low, high = a
        positive = turns()
        points = np.concatenate((-positive, [0.0], positive))
        inside = (low[:, None] <= points) & (points <= high[:, None])
        values = np.asarray(function(points))
        farthest = positive[-1]
        ends = np.asarray(function(np.clip(np.stack(a), -farthest, farthest)))
        bounds = []
        for extreme, sign in ((np.min, 1.0), (np.max, -1.0)):
            between = extreme(np.where(inside, values, sign * np.inf), axis=1)
            beyond = np.maximum(np.abs(low), np.abs(high)) > farthest
            envelope = np.where(beyond, -sign * abs(float(function(farthest))), sign * np.inf)
            bounds.append(extreme(np.stack((between, *ends, envelope)), axis=0) - sign * intervals.ROUNDING)
        return bounds[0], bounds[1]

    return form


def _oscillating_of_positive(function: Callable[..., Any], turns: Callable[[], Array]) -> intervals.Form:
    """Bounds of a Bessel function of the second kind, which falls without end towards zero.

    Args:
        function: What is bounded.
        turns: The first points where it turns.
    """
    of_size = _oscillating(lambda a: function(np.maximum(np.abs(a), _TINY)), turns)

    def form(a: Bounds) -> Bounds:
        low, high = a
        bounds = of_size((np.maximum(low, _TINY), np.maximum(high, _TINY)))
        return np.where(low > 0, bounds[0], -np.inf), bounds[1]

    return form


@cache
def _turns_of_y0() -> Array:
    return np.asarray(_scipy("yn_zeros")(1, _N_TURNS))


@cache
def _turns_of_y1() -> Array:
    return np.asarray(_scipy("ynp_zeros")(1, _N_TURNS))


@cache
def _turns_of_j0() -> Array:
    return np.asarray(_scipy("jn_zeros")(1, _N_TURNS))


@cache
def _turns_of_j1() -> Array:
    return np.asarray(_scipy("jnp_zeros")(1, _N_TURNS))


def _slope_of_gamma(a: Array) -> Array:
    return np.asarray(_GAMMA(a) * _DIGAMMA(a))


def _slope_of_erf(a: Array) -> Array:
    return np.asarray(2 / np.sqrt(np.pi) * np.exp(-np.square(a)))


def _slope_of_j0(a: Array) -> Array:
    return np.asarray(-_J1(a))


def _slope_of_j1(a: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(a == 0, 0.5, _J0(a) - _J1(a) / a)


def _slope_of_y0(a: Array) -> Array:
    return np.asarray(-_Y1(a))


def _slope_of_y1(a: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(np.asarray(a) > 0, _Y0(a) - _Y1(a) / a, np.nan)


def _special(
    name: str, numpy: Callable[..., Any], slope: Callable[..., Any], written: dict[str, str], **known: Any
) -> Operator:
    """A special function, whose tensor and SymPy forms have its name in their modules."""
    return Operator(
        name, 1, Imported("nsr.expressions.tensor_functions", name),
        Imported("nsr.expressions.sympy_functions", name), complexity=2, group="special", numpy=numpy,
        scalar=lambda value: float(numpy(value)), code=written, derivatives=(slope,),
        inverses=(_newton(numpy, slope),), **known,
    )  # fmt: skip


def _coded(name: str, of_scipy: str, **others: str) -> dict[str, str]:
    """What languages call a special function that most have."""
    of_arrays = f"scipy.special.{of_scipy}({{0}})"
    forms = {
        "c": f"{name}({{0}})", "python": f"math.{name}({{0}})", "numpy": of_arrays, "jax": f"jax.{of_arrays}",
        "excel": f"{name.upper()}({{0}})", "matlab": f"{name}({{0}})",
        "julia": f"SpecialFunctions.{name}({{0}})",
    }  # fmt: skip
    return forms | others


def _bessel(kind: str, order: int) -> dict[str, str]:
    """What languages call a Bessel function of the kind `j` or `y`."""
    return {
        "c": f"{kind}{order}({{0}})",
        "numpy": f"scipy.special.{kind}{order}({{0}})",
        "excel": f"BESSEL{kind.upper()}({{0}},{order})",
        "matlab": f"bessel{kind}({order}, {{0}})",
        "julia": f"SpecialFunctions.bessel{kind}{order}({{0}})",
    }


SPECIAL: tuple[Operator, ...] = (
    _special(
        "gamma", _GAMMA, _slope_of_gamma, _coded("gamma", "gamma", c="tgamma({0})"),
        interval=_of_gamma(_GAMMA, _LEAST),
    ),
    _special(
        "loggamma", _LOGGAMMA, _DIGAMMA,
        _coded(
            "lgamma", "gammaln", excel="IF({0}>0,GAMMALN({0}),LN(ABS(GAMMA({0}))))", matlab="gammaln({0})",
            julia="SpecialFunctions.logabsgamma({0})[1]",
        ),
        aliases=("gammaln", "lgamma"), interval=_of_gamma(_LOGGAMMA, float(np.log(_LEAST))),
    ),
    _special(
        "erf", _ERF, _slope_of_erf, _coded("erf", "erf"), parity="odd",
        interval=intervals.increasing(_ERF, -1.0, 1.0),
    ),
    _special(
        "bessel_j0", _J0, _slope_of_j0, _bessel("j", 0), aliases=("j0",), parity="even",
        interval=_oscillating(_J0, _turns_of_j0),
    ),
    _special(
        "bessel_j1", _J1, _slope_of_j1, _bessel("j", 1), aliases=("j1",), parity="odd",
        interval=_oscillating(_J1, _turns_of_j1),
    ),
    _special(
        "bessel_y0", _Y0, _slope_of_y0, _bessel("y", 0), domain=(0.0, np.inf),
        interval=_oscillating_of_positive(_Y0, _turns_of_y0),
    ),
    _special(
        "bessel_y1", _Y1, _slope_of_y1, _bessel("y", 1), domain=(0.0, np.inf),
        interval=_oscillating_of_positive(_Y1, _turns_of_y1),
    ),
)  # fmt: skip
