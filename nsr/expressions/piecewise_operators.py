"""Operators whose values have kinks and jumps: extremes, steps, roundings, comparisons and cases.

Comparisons are 1 where they hold and 0 elsewhere; a condition holds where it is not 0. Nothing is searched
with them unless users name them, but for the stage that looks for laws with cases (`nsr.search.cases`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions import dimensions, intervals
from nsr.expressions.dimensions import DIMENSIONLESS, Dimension, Quantity
from nsr.expressions.intervals import Bounds
from nsr.expressions.operator import Imported, Operator, called, code

Array = NDArray[np.float64]


def _flat(*arguments: Array) -> Array:
    """The derivative of what does not change between its jumps."""
    return np.zeros_like(np.sum(np.broadcast_arrays(*arguments), axis=0))


def _kept(function: Callable[[Array], Any]) -> Callable[[Array, Array], Array]:
    """The inverse of a function that is level: the present argument where its value is the wanted one."""
    return lambda wanted, now: np.where(function(now) == wanted, now, np.nan)


def _share(is_first: Callable[[Array, Array], Any], place: int) -> Callable[[Array, Array], Array]:
    """The derivative of an extreme by one of its arguments: half where both are equal, as torch has it."""

    def derivative(a: Array, b: Array) -> Array:
        first = np.where(a == b, 0.5, is_first(a, b) * 1.0)
        return np.asarray(first if place == 0 else 1 - first)

    return derivative


def _counted(arguments: Sequence[Quantity]) -> Dimension:
    """A number, from arguments of one unit."""
    dimensions.alike(arguments)
    return DIMENSIONLESS


def _of_cases(arguments: Sequence[Quantity]) -> Dimension:
    """The unit that both cases have; the condition is a number."""
    dimensions.numbers(arguments[:1])
    return dimensions.alike(arguments[1:])


def _smaller(a: Bounds, b: Bounds) -> Bounds:
    return np.minimum(a[0], b[0]), np.minimum(a[1], b[1])


def _larger(a: Bounds, b: Bounds) -> Bounds:
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def _remainder(_: Bounds, b: Bounds) -> Bounds:
    """Of a remainder, which is between 0 and the divisor; nothing is known where that may be 0."""
    has_zero = (b[0] <= 0) & (b[1] >= 0)
    low, high = np.minimum(b[0], 0.0), np.maximum(b[1], 0.0)
    return np.where(has_zero, -np.inf, low), np.where(has_zero, np.inf, high)


def _is_less(a: Bounds, b: Bounds) -> Bounds:
    return np.where(a[1] < b[0], 1.0, 0.0), np.where(a[0] < b[1], 1.0, 0.0)


def _is_greater(a: Bounds, b: Bounds) -> Bounds:
    return _is_less(b, a)


def _either(condition: Bounds, a: Bounds, b: Bounds) -> Bounds:
    """Of cases: the bounds of that which holds, or of both where it is not known which does."""
    holds = (condition[0] > 0) | (condition[1] < 0)
    fails = (condition[0] == 0) & (condition[1] == 0)
    both = np.minimum(a[0], b[0]), np.maximum(a[1], b[1])
    return tuple(  # type: ignore[return-value]
        np.where(holds, own, np.where(fails, other, either))
        for own, other, either in zip(a, b, both, strict=True)
    )


def _operator(name: str, arity: int, **known: Any) -> Operator:
    """A piecewise operator, whose tensor and SymPy forms have its name in their modules."""
    function = "nearest" if name == "round" else name  # which is Python's own
    return Operator(
        name, arity, Imported("nsr.expressions.tensor_functions", function),
        Imported("nsr.expressions.sympy_functions", function), group="piecewise", **known,
    )  # fmt: skip


def _rounding(name: str, numpy: Callable[..., Any], written: Mapping[str, str], **known: Any) -> Operator:
    return _operator(
        name, 1, numpy=numpy, code=written, derivatives=(_flat,), inverses=(_kept(numpy),),
        scalar=_scalar(numpy), interval=intervals.increasing(numpy, rounding=intervals.EXACT), **known,
    )  # fmt: skip


def _scalar(function: Callable[..., Any]) -> Callable[..., float]:
    return lambda *values: float(function(*values))


def _extreme(name: str, of_arrays: str) -> dict[str, str]:
    """What languages call the smaller or the larger of two numbers."""
    call = f"{name}({{0}}, {{1}})"
    return code(
        f"np.{of_arrays}({{0}}, {{1}})", c=f"f{call}", python=call, excel=f"{name.upper()}({{0}},{{1}})",
        matlab=call, julia=call,
    )  # fmt: skip


def _comparison(relation: str) -> dict[str, str]:
    """How languages write a relation that counts as 1 or 0."""
    return code(
        f"np.where({relation}, 1.0, 0.0)", c=f"({relation} ? 1.0 : 0.0)", python=f"float({relation})",
        excel=f"IF({relation},1,0)", matlab=f"double({relation})", julia=f"Float64({relation})",
    )  # fmt: skip


def _less(a: Array, b: Array) -> Array:
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.less(a, b) * 1.0)


def _greater(a: Array, b: Array) -> Array:
    return _less(b, a)


def _step(a: Array) -> Array:
    return _less(np.zeros_like(a), a)


def _where(condition: Array, a: Array, b: Array) -> Array:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, a, b))


PIECEWISE: tuple[Operator, ...] = (
    _operator(
        "minimum", 2, is_symmetric=True,
        numpy=np.minimum, scalar=_scalar(np.minimum),
        code=_extreme("min", "minimum"),
        aliases=("min", "Min"), derivatives=(_share(np.less, 0), _share(np.less, 1)),
        unit_rule=dimensions.alike, interval=_smaller,
        inverses=(
            lambda t, _a, b: np.where(b >= t, t, np.nan),
            lambda t, a, _b: np.where(a >= t, t, np.nan),
        ),
    ),
    _operator(
        "maximum", 2, is_symmetric=True,
        numpy=np.maximum, scalar=_scalar(np.maximum),
        code=_extreme("max", "maximum"),
        aliases=("max", "Max"), derivatives=(_share(np.greater, 0), _share(np.greater, 1)),
        unit_rule=dimensions.alike, interval=_larger,
        inverses=(
            lambda t, _a, b: np.where(b <= t, t, np.nan),
            lambda t, a, _b: np.where(a <= t, t, np.nan),
        ),
    ),
    _operator(
        "mod", 2, numpy=np.mod, scalar=lambda a, b: a % b,
        code=code(
            "np.mod({0}, {1})", python="(({0}) % ({1}))",
            c="(fmod({0}, {1}) + (fmod({0}, {1})*({1}) < 0 ? ({1}) : 0.0))",
            excel="MOD({0},{1})", matlab="mod({0}, {1})", julia="mod({0}, {1})",
        ),
        aliases=("Mod",),
        derivatives=(lambda a, _b: np.ones_like(a), lambda a, b: -np.floor(a / b)),
        unit_rule=dimensions.alike, interval=_remainder,
        inverses=(
            lambda t, a, b: np.where(np.abs(t) < np.abs(b), t + b * np.floor(a / b), np.nan),
            lambda t, a, b: (a - t) / np.floor(a / b),
        ),
    ),
    _operator(
        "less", 2, numpy=_less, scalar=_scalar(_less), code=_comparison("{0} < {1}"), unit_rule=_counted,
        derivatives=(_flat, _flat), interval=_is_less,
        inverses=(
            lambda t, a, b: np.where(_less(a, b) == t, a, np.nan),
            lambda t, a, b: np.where(_less(a, b) == t, b, np.nan),
        ),
    ),
    _operator(
        "greater", 2, numpy=_greater, scalar=_scalar(_greater), code=_comparison("{0} > {1}"),
        unit_rule=_counted, derivatives=(_flat, _flat), interval=_is_greater,
        inverses=(
            lambda t, a, b: np.where(_greater(a, b) == t, a, np.nan),
            lambda t, a, b: np.where(_greater(a, b) == t, b, np.nan),
        ),
    ),
    _operator(
        "where", 3, numpy=_where, scalar=_scalar(_where), unit_rule=_of_cases, interval=_either,
        code=code(
            "np.where({0} != 0, {1}, {2})", c="({0} != 0 ? {1} : {2})", python="({1} if {0} != 0 else {2})",
            excel="IF({0}<>0,{1},{2})", julia="({0} != 0 ? {1} : {2})",
        ),
        derivatives=(
            _flat,
            lambda c, _a, _b: (c != 0) * 1.0,
            lambda c, _a, _b: (c == 0) * 1.0,
        ),
        inverses=(
            lambda t, c, a, b: np.where(t == a, 1.0, np.where(t == b, 0.0, np.nan)) + 0.0 * c,
            lambda t, c, a, b: np.where(c != 0, t, np.where(t == b, a, np.nan)),
            lambda t, c, a, b: np.where(c == 0, t, np.where(t == a, b, np.nan)),
        ),
    ),
    _rounding(
        "sign", np.sign, called("sign", np.sign) | {
            "c": "((double)({0} > 0) - ({0} < 0))", "python": "float(({0} > 0) - ({0} < 0))"
        }, aliases=("sgn",), parity="odd",
        unit_rule=_counted,
    ),
    _rounding(
        "step", _step, _comparison("{0} > 0"), aliases=("heaviside", "Heaviside"), unit_rule=_counted,
        is_nonnegative=True,
    ),
    _rounding("floor", np.floor, called("floor", np.floor, excel="INT"), unit_rule=dimensions.alike),
    _rounding(
        "ceil", np.ceil, called("ceil", np.ceil) | {"excel": "(-INT(-({0})))"}, aliases=("ceiling",),
        unit_rule=dimensions.alike,
    ),
    # Where two whole numbers are as near, to the even one.
    _rounding(
        "round", np.rint,
        called("round", np.rint, c="rint", python="round") | {
            "excel": "(INT({0}+0.5)-IF(MOD({0},2)=0.5,1,0))",
            "matlab": "(floor({0} + 0.5) - (mod({0}, 2) == 0.5))",
        },
        unit_rule=dimensions.alike,
    ),
)  # fmt: skip
