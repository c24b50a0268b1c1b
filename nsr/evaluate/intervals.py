"""Bounds of an expression's values over boxes, by interval arithmetic; the operators bring their own forms.

Plain interval arithmetic forgets that a variable which occurs twice has one value, so that bounds are wider
than values are. In smaller boxes they are closer (Moore, Kearfott and Cloud, Introduction to Interval
Analysis, 2009, chapter 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, Token, apply, is_variable
from nsr.expressions.intervals import Bounds
from nsr.expressions.operators import OPERATORS, Operator

Array = NDArray[np.float64]
_LARGEST = np.finfo(np.float64).max


class Boxes(NamedTuple):
    """B boxes over D variables.

    Attributes:
        low: Lower ends, shape (B, D).
        high: Upper ends, shape (B, D).
    """

    low: Array
    high: Array

    def where(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Boxes:
        """Some of the boxes."""
        return Boxes(self.low[index], self.high[index])


@dataclass(frozen=True)
class Enclosure:
    """What is known of an expression's values in B boxes.

    Attributes:
        low: No finite value is less, shape (B,); NaN where no point of the box has one.
        high: No finite value is more, shape (B,); NaN where no point of the box has one.
        is_total: Whether every point has a finite value, and all parts of the expression have one there.
    """

    low: Array
    high: Array
    is_total: NDArray[np.bool_]

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Whether no point has a finite value."""
        return np.isnan(self.low)


@np.errstate(all="ignore")
def enclosure(expression: Expression, boxes: Boxes) -> Enclosure:
    """Bounds of an expression's values, one interval operation a node.

    Args:
        expression: Without placeholders.
        boxes: Over at least its variables.
    """
    n_boxes = len(boxes.low)
    is_total = np.ones(n_boxes, dtype=np.bool_)

    def leaf(token: Token, _: int) -> Bounds:
        if isinstance(token, str) and is_variable(token):
            return boxes.low[:, int(token[2:])], boxes.high[:, int(token[2:])]
        value = np.full(n_boxes, float(token))
        return value, value

    def node(operator: Operator, arguments: list[Bounds]) -> Bounds:
        nonlocal is_total
        low, high = _applied(operator, arguments)
        is_total &= np.isfinite(low) & np.isfinite(high)
        return np.minimum(low, _LARGEST), np.maximum(high, -_LARGEST)

    low, high = expression.fold(leaf, node)
    return Enclosure(low, high, is_total)


def _applied(operator: Operator, arguments: list[Bounds]) -> Bounds:
    """Bounds of an operator: infinite where some arguments are outside its domain, NaN where all are."""
    is_nothing = np.isnan(arguments[0][0]) | np.isnan(arguments[-1][0])
    least, most = operator.domain
    if operator.arity == 1 and (np.isfinite(least) or np.isfinite(most)):
        low, high = arguments[0]
        is_nothing = is_nothing | (high < least) | (low > most)
        is_partial = (low < least) | (high > most)
        low, high = operator.interval((np.clip(low, least, most), np.clip(high, least, most)))
        low, high = np.where(is_partial, -np.inf, low), np.where(is_partial, np.inf, high)
    else:
        low, high = operator.interval(*arguments)
    return np.where(is_nothing, np.nan, low), np.where(is_nothing, np.nan, high)


def hazards(expression: Expression, box: Boxes) -> list[Expression]:
    """Parts that may have no value somewhere in a box, each without what its values do not depend on.

    Sums and products have values where their parts have, and a ratio needs one over its denominator.

    Args:
        expression: Without placeholders.
        box: A single one.
    """
    found: dict[Expression, None] = {}
    queue = [expression]
    while queue:
        part = queue.pop()
        if bool(enclosure(part, box).is_total[0]):
            continue
        operator, children = OPERATORS[str(part.tokens[0])], part.children
        if operator.weights or (operator.exponents and min(operator.exponents) >= 1):
            unsure = [child for child in children if not enclosure(child, box).is_total[0]]
            queue += unsure
            if not unsure:
                found[part] = None
        elif operator.exponents == (1.0, -1.0):
            queue += [children[0], apply("inv", children[1])]
        else:
            found[part] = None
    return list(found)
