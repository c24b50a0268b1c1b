"""Functions of the target that have an inverse: what a family may be linear in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.operators import OPERATORS

Array = NDArray[np.float64]

_LARGEST_WEIGHT = 10.0
_EXTREME = 1e12


@dataclass(frozen=True)
class Transform:
    """A function of the target with its inverse.

    Attributes:
        names: Operators from the target outwards, such as ("square", "inv"); each has an inverse.
    """

    names: tuple[str, ...]

    @property
    def inverse(self) -> tuple[str, ...]:
        """Operators that undo them."""
        inverses = (OPERATORS[name].inverse for name in reversed(self.names))
        return tuple(name for name in inverses if name is not None)

    @property
    def hides_sign(self) -> bool:
        """Whether a target and its negative have the same transform."""
        return bool(self.names) and OPERATORS[self.names[0]].parity == "even"

    def slope(self, y: Array) -> Array:
        """Derivative by the target."""
        result, inner = np.ones_like(y), y
        for name in self.names:
            operator = OPERATORS[name]
            assert operator.numpy is not None
            result, inner = result * operator.derivatives[0](inner), operator.numpy(inner)
        return result

    def of_target(self, y: Array) -> Array:
        """The transformed target; NaN outside the domain."""
        form = applied(self.names, variable(0))
        return np.asarray(Program([form]).values(y[:, None])[0], dtype=np.float64)

    def own_weights(self, y: Array, weights: Array) -> Array:
        """By how much errors of the transform matter, where errors of the target matter by the weights."""
        with np.errstate(all="ignore"):
            return moderated(weights / np.abs(self.slope(y)))


TRANSFORMS = (
    Transform(()),
    Transform(("inv",)),
    Transform(("square",)),
    Transform(("log",)),
    Transform(("square", "inv")),
    Transform(("sqrt",)),
    Transform(("exp",)),
    Transform(("sin",)),
    Transform(("cos",)),
    Transform(("tan",)),
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
