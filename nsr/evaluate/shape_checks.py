"""Whether equations keep to a shape wherever they are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.domains import Safety, safeties
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.shape import Shape
from nsr.expressions.space import SearchSpace

Array = NDArray[np.float64]

# Where margins are negative by less than this share of an equation's largest value, that is rounding.
_ROUNDING = 1e-7
# Points of the box that poles are told by.
_N_DRAWN = 256


def allowed(expressions: Sequence[Expression], space: SearchSpace) -> NDArray[np.bool_]:
    """Which equations a space allows, their constants being fitted, shape (E,)."""
    result = np.array([space.allows(e) and space.allows_constants(e) for e in expressions], dtype=np.bool_)
    places = np.flatnonzero(result)
    if space.shape is not None and len(places):
        result[places] = holds([expressions[place] for place in places.tolist()], space.shape)
    return result


def surely_allowed(expressions: Sequence[Expression], space: SearchSpace) -> NDArray[np.bool_]:
    """As `allowed`, before anything is reported: shapes are looked at closely, and poles are looked for."""
    result = allowed(expressions, space)
    places = np.flatnonzero(result)
    if space.shape is not None and len(places):
        own = [expressions[place] for place in places.tolist()]
        result[places] = holds(own, space.shape.closely)
        places = np.flatnonzero(result)
        if space.shape.is_finite:
            drawn = space.shape.box.draw(_N_DRAWN, np.random.default_rng(0))
            verdicts = safeties([expressions[place] for place in places.tolist()], drawn)
            result[places] = [verdict not in (Safety.POLE, Safety.UNDEFINED) for verdict in verdicts]
    return result


def holds(expressions: Sequence[Expression], shape: Shape) -> NDArray[np.bool_]:
    """Which equations keep to a shape wherever they are looked at, shape (E,)."""
    values = Program(list(expressions)).values(shape.points)
    return keeps_to(shape, np.asarray(values, dtype=np.float64))


def keeps_to(shape: Shape, values: Array) -> NDArray[np.bool_]:
    """Which functions keep to a shape, by their values (R, N) at its points; shape (R,)."""
    with np.errstate(all="ignore"):
        size = np.max(np.abs(values), axis=1, initial=0.0)
        worst = np.min([margins.min(axis=1) for margins in shape.margins(values)], axis=0)
        return np.asarray(np.all(np.isfinite(values), axis=1) & (worst >= -_ROUNDING * size))
