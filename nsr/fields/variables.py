"""What stands on the right of equations for fields: these and their derivatives, inputs, places, the time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

AXES = ("x", "y")
TIME = "t"
# How often a derivative is taken along each axis.
Orders = tuple[int, ...]


@dataclass(frozen=True)
class FieldVariables:
    """The variables of right-hand sides, in their order: of each field itself and its derivatives, and so on.

    Attributes:
        fields: Names of the fields whose rates are looked for.
        inputs: Names of the fields that act on them and are given.
        n_axes: 1 for fields along x, 2 for fields over x and y.
        order: Of the derivative by time on the left; with 2, rates stand on the right, too.
        most: Highest order of the derivatives by place.
    """

    fields: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    n_axes: int = 1
    order: int = 1
    most: int = 4

    @cached_property
    def derivatives(self) -> tuple[Orders, ...]:
        """All derivatives of a field by place, itself the first, from low orders to high ones."""
        every = itertools.product(range(self.most + 1), repeat=self.n_axes)
        return tuple(
            sorted((a for a in every if sum(a) <= self.most), key=lambda a: (sum(a), *(-i for i in a)))
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of all variables."""
        own = [name for field in (*self.fields, *self.inputs) for name in self._with_derivatives(field)]
        rates = [f"{field}_{TIME}" for field in self.fields] if self.order > 1 else []
        return (*own, *rates, *AXES[: self.n_axes], TIME)

    def place(self, field: int, orders: Orders | None = None) -> int:
        """The number of a field, or an input, whose numbers follow, or of a derivative of it."""
        return field * len(self.derivatives) + (0 if orders is None else self.derivatives.index(orders))

    def rate_place(self, field: int) -> int:
        """The number of a field's rate, where the order is 2."""
        return (len(self.fields) + len(self.inputs)) * len(self.derivatives) + field

    def axis_place(self, axis: int) -> int:
        """The number of x or y, or of the time, which is the last."""
        return len(self.names) - 1 - self.n_axes + axis

    def left(self, field: str) -> str:
        """The left-hand side of a field's equation, such as `u_t`."""
        return f"{field}_{TIME * self.order}"

    def _with_derivatives(self, field: str) -> list[str]:
        return [derivative_name(field, orders) for orders in self.derivatives]


def derivative_name(field: str, orders: Sequence[int]) -> str:
    """`u_xxy` for a field u and the orders (2, 1); the field's own name for none."""
    by = "".join(axis * order for axis, order in zip(AXES, orders, strict=False))
    return f"{field}_{by}" if by else field
