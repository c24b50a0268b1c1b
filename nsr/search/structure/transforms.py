"""Functions of the target that have an inverse: what a family may be linear in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable

Array = NDArray[np.float64]

_LARGEST_WEIGHT = 10.0
_EXTREME = 1e12


@dataclass(frozen=True)
class Transform:
    """A function of the target with its inverse.

    Attributes:
        name: Operators from the target outwards, such as ("square", "inv").
        inverse: Operators that undo them.
        slope: Its derivative, up to a factor.
    """

    name: tuple[str, ...]
    inverse: tuple[str, ...]
    slope: Callable[[Array], Array]

    def of_target(self, y: Array) -> Array:
        """The transformed target; NaN outside the domain."""
        form = applied(self.name, variable(0))
        return np.asarray(Program([form]).values(y[:, None])[0], dtype=np.float64)

    def own_weights(self, y: Array, weights: Array) -> Array:
        """By how much errors of the transform matter, where errors of the target matter by the weights."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return moderated(weights / np.abs(self.slope(y)))


TRANSFORMS = (
    Transform((), (), np.ones_like),
    Transform(("inv",), ("inv",), lambda y: y**-2.0),
    Transform(("square",), ("sqrt",), lambda y: y),
    Transform(("log",), ("exp",), lambda y: 1 / y),
    Transform(("square", "inv"), ("inv", "sqrt"), lambda y: y**-3.0),
    Transform(("sqrt",), ("square",), lambda y: y**-0.5),
    Transform(("exp",), ("log",), np.exp),
    Transform(("sin",), ("asin",), np.cos),
    Transform(("cos",), ("acos",), np.sin),
    Transform(("tan",), ("atan",), lambda y: np.cos(y) ** -2.0),
)


def applied(names: tuple[str, ...], expression: Expression) -> Expression:
    """The expression under operators, the first one innermost."""
    for name in names:
        expression = apply(name, expression)
    return expression


def moderated(weights: Array) -> Array:
    """Weights of which none is far above the others."""
    known = np.where(np.isnan(weights), 0.0, weights)
    middle = float(np.median(known)) or 1.0
    return np.minimum(known, _LARGEST_WEIGHT * middle) / middle


def is_moderate(values: Array) -> NDArray[np.bool_]:
    """Whether values, along the last axis, are finite, not all zero, and far from overflow when squared."""
    largest = np.max(np.abs(values), axis=-1)
    return np.asarray((largest > 1 / _EXTREME) & (largest < _EXTREME))
