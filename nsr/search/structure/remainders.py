"""What the rows themselves leave once a part of the target is known.

A surrogate's part is no nearer to the law's than the surrogate is. But where one part of a sum is known as an
equation with round constants, subtracting it from the target leaves the others as exactly as the target is
known, and of a product dividing by it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.round_numbers import nearest_fraction
from nsr.expressions.simplify import strip_scale
from nsr.search.polynomials import degrees_up_to, fitting_work, polynomial_terms
from nsr.search.response import PLAIN, Output, Response
from nsr.search.state import State
from nsr.search.structure.parts import without_offset
from nsr.search.structure_settings import SurrogateSettings
from nsr.search.surrogate import limits
from nsr.task import ROWS

Array = NDArray[np.float64]
Known = TypeVar("Known")

# Constants are taken for the fraction that is within this many times the surrogate's error.
_WITHIN = 30.0
# Multiple of the least error up to which what is left is told as well.
_AS_GOOD = 1.1
# Rows where the known factor is less than this share of its median tell little of the other.
_SMALL = 0.05
# Values of which the others leave less than this share are functions of the others.
_INDEPENDENT = 1e-6


def difference(
    state: State, output: Output, known: Sequence[Expression], rest: tuple[int, ...], error: float
) -> State | None:
    """What is left of a sum.

    Args:
        state: Whose target's transform is a sum of what is known, and of a function of the rest.
        output: The transform.
        known: Summands, each up to a factor and a constant, over the state's variables.
        rest: The variables of the others.
        error: That of the surrogate which told the summands, as a share of the target's spread.

    Returns:
        The state of the others; None where what is known has no values, or is a function of the rest.
    """
    within = _WITHIN * error
    few = state.first(ROWS)
    seen = _seen(few, output, [strip_scale(without_offset(one)) for one in known], within)
    if seen is None:
        return None
    target, values = seen
    factors = _factors(target, values, few.X[:, rest], state.settings)
    if factors is None:
        return None
    return _left(few, rest, target - values @ [_nearby(factor, within) for factor in factors.tolist()])


def quotient(
    state: State, output: Output, known: Sequence[Expression], rest: tuple[int, ...], error: float
) -> State | None:
    """What is left of a product, up to a factor, on the rows where what is known is not small.

    Args:
        state: Whose target's transform is a product of what is known, and of a function of the rest.
        output: The transform.
        known: Factors over the state's variables.
        rest: The variables of the others.
        error: That of the surrogate which told the factors, as a share of the target's spread.

    Returns:
        The state of the other factor; None where what is known has no values, or is zero on all rows, as the
        product of two columns is that mark kinds of rows with 0 and 1.
    """
    few = state.first(ROWS)
    seen = _seen(few, output, known, _WITHIN * error)
    if seen is None:
        return None
    target, values = seen
    product = np.prod(values, axis=1)
    is_large = np.abs(product) > _SMALL * np.median(np.abs(product))
    if not np.any(is_large):
        return None
    return _left(few.of_rows(is_large), rest, target[is_large] / product[is_large])


def told_best(
    left: Iterable[tuple[State | None, Known]], error: float, clock: Clock
) -> tuple[State, Known] | None:
    """The first of some states of others that a surrogate of its own tells about as well as the best.

    What was taken for known wrongly is a function of variables that the state does not have, or leaves values
    whose squares cannot be computed, as a factor does that is next to nothing on most rows. Beside noise,
    which rows have and surrogates smooth, no state is told better than by the surrogate of the whole.

    Args:
        left: States, where there are any, and what was taken for known, the plainest first.
        error: Root mean square error of what the surrogate of the whole tells of the others; more where a
            larger surrogate would tell more.
        clock: To which the work of their surrogates is reported.

    Returns:
        The state and what was taken for known; None where the surrogate of the whole tells more.
    """
    usable = []
    for state, known in left:
        if state is not None and np.ptp(state.y) > 0 and Response.of(state).has(PLAIN):
            clock.spend(fitting_work(state.X, state.settings))
            usable.append((state.error * state.spread, state, known))
    least = min((own for own, _, _ in usable), default=np.inf)
    if least >= error:
        return None
    return next((state, known) for own, state, known in usable if own <= _AS_GOOD * least)


def is_linear(part: State, unexplained: float) -> bool:
    """Whether a straight line leaves at most some share of the variance of a part of one variable."""
    if part.n_variables != 1 or np.ptp(part.y) == 0 or np.ptp(part.X) == 0:
        return False
    return bool(1 - np.corrcoef(part.X[:, 0], part.y)[0, 1] ** 2 <= unexplained)


def _left(state: State, rest: tuple[int, ...], target: Array) -> State:
    others = tuple(i for i in range(state.n_variables) if i not in rest)
    return state.without(others).part(target)


def _seen(
    state: State, output: Output, known: Sequence[Expression], within: float
) -> tuple[Array, Array] | None:
    """The transform of the target, shape (P,), and what is known with round constants, shape (P, K)."""
    target, _ = Response.of(state).transformed(output)
    rounded = [_rounded(one, within) for one in known]
    with np.errstate(all="ignore"):
        values = np.asarray(Program(rounded).values(state.X), dtype=np.float64).T
    are_finite = np.all(np.isfinite(target)) and np.all(np.isfinite(values))
    return (target, values) if are_finite and np.all(np.any(values != 0, axis=0)) else None


def _factors(target: Array, values: Array, rest: Array, settings: SurrogateSettings) -> Array | None:
    """By which values, shape (P, K), enter the target beside a polynomial of the rest, shape (P, D)."""
    degrees = degrees_up_to(rest.shape[1], len(target) // 4, settings)
    terms = polynomial_terms(rest, *limits(rest), degrees)
    both = np.column_stack((target, values))
    own = both - terms @ np.linalg.lstsq(terms, both)[0]
    if np.any(np.linalg.norm(own[:, 1:], axis=0) <= _INDEPENDENT * np.linalg.norm(values, axis=0)):
        return None
    return np.asarray(np.linalg.lstsq(own[:, 1:], own[:, 0])[0], dtype=np.float64)


def _rounded(expression: Expression, within: float) -> Expression:
    """The expression with fractions for constants that are near to them."""
    return expression.with_constants([_nearby(value, within) for value in expression.constants])


def _nearby(value: float, within: float) -> float:
    numerator, denominator = nearest_fraction(value)
    fraction = numerator / denominator
    return fraction if abs(fraction - value) <= within * abs(value) else value
