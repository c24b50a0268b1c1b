"""Terms of right-hand sides for fields, each with the form in which test functions integrate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import power
from nsr.fields.variables import FieldVariables, Orders

# Orders of derivatives by the time and along each axis.
AllOrders = tuple[int, ...]

_TWO = constant(2.0)


@dataclass(frozen=True)
class Part:
    """A derivative of something, which a test function's derivative takes over.

    Attributes:
        weight: What it is multiplied by.
        orders: Of the derivative, by time and places.
        inner: What it is of.
    """

    weight: float
    orders: AllOrders
    inner: Expression


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        expression: As it is written.
        parts: What it is the sum of.
    """

    expression: Expression
    parts: tuple[Part, ...]


class TermMaker:
    """Makes terms of the variables of one problem."""

    def __init__(self, variables: FieldVariables) -> None:
        self._variables = variables
        self._none = (0,) * (variables.n_axes + 1)

    def plain(self, expression: Expression) -> Term:
        """A term whose values are integrated as they are."""
        return Term(expression, (Part(1.0, self._none, expression),))

    def derivative(self, field: int, orders: Orders) -> Term:
        """A derivative of a field by place."""
        v = self._variables
        return Term(variable(v.place(field, orders)), (Part(1.0, (0, *orders), variable(v.place(field))),))

    def rate(self, field: int) -> Term:
        """The rate of a field, on the right of equations of order 2."""
        v = self._variables
        first = (1, *(0,) * v.n_axes)
        return Term(variable(v.rate_place(field)), (Part(1.0, first, variable(v.place(field))),))

    def laplacian(self, field: int, times: int = 1) -> Term:
        """The Laplacian of a field, or the Laplacian of that."""
        v, own = self._variables, variable(self._variables.place(field))
        found: dict[Orders, float] = {(0,) * v.n_axes: 1.0}
        for _ in range(times):
            grown: dict[Orders, float] = {}
            for orders, weight in found.items():
                for axis in range(v.n_axes):
                    further = tuple(o + 2 * (i == axis) for i, o in enumerate(orders))
                    grown[further] = grown.get(further, 0.0) + weight
            found = grown
        parts = tuple(Part(weight, (0, *orders), own) for orders, weight in found.items())
        terms = [(weight, variable(v.place(field, orders))) for orders, weight in found.items()]
        return Term(_sum(terms), parts)

    def carried(self, field: int, exponent: int, axis: int) -> Term:
        """u^p u_x, which is the slope of u^(p + 1) / (p + 1)."""
        v = self._variables
        place, first = v.place(field), self._axis(axis)
        expression = apply("mul", power(place, exponent), variable(v.place(field, first)))
        inner = power(place, exponent + 1)
        return Term(expression, (Part(1.0 / (exponent + 1), (0, *first), inner),))

    def carried_by(self, other: int, field: int, axis: int) -> Term:
        """The product v u_x of two fields: the slope of v u without v_x u."""
        v, first = self._variables, self._axis(axis)
        own, by = variable(v.place(field)), variable(v.place(other))
        expression = apply("mul", by, variable(v.place(field, first)))
        other_slope = apply("mul", variable(v.place(other, first)), own)
        parts = (Part(1.0, (0, *first), apply("mul", by, own)), Part(-1.0, self._none, other_slope))
        return Term(expression, parts)

    def spread(self, field: int, exponent: int, axis: int) -> Term:
        """u^p u_xx: the curvature of u^(p + 1) / (p + 1) without p u^(p - 1) u_x^2."""
        v, place = self._variables, self._variables.place(field)
        first, second = self._axis(axis), self._axis(axis, 2)
        slope = variable(v.place(field, first))
        square = apply("pow", slope, _TWO)
        rest = square if exponent == 1 else apply("mul", power(place, exponent - 1), square)
        parts = (
            Part(1.0 / (exponent + 1), (0, *second), power(place, exponent + 1)),
            Part(-float(exponent), self._none, rest),
        )
        return Term(apply("mul", power(place, exponent), variable(v.place(field, second))), parts)

    def diffused(self, field: int, exponent: int) -> Term:
        """The Laplacian of u^(p + 1) / (p + 1): u^p u_xx + p u^(p - 1) u_x^2."""
        v, place = self._variables, self._variables.place(field)
        written: list[tuple[float, Expression]] = []
        parts = []
        for axis in range(v.n_axes):
            second = self._axis(axis, 2)
            square = apply("pow", variable(v.place(field, self._axis(axis))), _TWO)
            lower = square if exponent == 1 else apply("mul", power(place, exponent - 1), square)
            curved = apply("mul", power(place, exponent), variable(v.place(field, second)))
            written += [(1.0, curved), (float(exponent), lower)]
            parts.append(Part(1.0 / (exponent + 1), (0, *second), power(place, exponent + 1)))
        return Term(_sum(written), tuple(parts))

    def square_of_slope(self, field: int, axis: int) -> Term:
        """u_x^2."""
        slope = variable(self._variables.place(field, self._axis(axis)))
        return self.plain(apply("pow", slope, _TWO))

    def at_place(self, axis: int, field: int, orders: Orders) -> Term:
        """A place x times a field, or a derivative of order 1 or 2 along x; or the time times either."""
        v, n_axes = self._variables, self._variables.n_axes
        where, own = variable(v.axis_place(axis)), variable(v.place(field))
        expression = apply("mul", where, variable(v.place(field, orders)))
        parts = [Part(1.0, (0, *orders), apply("mul", where, own))]
        if axis < n_axes and orders[axis]:  # Leibniz: x u_xx = (x u)_xx - 2 u_x
            lower = tuple(o - (i == axis) for i, o in enumerate(orders))
            parts.append(Part(-float(orders[axis]), (0, *lower), own))
        return Term(expression, tuple(parts))

    def _axis(self, axis: int, order: int = 1) -> Orders:
        return tuple(order * (i == axis) for i in range(self._variables.n_axes))


def _sum(terms: Sequence[tuple[float, Expression]]) -> Expression:
    weighted = [one if weight == 1 else apply("mul", constant(weight), one) for weight, one in terms]
    return reduce(lambda a, b: apply("add", a, b), weighted)
