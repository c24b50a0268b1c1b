"""Proofs that equations keep to a shape, by interval arithmetic and algebra."""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray

from nsr.evaluate.intervals import Boxes, enclosure
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.shape import Bounded, Box, Constraint, Exchangeable, Mirrored, Shape, Sloped
from nsr.expressions.sympy_form import from_sympy, to_sympy

# Boxes that a proof may look at.
_MOST_BOXES = 4_000


def is_proved(expression: Expression, shape: Shape) -> bool:
    """Whether an equation is proved to keep to each constraint of a shape in its whole box.

    Limits are not proved, and neither is what has a derivative that no operator can say.
    """
    return all(_is_proved(expression, constraint, shape.box) for constraint in shape.constraints)


def _is_proved(expression: Expression, constraint: Constraint, box: Box) -> bool:
    match constraint:
        case Bounded(low=low, high=high):
            return _is_within(expression, low, high, box)
        case Sloped(variable=place, order=order, sign=sign):
            slope = _derivative(expression, place, order)
            own = None if slope is None else apply("mul", constant(float(sign)), slope)
            return own is not None and _is_within(own, 0.0, np.inf, box)
        case Mirrored(variable=place, sign=sign):
            mirrored = expression.substitute({place: apply("neg", variable(place))})
            return _is_same(expression, mirrored if sign > 0 else apply("neg", mirrored))
        case Exchangeable(first=first, second=second):
            pair = {first: variable(second), second: variable(first)}
            return _is_same(expression, expression.substitute(pair))
    return False


def _derivative(expression: Expression, place: int, order: int) -> Expression | None:
    form = to_sympy(expression)
    slope = sympy.diff(form, sympy.Symbol(f"x_{place}", real=True), order)
    try:
        return from_sympy(slope)
    except ValueError:
        return None


def _is_same(first: Expression, second: Expression) -> bool:
    return bool(sympy.expand(to_sympy(first) - to_sympy(second)) == 0)


def _is_within(expression: Expression, low: float, high: float, box: Box) -> bool:
    """Whether interval arithmetic proves bounds, in ever smaller boxes where it must."""
    open_ = Boxes(box.low[None], box.high[None])
    used = np.array(sorted(expression.variables), dtype=np.intp)
    n_seen = 0
    while len(open_.low):
        n_seen += len(open_.low)
        if n_seen > _MOST_BOXES:
            return False
        known = enclosure(expression, open_)
        is_known = known.is_total & (known.low >= low) & (known.high <= high)
        open_ = open_.where(~is_known)
        if len(open_.low):
            if not len(used):
                return False
            open_ = _halved(open_, used, box)
    return True


def _halved(boxes: Boxes, used: NDArray[np.intp], box: Box) -> Boxes:
    """Two boxes of each, cut along the variable in which it is widest, as a share of the whole."""
    range_ = (box.high - box.low)[used]
    width = (boxes.high[:, used] - boxes.low[:, used]) / np.where(range_ > 0, range_, 1.0)
    rows, widest = np.arange(len(boxes.low)), used[np.argmax(width, axis=1)]
    middle = boxes.low[rows, widest] + (boxes.high[rows, widest] - boxes.low[rows, widest]) / 2
    lower, upper = boxes.high.copy(), boxes.low.copy()
    lower[rows, widest] = upper[rows, widest] = middle
    return Boxes(np.concatenate((boxes.low, upper)), np.concatenate((lower, boxes.high)))
