"""Description lengths of right-hand sides and systems: what they leave unexplained, and themselves.

Weak forms, simulations and smoothed derivatives are all fitted by least squares. That errors matter by their
squares is said here; what they are worth in bits, and what an equation is, `nsr.refinement` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, is_variable
from nsr.refinement.description import expression_bits
from nsr.refinement.likelihood import SQUARED_ERROR

Array = NDArray[np.float64]

LOSS = SQUARED_ERROR

# Bits of a node of an equation of motion: minus the logarithm of its share of the 2,149 nodes of the suites
# `textbook` and `development`, on which methods are developed. Rates are sums of products; a function is one
# of about ten that together are 5 % of the nodes, so noise seldom buys a cosine where a product is meant.
_BITS_OF_OPERATORS = {"mul": 2.5, "add": 3.5, "sub": 3.5, "div": 5.0, "inv": 5.0, "square": 5.0, "neg": 5.0}
_BITS_OF_VARIABLE, _BITS_OF_FUNCTION = 2.0, 7.5


def losses(errors: Array) -> Array:
    """Mean losses of errors (..., N, D), shape (..., D)."""
    return np.asarray(np.mean(LOSS.elementwise(errors, np.zeros(errors.shape[-1])), axis=-2))


def description_bits(
    equations: Sequence[Expression],
    unexplained: Iterable[float],
    n_rows: int,
    exact: float,
    equation_weight: float = 1.0,
) -> float:
    """Bits of observations by equations, and of these, up to a constant that the observations fix.

    Args:
        equations: The right-hand sides.
        unexplained: For each observed quantity, the share of its null loss that is left.
        n_rows: Independent observations of each.
        exact: Share that counts as none.
        equation_weight: Bits of the observations that a bit of an equation counts as.
    """
    residuals = sum(LOSS.bits(max(share, exact), 1.0, n_rows) for share in unexplained)
    written = sum(expression_bits(equation, n_rows, node_bits=node_bits) for equation in equations)
    return residuals + equation_weight * written


def node_bits(token: str) -> float:
    """Bits of an operator or a variable in an equation of motion."""
    return _BITS_OF_VARIABLE if is_variable(token) else _BITS_OF_OPERATORS.get(token, _BITS_OF_FUNCTION)


def bits_saved(loss: float, other: float) -> float:
    """Bits that an observation costs less where its mean loss is the first one rather than the other."""
    return -LOSS.bits(loss, other, 1)
