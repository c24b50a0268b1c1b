"""Description lengths of right-hand sides and systems: what they leave unexplained, and themselves.

Weak forms, simulations and smoothed derivatives are all fitted by least squares. That errors matter by their
squares is said here; what they are worth in bits, and what an equation is, `nsr.refinement` says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, is_variable
from nsr.refinement.description import constant_bits, expression_bits
from nsr.refinement.likelihood import SQUARED_ERROR

Array = NDArray[np.float64]

LOSS = SQUARED_ERROR

# Bits of a node of an equation of motion: minus the logarithm of its share of the 2,149 nodes of the suites
# `textbook` and `development`, on which methods are developed. Rates are sums of products; a function is one
# of about ten that together are 5 % of the nodes, so noise seldom buys a cosine where a product is meant.
_BITS_OF_OPERATORS = {"mul": 2.5, "add": 3.5, "sub": 3.5, "div": 5.0, "inv": 5.0, "square": 5.0, "neg": 5.0}
_BITS_OF_VARIABLE, _BITS_OF_FUNCTION = 2.0, 7.5
# Bits of a constant, before those that rows add: where at least the first share of the variance is left, as
# by noise of a few per cent, and where at most the second is. With equations at half their weight the former
# are what Schwarz's criterion (Annals of Statistics 6, 1978) says, which holds for many rows: in few, as of
# hare and lynx in 21 years, what is left is not noise alone, and terms are bought that mean nothing.
_NOISY, _NEARLY_EXACT = 1e-3, 1e-5
_MANY, _FEW = 100, 25
_BITS_IN_NOISE, _BITS_AT_MOST = 4.0, 16.0
# Share by which a constant may differ from one before that it is: that of exact systems is known to more
# digits, and in noise none comes as near by chance.
_REPEATED = 1e-4


def losses(errors: Array) -> Array:
    """Mean losses of errors (..., N, D), shape (..., D)."""
    return np.asarray(np.mean(LOSS.elementwise(errors, np.zeros(errors.shape[-1])), axis=-2))


def description_bits(
    equations: Sequence[Expression],
    unexplained: Iterable[float],
    n_rows: int,
    exact: float,
    equation_weight: float = 1.0,
    n_initials: int = 0,
) -> float:
    """Bits of observations by equations, and of these, up to a constant that the observations fix.

    Args:
        equations: The right-hand sides.
        unexplained: For each observed quantity, the share of its null loss that is left.
        n_rows: Independent observations of each.
        exact: Share that counts as none.
        equation_weight: Bits of the observations that a bit of an equation counts as.
        n_initials: Initial values that are fitted beside the constants of the equations, and cost as much.
    """
    shares = [max(share, exact) for share in unexplained]
    free = free_bits(shares, n_rows)
    written = sum(expression_bits(equation, n_rows, free, node_bits) for equation in equations)
    written -= _bits_of_repeats(equations, n_rows, free)
    written += n_initials * constant_bits(math.e, n_rows, free)
    return sum(LOSS.bits(share, 1.0, n_rows) for share in shares) + equation_weight * written


def _bits_of_repeats(equations: Sequence[Expression], n_rows: int, free: float) -> float:
    """Bits that need not be written of constants that an equation before has, but for which of them it is."""
    saved, before = 0.0, list[float]()
    for equation in equations:
        own = [abs(constant) for constant in equation.constants]
        for value in own:
            bits, named = constant_bits(value, n_rows, free), math.log2(1 + len(before))
            if bits > named and any(abs(value - other) <= _REPEATED * value for other in before):
                saved += bits - named
        before += own
    return saved


def free_bits(shares: Sequence[float], n_rows: int) -> float:
    """Bits of a constant that is not round, before those that rows add: few where noise hides its digits.

    Args:
        shares: Of the null losses of observed quantities that are left, none of them 0.
        n_rows: Independent observations of each.
    """
    exactness = _between(float(np.mean(np.log(shares))), math.log(_NOISY), math.log(_NEARLY_EXACT))
    fewness = _between(math.log(n_rows), math.log(_MANY), math.log(_FEW))
    return _BITS_IN_NOISE + (_BITS_AT_MOST - _BITS_IN_NOISE) * max(exactness, fewness)


def _between(value: float, none: float, all_of_it: float) -> float:
    """How far a value is on the way from one to another, 0 to 1."""
    return min(max((value - none) / (all_of_it - none), 0.0), 1.0)


def node_bits(token: str) -> float:
    """Bits of an operator or a variable in an equation of motion."""
    return _BITS_OF_VARIABLE if is_variable(token) else _BITS_OF_OPERATORS.get(token, _BITS_OF_FUNCTION)


def bits_saved(loss: float, other: float) -> float:
    """Bits that an observation costs less where its mean loss is the first one rather than the other."""
    return -LOSS.bits(loss, other, 1)
