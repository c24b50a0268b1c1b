"""Semantic backpropagation: the values that a part of an equation should have for the whole to be right.

The target is taken back through every operator between the root and the part (Pawlak, Wieloch and Krawiec,
"Semantic backpropagation for designing search operators in genetic programming", IEEE Transactions on
Evolutionary Computation 19, 2015). Where an operator has several inverses, the one nearest to the part's
present values is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable
from nsr.expressions.operators import OPERATORS

Array = NDArray[np.float64]


def desired(context: Expression, hole: int, X: Array, y: Array) -> Array:
    """The values of one variable for which an equation gives the target.

    Args:
        context: An equation in which the variable `hole` occurs once.
        hole: Index of the variable.
        X: Variables, shape (P, D); the column `hole` has the present values.
        y: Target, shape (P,).

    Returns:
        Shape (P,); not finite where no value gives the target.
    """
    with np.errstate(all="ignore"):
        target = y
        while context != variable(hole):
            side = next(i for i, child in enumerate(context.children) if hole in child.variables)
            values = np.asarray(Program(list(context.children)).values(X), dtype=np.float64)
            target = _inverted(str(context.tokens[0]), target, values, side)
            context = context.children[side]
    return target


def _inverted(name: str, target: Array, values: Array, side: int) -> Array:
    """What one argument of an operator must be for the target, the others being as they are.

    Args:
        name: The operator.
        target: Shape (P,).
        values: Present values of the arguments, shape (1 to 3, P).
        side: Which argument.
    """
    operator = OPERATORS[name]
    if not operator.inverses:
        return np.full_like(target, np.nan)
    return np.asarray(operator.inverses[side](target, *values), dtype=np.float64)
