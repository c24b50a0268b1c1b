"""Nodes of the canonical algebraic form, as Python sees them.

They stand in the arena of their expression (`nsr.expressions.layout`), each once, so that equal means equal
up to commutation and association. Coefficients are floats, or None for the placeholder, which absorbs what it
meets; exponents are floats.
"""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions.arenas import Arena, NotFinite
from nsr.expressions.layout import CONSTANT, FUNCTION, ONE, PRODUCT, SUM, VARIABLE
from nsr.expressions.performing import IS_BEFORE

__all__ = [
    "CONSTANT", "FUNCTION", "PRODUCT", "SUM", "VARIABLE", "Coefficient", "Node", "NotFinite",
    "add_coefficients", "finite", "multiply_coefficients",
]  # fmt: skip

Coefficient = float | None


class Node:
    """One node.

    Attributes:
        arena: Where it stands.
        place: Its number there.
    """

    __slots__ = ("arena", "place")

    def __init__(self, arena: Arena, place: int) -> None:
        self.arena, self.place = arena, place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.place == other.place and self.arena is other.arena

    def __hash__(self) -> int:
        return self.place

    def __lt__(self, other: Node) -> bool:
        """Whether it stands before another node in sums and products."""
        return bool(self.arena.perform(IS_BEFORE, self.place, np.array([float(other.place)])))

    @property
    def kind(self) -> int:
        """`CONSTANT`, `VARIABLE`, `SUM`, `PRODUCT` or `FUNCTION`."""
        return int(self.arena.columns["kind"][self.place])

    @property
    def coefficient(self) -> Coefficient:
        """The value of a constant, the coefficient of a product; 1 for others."""
        return _coefficient(self.arena.columns["number"][self.place])

    @property
    def rest(self) -> Node:
        """The node without its coefficient."""
        return Node(self.arena, int(self.arena.columns["rest"][self.place]))

    @property
    def is_one(self) -> bool:
        """Whether it is the constant 1, which is the rest of all constants."""
        return self.place == ONE

    @property
    def name(self) -> str:
        """A function's name."""
        return list(self.arena.operators)[self.index]

    @property
    def index(self) -> int:
        """A variable's index, or the place of a function's operator in the table."""
        return int(self.arena.columns["symbol"][self.place])

    @property
    def parts(self) -> list[Node]:
        """A function's arguments, or the terms or factors of a sum or product without their numbers."""
        first, count = self._span()
        return [Node(self.arena, place) for place in self.arena.part[first : first + count].tolist()]

    @property
    def weighted(self) -> list[tuple[Node, float]]:
        """The parts with their coefficients or exponents, NaN for the placeholder."""
        first, count = self._span()
        return list(zip(self.parts, self.arena.weight[first : first + count].tolist(), strict=True))

    @property
    def terms(self) -> list[tuple[Node, Coefficient]]:
        """A sum's terms with their coefficients, in order; the constant term is 1."""
        return [(part, _coefficient(weight)) for part, weight in self.weighted]

    @property
    def constant_term(self) -> Coefficient:
        """That of a sum; 0 where there is none."""
        return next((coefficient for term, coefficient in self.terms if term.is_one), 0.0)

    @property
    def factors(self) -> list[tuple[Node, float]]:
        """A product's factors with their exponents, in order; another node is its only one."""
        return self.weighted if self.kind == PRODUCT else [(self, 1.0)]

    def is_function(self, name: str) -> bool:
        """Whether it is this function of something."""
        return self.kind == FUNCTION and self.name == name

    def _span(self) -> tuple[int, int]:
        columns = self.arena.columns
        return int(columns["first"][self.place]), int(columns["count"][self.place])


def _coefficient(number: float) -> Coefficient:
    return None if math.isnan(number) else float(number)


def multiply_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    """Product of coefficients: the placeholder absorbs all but zero."""
    if a == 0 or b == 0:
        return 0.0
    if a is None or b is None:
        return None
    return finite(a * b)


def add_coefficients(a: Coefficient, b: Coefficient) -> Coefficient:
    """Sum of coefficients: the placeholder absorbs all."""
    return None if a is None or b is None else finite(a + b)


def finite(value: float) -> float:
    """The value; raises `NotFinite` for NaN and infinity."""
    if not math.isfinite(value):
        raise NotFinite
    return value
