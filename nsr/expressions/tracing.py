"""Functions of arrays written down as expressions, by calling them with arguments that keep a record.

NumPy asks arguments of a type of their own what a universal function makes of them (`__array_ufunc__`, NEP
13) and what other functions do (`__array_function__`, NEP 18).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS

# NumPy's functions that have an operator of another name, or none of their own.
_NAMES: dict[Any, str] = {
    np.add: "add", np.subtract: "sub", np.multiply: "mul", np.divide: "div", np.power: "pow",
    np.float_power: "pow", np.negative: "neg", np.reciprocal: "inv", np.absolute: "abs", np.fabs: "abs",
    np.square: "square", np.minimum: "minimum", np.maximum: "maximum", np.fmin: "minimum",
    np.fmax: "maximum", np.remainder: "mod", np.less: "less", np.greater: "greater", np.sign: "sign",
    np.floor: "floor", np.ceil: "ceil", np.rint: "round",
}  # fmt: skip
_COMPOSED: dict[Any, Callable[[Expression], Expression]] = {
    np.positive: lambda a: a,
    np.cbrt: lambda a: apply("mul", apply("sign", a), apply("pow", apply("abs", a), constant(1 / 3))),
    np.log2: lambda a: apply("div", apply("log", a), constant(math.log(2))),
    np.log10: lambda a: apply("div", apply("log", a), constant(math.log(10))),
    np.log1p: lambda a: apply("log", apply("add", constant(1.0), a)),
    np.expm1: lambda a: apply("sub", apply("exp", a), constant(1.0)),
    np.exp2: lambda a: apply("exp", apply("mul", constant(math.log(2)), a)),
}


class _UnknownError(TypeError):
    """Something is done that has no operator."""


class _Traced(NDArrayOperatorsMixin):
    """An argument, or what was made of arguments."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> _Traced:
        if method != "__call__" or options:
            raise _UnknownError
        return _Traced(_applied(ufunc, [_expression(value) for value in inputs]))

    def __array_function__(self, function: Any, _: Any, arguments: Any, options: Any) -> _Traced:
        if function is not np.where or options or len(arguments) != 3:
            raise _UnknownError
        return _Traced(apply("where", *(_expression(value) for value in arguments)))

    def __bool__(self) -> bool:
        raise _UnknownError


def traced(function: Callable[..., Any], arity: int) -> Expression | None:
    """The expression of a function of this many arguments; None where it is not one of known operators."""
    try:
        found = function(*(_Traced(variable(i)) for i in range(arity)))
        return _expression(found)
    except Exception:
        return None


def _expression(value: Any) -> Expression:
    if isinstance(value, _Traced):
        return value.expression
    number = float(value)
    if not math.isfinite(number):
        raise _UnknownError
    return constant(number)


def _applied(ufunc: Any, arguments: list[Expression]) -> Expression:
    if ufunc in _COMPOSED:
        return _COMPOSED[ufunc](*arguments)
    name = _NAMES.get(ufunc)
    if name is None:
        known = (o.name for o in OPERATORS.values() if o.numpy is ufunc or o.name == ufunc.__name__)
        name = next(known, None)
    if name is None:
        raise _UnknownError
    return apply(name, *arguments)
