"""Semantic backpropagation: the values that a part of an equation should have for the whole to be right.

The target is taken back through every operator between the root and the part (Pawlak, Wieloch and Krawiec,
"Semantic backpropagation for designing search operators in genetic programming", IEEE Transactions on
Evolutionary Computation 19, 2015). Where an operator has several inverses, the one nearest to the part's
present values is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, subtree_end
from nsr.expressions.operators import OPERATORS

Array = NDArray[np.float64]


Change = Literal["replaced", "added", "multiplied"]
CHANGES: tuple[Change, ...] = ("replaced", "added", "multiplied")


@dataclass(frozen=True)
class Gap:
    """A place of an equation where something is wanted, instead of what stands there or beside it.

    Attributes:
        equation: The equation.
        start: Of the tokens that stand there.
        stop: One past the last of them.
        change: Whether what is wanted comes in their place, is added to them, or multiplies them.
        present: What is there now, shape (P,): the part's values, or the 0 or 1 that changes nothing.
        wanted: What gives the target, shape (P,); not finite where nothing does.
    """

    equation: Expression
    start: int
    stop: int
    change: Change
    present: Array
    wanted: Array

    @property
    def part(self) -> Expression:
        """What stands there."""
        return Expression(self.equation.tokens[self.start : self.stop])

    @property
    def n_kept(self) -> int:
        """Tokens that an equation with the gap filled has beside those of the filling."""
        return len(self.equation) + (self.start - self.stop if self.change == "replaced" else 1)

    def filled(self, filling: Expression) -> Expression:
        """The equation with something in the gap."""
        if self.change != "replaced":
            filling = apply("add" if self.change == "added" else "mul", self.part, filling)
        tokens = self.equation.tokens
        return Expression(tokens[: self.start] + filling.tokens + tokens[self.stop :])


def gaps(equation: Expression, X: Array, y: Array) -> list[Gap]:
    """All gaps of an equation, those at its root first.

    Args:
        equation: The equation.
        X: Variables, shape (P, D).
        y: Target, shape (P,).
    """
    tokens = equation.tokens
    spans = [(start, subtree_end(tokens, start)) for start in range(len(tokens))]
    parts = Program([Expression(tokens[start:stop]) for start, stop in spans])
    values = np.asarray(parts.values(X), dtype=np.float64)
    found = []
    with np.errstate(all="ignore"):
        for place, wanted in sorted(_wanted(equation, 0, y, values), key=lambda pair: pair[0]):
            present, zeros = values[place], np.zeros_like(wanted)
            found += [
                Gap(equation, *spans[place], "replaced", present, wanted),
                Gap(equation, *spans[place], "added", zeros, wanted - present),
                Gap(equation, *spans[place], "multiplied", zeros + 1, wanted / present),
            ]
    return found


def _wanted(expression: Expression, start: int, target: Array, values: Array) -> Iterator[tuple[int, Array]]:
    """Where each part below one begins, and what it must be for that to be the target."""
    yield start, target
    token = expression.tokens[start]
    operator = OPERATORS.get(token) if isinstance(token, str) else None
    if operator is None:
        return
    starts = [start + 1]
    for _ in range(operator.arity - 1):
        starts.append(subtree_end(expression.tokens, starts[-1]))
    for side, child in enumerate(starts):
        if operator.inverses:
            below = np.asarray(operator.inverses[side](target, *values[starts]), dtype=np.float64)
        else:
            below = np.full_like(target, np.nan)
        yield from _wanted(expression, child, below, values)
