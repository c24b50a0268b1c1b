"""Functions of the target that have an inverse: what a family may be linear in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import values_of
from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.operator_set import ALL_OPERATORS, OperatorSet
from nsr.expressions.operators import OPERATORS
from nsr.search.response import RECIPROCAL, Response, linearizing, of_two
from nsr.search.structure_settings import FamiliesSettings

Array = NDArray[np.float64]

# Weights beyond this multiple of their median would let few rows decide.
_LARGEST_WEIGHT = 10.0
# Values beyond this have squares that lose all digits of others.
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
    def is_of_polynomials(self) -> bool:
        """Whether to look for polynomials under it: their roots, reciprocals and logarithms are laws.

        What has a value everywhere, such as a square, is a polynomial itself or grows faster than any.
        """
        if len(self.names) != 1:
            return not self.names
        (inverse,) = (OPERATORS[name] for name in self.inverse)
        return inverse.domain == (0.0, np.inf) or inverse.exponents == RECIPROCAL

    @property
    def is_elementary(self) -> bool:
        """Whether it is made of powers."""
        return all(OPERATORS[name].exponents for name in self.names)

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
        return values_of(applied(self.names, variable(0)), y[:, None])

    def of_response(self, response: Response) -> tuple[Array, Array]:
        """The transformed target and by how much its errors matter, each of shape (P,); see `Response`.

        Weights that are not those of noise are kept within bounds, as the transform is no straight line.
        """
        centre = response.centre
        target = self.of_target(centre)
        with np.errstate(all="ignore"):
            slope = self.slope(centre)
            weights = response.weights / np.abs(slope)
            if response.expected is not None:
                target = target + (response.y - centre) * slope
        return target, in_proportion(weights) if response.is_weighted else moderated(weights)

    def worthwhile(
        self, response: Response, target: Array, weights: Array, settings: FamiliesSettings
    ) -> float:
        """Share of a transformed target that a relation may leave unexplained; noise that is known counts."""
        if response.expected is None:
            return settings.worthwhile
        with np.errstate(all="ignore"):
            noise = (response.y - response.expected) * self.slope(response.expected)
        share = float(np.sum(np.square(noise * weights)) / np.sum(np.square(target * weights)))
        return max(settings.worthwhile, settings.times_noise * share)


IDENTITY = Transform(())


def transforms(allowed: OperatorSet = ALL_OPERATORS) -> list[Transform]:
    """The target itself, and what it may be a sum of terms under, the most promising first.

    To the single operators come the reciprocals of even powers, such as 1/y^2.

    Args:
        allowed: Operators that equations may have: those that undo a transform are among them.
    """
    operators = [o for o in linearizing() if o.inverse is not None and allowed.has(o.inverse)]
    ranked: list[tuple[float, tuple[str, ...]]] = [
        (operator.linearizes, (operator.name,)) for operator in operators
    ]
    known = {operator.name: operator.linearizes for operator in operators}
    ranked += [(known[a] * known[b], (a, b)) for a, b in of_two() if a in known and b in known]
    ranked.sort(key=lambda one: -one[0])
    return [IDENTITY, *(Transform(names) for _, names in ranked)]


def applied(names: tuple[str, ...], expression: Expression) -> Expression:
    """The expression under operators, the first one innermost."""
    for name in names:
        expression = apply(name, expression)
    return expression


def moderated(weights: Array) -> Array:
    """Weights of which none is far above the others."""
    return np.minimum(in_proportion(weights), _LARGEST_WEIGHT)


def in_proportion(weights: Array) -> Array:
    """Weights with a median of 1."""
    largest = np.max(weights, where=np.isfinite(weights), initial=0.0)
    known = np.nan_to_num(weights, nan=0.0, posinf=largest)
    return np.asarray(known / (float(np.median(known)) or 1.0))


def is_moderate(values: Array) -> NDArray[np.bool_]:
    """Whether values, along the last axis, are finite, not all zero, and far from overflow when squared."""
    largest = np.max(np.abs(values), axis=-1)
    return np.asarray((largest > 1 / _EXTREME) & (largest < _EXTREME))
