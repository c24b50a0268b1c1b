"""What of the target polynomials are fitted to: itself or a transform, and how much its errors matter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.operators import OPERATORS, Operator
from nsr.task import Task

Array = NDArray[np.float64]

# Targets of more than this size have no exponentials that a polynomial could give.
_LARGEST_EXPONENT = 12.0
# Larger values have squares that cannot be added up.
_LARGEST = 1e120
# Transforms that a target cannot have are taken for the smallest that it can.
_SMALLEST = 1e-300
# Exponents of a reciprocal.
RECIPROCAL = (-1.0,)


@dataclass(frozen=True)
class Output:
    """What of the target a polynomial gives: the target itself, or operators of it.

    Where the operators do not tell, or not take, signs, it is one of the target's size.

    Attributes:
        names: Operators from the target outwards, each with an inverse and a derivative; none for the target
            itself.
    """

    names: tuple[str, ...] = ()

    @property
    def keeps_sign(self) -> bool:
        """Whether the transform tells the target's sign."""
        return all(o.parity != "even" and o.domain[0] < 0 for o in self._operators)

    @property
    def is_logarithm(self) -> bool:
        """Whether it makes a sum of a product."""
        return len(self.names) == 1 and self._operators[0].is_logarithm

    @property
    def inverse(self) -> tuple[str, ...]:
        """Operators, the innermost first, that give the target, or its size, from the transform."""
        return tuple(o.inverse for o in reversed(self._operators) if o.inverse is not None)

    @property
    def _operators(self) -> list[Operator]:
        return [OPERATORS[name] for name in self.names]

    def of_target(self, y: Array) -> Array:
        """The target's transform."""
        return _computed(self.names, y if self.keeps_sign else np.abs(y))

    def is_of(self, y: Array) -> bool:
        """Whether the transform of a target, shape (P,), is worth a polynomial."""
        if any(OPERATORS[name].is_logarithm for name in self.inverse):
            return bool(np.ptp(y) < _LARGEST_EXPONENT and np.max(np.abs(y)) < _LARGEST_EXPONENT)
        # Of a product the size is one, too; the root of a size has a kink where the sign changes, and its
        # reciprocal a pole.
        is_root = any(o.domain[0] >= 0 for o in self._operators) and not self.is_logarithm
        return not (is_root or len(self.names) > 1) or bool(np.all(y > 0))

    def undone(self, transformed: Array, y: Array) -> Array:
        """The target, from the transform and from a value that lends it its sign."""
        is_positive = any(OPERATORS[name].domain[0] == 0 for name in self.inverse)
        size = _computed(self.inverse, np.maximum(transformed, _SMALLEST) if is_positive else transformed)
        return size if self.keeps_sign else np.sign(y) * size

    def slope(self, y: Array) -> Array:
        """The target's derivative by the transform, as a function of the target."""
        sign, inner = (1.0, y) if self.keeps_sign else (np.sign(y), np.abs(y))
        slope = np.ones_like(y)
        with np.errstate(all="ignore"):
            for operator in self._operators:
                slope = slope * operator.derivatives[0](inner)
                inner = _computed((operator.name,), inner)
            return np.asarray(sign / slope, dtype=np.float64)


@dataclass(frozen=True)
class Response:
    """What polynomials are fitted to.

    Attributes:
        y: Target, shape (P,).
        weights: How much an error of the target matters, shape (P,).
        spread: What errors are a share of; 0 is as good as tiny.
        expected: What an earlier fit expects of the target, shape (P,). Transforms of the target are then
            taken to be straight lines there (the working response of generalised linear models; McCullagh and
            Nelder 1989), so that they need not exist for the target itself.
        is_weighted: Whether the weights are those of noise, and count in every fit just as they are.
    """

    y: Array
    weights: Array
    spread: float
    expected: Array | None = None
    is_weighted: bool = False

    @classmethod
    def of(cls, task: Task) -> Response:
        """A task's target."""
        return cls(task.y, task.root_weights, task.spread, task.expected, task.has_noise_model)

    @classmethod
    def plain(cls, y: Array) -> Response:
        """A target whose values are all known equally well."""
        return cls(y, np.ones_like(y), float(np.std(y)))

    @property
    def centre(self) -> Array:
        """Where transforms must exist, shape (P,)."""
        return self.y if self.expected is None else self.expected

    def first(self, n_rows: int | None) -> Response:
        """That of the first rows; of all by default."""
        expected = None if self.expected is None else self.expected[:n_rows]
        return replace(self, y=self.y[:n_rows], weights=self.weights[:n_rows], expected=expected)

    def times(self, factor: float) -> Response:
        """That of the target times a factor of size 1."""
        return replace(
            self, y=factor * self.y, expected=None if self.expected is None else factor * self.expected
        )

    def transformed(self, output: Output) -> tuple[Array, Array]:
        """The transform of the target, and how much an error of it matters, each of shape (P,)."""
        slope = output.slope(self.centre)
        target = output.of_target(self.centre)
        if self.expected is not None:
            target = target + (self.y - self.expected) / slope
        return target, self.weights * np.abs(slope)

    def has(self, output: Output) -> bool:
        """Whether squares of the transform, and of the weights of its errors, can be computed."""
        with np.errstate(all="ignore"):
            return all(bool(np.all(np.abs(values) < _LARGEST)) for values in self.transformed(output))


def _computed(names: tuple[str, ...], values: Array) -> Array:
    with np.errstate(all="ignore"):
        for name in names:
            function = OPERATORS[name].numpy
            assert function is not None
            values = np.asarray(function(values), dtype=np.float64)
    return values


PLAIN = Output()


def outputs() -> list[Output]:
    """The target itself, and transforms of it: where it is a wave, no function of it is smooth.

    Roots have squares that are smooth, poles reciprocals, reciprocals of roots both, squares of sums roots,
    and logarithms exponentials.
    """
    return [PLAIN, *(Output((o.name,)) for o in linearizing() if o.period is None), *map(Output, of_two())]


def of_two() -> list[tuple[str, str]]:
    """Pairs of operators that linearize together: the reciprocals of even powers, such as 1/y^2."""
    return [
        (power.name, reciprocal.name)
        for power in linearizing()
        for reciprocal in linearizing()
        if power.exponents and power.parity == "even" and reciprocal.exponents == RECIPROCAL
    ]


def linearizing() -> list[Operator]:
    """Operators under which a target may be a sum of simple terms, the most promising first."""
    usable = [o for o in OPERATORS.values() if o.linearizes > 0 and o.inverse in OPERATORS]
    return sorted(usable, key=lambda operator: -operator.linearizes)
