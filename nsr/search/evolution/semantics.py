"""Semantic backpropagation: the values that a part of an equation should have for the whole to be right.

The target is taken back through every operator between the root and the part (Pawlak, Wieloch and Krawiec,
"Semantic backpropagation for designing search operators in genetic programming", IEEE Transactions on
Evolutionary Computation 19, 2015). Where an operator has several inverses, the one nearest to the part's
present values is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable

Array = NDArray[np.float64]

# Operators of one argument that have one inverse.
_INVERSES: dict[str, Callable[[Array], Array]] = {
    "neg": lambda t: -t,
    "inv": lambda t: 1 / t,
    "sqrt": lambda t: np.where(t >= 0, t**2, np.nan),
    "cube": np.cbrt,
    "exp": np.log,
    "log": np.exp,
    "asin": lambda t: np.where(np.abs(t) <= np.pi / 2, np.sin(t), np.nan),
    "acos": lambda t: np.where(np.abs(t - np.pi / 2) <= np.pi / 2, np.cos(t), np.nan),
    "atan": lambda t: np.where(np.abs(t) < np.pi / 2, np.tan(t), np.nan),
    "sinh": np.arcsinh,
    "tanh": np.arctanh,
}

# Those that have several, and the one nearest to the argument's present values.
_NEAREST_INVERSES: dict[str, Callable[[Array, Array], Array]] = {
    "abs": np.copysign,
    "square": lambda t, now: np.copysign(np.sqrt(t), now),
    "cosh": lambda t, now: np.copysign(np.arccosh(t), now),
    "sin": lambda t, now: _nearest(now, 2 * np.pi, np.arcsin(t), np.pi - np.arcsin(t)),
    "cos": lambda t, now: _nearest(now, 2 * np.pi, np.arccos(t), -np.arccos(t)),
    "tan": lambda t, now: _nearest(now, np.pi, np.arctan(t)),
}

# Operators of two arguments: for the left and for the right one, from the target and the other argument.
_BINARY_INVERSES: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "add": (lambda t, other: t - other, lambda t, other: t - other),
    "sub": (lambda t, other: t + other, lambda t, other: other - t),
    "mul": (lambda t, other: t / other, lambda t, other: t / other),
    "div": (lambda t, other: t * other, lambda t, other: other / t),
    "pow": (lambda t, other: np.abs(t) ** (1 / other), lambda t, other: np.log(t) / np.log(other)),
}


def desired(context: Expression, hole: int, X: Array, y: Array) -> Array:
    """The values of one variable for which an equation gives the target.

    Args:
        context: An equation in which the variable `hole` occurs once.
        hole: Index of the variable.
        X: Variables, shape (P, D); the column `hole` has the present values.
        y: Target, shape (P,).

    Returns:
        Shape (P,); not finite where no value gives the target.
    """
    with np.errstate(all="ignore"):
        target = y
        while context != variable(hole):
            side = next(i for i, child in enumerate(context.children) if hole in child.variables)
            values = np.asarray(Program(list(context.children)).values(X), dtype=np.float64)
            target = _inverted(str(context.tokens[0]), target, values, side)
            context = context.children[side]
    return target


def _inverted(name: str, target: Array, values: Array, side: int) -> Array:
    """What one argument of an operator must be for the target, the others being as they are.

    Args:
        name: The operator.
        target: Shape (P,).
        values: Present values of the arguments, shape (1 or 2, P).
        side: Which argument.
    """
    now = values[side]
    if name in _INVERSES:
        return _INVERSES[name](target)
    if name in _NEAREST_INVERSES:
        return _NEAREST_INVERSES[name](target, now)
    if name not in _BINARY_INVERSES:  # an operator of the user's
        return np.full_like(target, np.nan)
    wanted = _BINARY_INVERSES[name][side](target, values[1 - side])
    return np.copysign(wanted, now) if name == "pow" and side == 0 else wanted


def _nearest(now: Array, period: float, *branches: Array) -> Array:
    """Of periodic branches, the values nearest to the present ones."""
    shifted = np.stack([branch + period * np.round((now - branch) / period) for branch in branches])
    nearest = np.argmin(np.abs(shifted - now), axis=0)
    return np.asarray(np.take_along_axis(shifted, nearest[None], axis=0)[0])
