"""Numbers of equations that stand for constants of known value: 4.905 is g/2 where g is 9.81.

A number is said by a name if a round multiple of a product of powers of few named constants lies within some
standard errors of it, so near that this is hardly chance among all such products, and a likelihood-ratio test
allows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, Token, apply, constant, variable
from nsr.expressions.round_numbers import nearest_fraction
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import digit_bits, round_bits
from nsr.refinement.snapping import MARGIN, WITHIN, RoundTest
from nsr.refinement.uncertainty import most_likely, uncertainty
from nsr.task import Task

Array = NDArray[np.float64]

# Numbers that are this simple stand for themselves.
_SIMPLE_BITS = 8.0
# Constants in a product at most, and their powers.
_MOST_FACTORS = 3
_POWERS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
# Bits of a root of a multiple.
_BITS_OF_ROOT = 3.0
# Precision of the numbers of exact data.
_ROUNDING = 1e-9
# Multiples that are meant of what data fix to fewer than five digits.
_DENOMINATORS, _NEAR_EXACT = (1, 2, 3, 4), 1e-5


@dataclass(frozen=True)
class _Product:
    """A product of powers of named constants.

    Attributes:
        expression: It, over the columns that hold them.
        value: Its value.
        bits: Those that say which it is.
    """

    expression: Expression
    value: float
    bits: float


@dataclass(frozen=True)
class _Name:
    """A number as a multiple of a product.

    Attributes:
        place: Which of an expression's constants.
        expression: What it is.
        bits: Those of product and multiple.
    """

    place: int
    expression: Expression
    bits: float


def with_names(
    candidate: Candidate, task: Task, columns: Sequence[int], places: Sequence[int] | None = None
) -> Candidate:
    """A candidate whose numbers go by the names of constants where that is what they are.

    A name stands for a number, and so changes neither complexity nor description length.

    Args:
        candidate: With the most likely constants.
        task: What it explains; some of its columns hold constants, each with one value.
        columns: These columns.
        places: Which of its constants may go by names; all by default.
    """
    names = _names(candidate.expression, task, _products(task, columns), places)
    if not names:
        return candidate
    test = RoundTest(task, candidate.loss, len(candidate.expression.constants))
    chosen: list[_Name] = []
    best = candidate
    for trial in ([*names], *([name] for name in names)):
        if {name.place for name in chosen} & {name.place for name in trial}:
            continue
        both = [*chosen, *trial]
        expression = most_likely(_said(candidate.expression, both), task)
        with np.errstate(all="ignore"):
            loss = float(task.mean_loss(Program([expression]).values(task.X))[0])
        if task.is_exact(loss) or test.allows(loss, len(both)):
            chosen = both
            best = replace(candidate, expression=expression, loss=loss, cost=candidate.complexity)
        if len(chosen) == len(names):
            break
    return best


def _said(expression: Expression, names: Sequence[_Name]) -> Expression:
    tokens: list[tuple[Token, ...]] = [(token,) for token in expression.tokens]
    for name in names:
        tokens[expression.free_positions[name.place]] = name.expression.tokens
    return Expression(tuple(itertools.chain.from_iterable(tokens)))


def _names(
    expression: Expression, task: Task, products: Sequence[_Product], places: Sequence[int] | None
) -> list[_Name]:
    """The name of each number that has one, those of the fewest bits first."""
    values = np.array(expression.constants)
    known = uncertainty(expression, task, np.arange(len(values)), values) if len(values) else None
    if known is None:
        return []
    found = []
    for place, (value, error) in enumerate(zip(values.tolist(), known.errors.tolist(), strict=True)):
        is_asked = places is None or place in places
        if is_asked and not round_bits(value) < _SIMPLE_BITS and math.isfinite(error):
            options = [_as_multiple(place, value, error, product) for product in products]
            if value > 0:  # sqrt(2*g)
                options += [_as_root(place, value, error, product) for product in products]
            usable = [option for option in options if option is not None]
            if usable:
                found.append(min(usable, key=lambda option: option.bits))
    return sorted(found, key=lambda name: name.bits)


def _as_multiple(place: int, value: float, error: float, product: _Product) -> _Name | None:
    """A number as a round multiple of a product, if that is hardly chance."""
    precision = max(error, _ROUNDING * abs(value))
    ratio = value / product.value
    if not 1e-3 < abs(ratio) < 1e3:
        return None
    options = []
    for factor in (1.0, math.pi, 1 / math.pi):
        if error <= _NEAR_EXACT * abs(value):
            numerator, denominator = nearest_fraction(ratio / factor)
            options.append(numerator / denominator * factor)
        else:
            options += [round(ratio / factor * q) / q * factor for q in _DENOMINATORS]
    near = [one for one in options if one and abs(one * product.value - value) <= WITHIN * precision]
    if not near:
        return None
    multiple = min(near, key=round_bits)
    bits = product.bits + round_bits(multiple)
    if bits + MARGIN > digit_bits(value, precision):
        return None
    own = product.expression if multiple == 1 else _times(multiple, product.expression)
    return _Name(place, own, bits)


def _as_root(place: int, value: float, error: float, product: _Product) -> _Name | None:
    """A number as the root of a round multiple of a product."""
    name = _as_multiple(place, value**2, 2 * value * error, product)
    if name is None or name.bits + _BITS_OF_ROOT + MARGIN > digit_bits(1.0, max(error / value, _ROUNDING)):
        return None
    return replace(name, expression=apply("sqrt", name.expression), bits=name.bits + _BITS_OF_ROOT)


def _times(multiple: float, product: Expression) -> Expression:
    if product.tokens[0] == "div" and product.children[0].tokens == (1.0,):
        return apply("div", constant(multiple), product.children[1])
    return apply("mul", constant(multiple), product)


def _products(task: Task, columns: Sequence[int]) -> list[_Product]:
    """Products of powers, the simplest first."""
    pairs = [(variable(column), float(task.X[0, column])) for column in columns]
    found: list[tuple[float, Expression, float]] = []
    for size in range(1, min(_MOST_FACTORS, len(pairs)) + 1):
        powers = _POWERS if size < _MOST_FACTORS else _POWERS[:2]
        for chosen in itertools.combinations(pairs, size):
            for exponents in itertools.product(powers, repeat=size):
                with np.errstate(all="ignore"):
                    value = math.prod(np.float64(v) ** e for (_, v), e in zip(chosen, exponents, strict=True))
                if np.isfinite(value) and value != 0:
                    factors = [(own, e) for (own, _), e in zip(chosen, exponents, strict=True)]
                    effort = sum(1 + (e < 0) + 2 * (abs(e) != 1) for e in exponents)
                    found.append((effort, _of_powers(factors), float(value)))
    found.sort(key=lambda one: one[0])
    return [_Product(form, value, math.log2(1 + rank)) for rank, (_, form, value) in enumerate(found)]


def _of_powers(factors: Sequence[tuple[Expression, float]]) -> Expression:
    """A ratio of products."""
    names = {1.0: "", 2.0: "square", 0.5: "sqrt"}

    def product(chosen: Sequence[tuple[Expression, float]]) -> Expression:
        parts = [apply(names[abs(e)], own) if names[abs(e)] else own for own, e in chosen]
        result = parts[0]
        for part in parts[1:]:
            result = apply("mul", result, part)
        return result

    above, below = [one for one in factors if one[1] > 0], [one for one in factors if one[1] < 0]
    top = product(above) if above else constant(1.0)
    return apply("div", top, product(below)) if below else top
