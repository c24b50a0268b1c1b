"""Description length: the bits of an equation plus those of what it leaves unexplained (Rissanen 1978)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

from nsr.expressions.expression import PLACEHOLDER, Expression, Token, is_variable, subtree_end
from nsr.expressions.operators import OPERATORS
from nsr.expressions.round_numbers import is_nearly_fraction, nearest_fraction
from nsr.task import Task

# Bits for one operator or variable: about as many kinds of them as 2^4.5.
_BITS_PER_NODE = 4.5
# Bits for a constant that is not round, before those that its precision takes: 0.5 log2(n). They are as many
# as one observation fixes beside these for its sign and size, and in near-exact data at most this many.
_BITS_PER_FREE_CONSTANT, _BITS_OF_SIGN_AND_SIZE = 16.0, 4.0
# Bits for each pair of functions of which one stands in the other. Without them noise buys
# shapes that need no constants, such as tanh(tanh(tanh(x))).
_BITS_PER_NESTING = 8.0
# Bits to name a curve that textbooks have: there are about 2^7 of them. A name that stands for many curves
# has a number beside it, of terms or of degrees.
_BITS_PER_NAME = 7.0
_NUMBERS = re.compile(r"(?:^|\bdegree |\bover )(\d+)\b")


def constant_bits(value: float, n_rows: int, free: float = _BITS_PER_FREE_CONSTANT) -> float:
    """Bits to write a constant: few for small rationals and their multiples of pi, more for others.

    Args:
        value: The constant.
        n_rows: Rows that it was fitted to.
        free: Bits of one that is not round, before those that rows add.
    """
    if not math.isfinite(value):
        return math.inf
    return min(round_bits(value), free + 0.5 * math.log2(n_rows))


@lru_cache(maxsize=2**14)  # the constants of what is worth keeping are asked about again and again
def round_bits(value: float) -> float:
    """Bits to write a small rational or a multiple of pi by one; infinite for anything else."""
    if value == 0:
        return 1.0
    for bits, factor in ((0.0, 1.0), (3.0, math.pi), (3.0, 1 / math.pi)):
        if not is_nearly_fraction(value / factor):
            continue
        numerator, denominator = nearest_fraction(value / factor)
        if numerator / denominator * factor == value:  # 3.0000000000000004 is not 3: snapping makes it one
            return bits + 2.0 + math.log2(1 + abs(numerator)) + math.log2(denominator)
    return math.inf


def digit_bits(value: float, error: float) -> float:
    """Bits of a constant's sign and of its digits down to its standard error."""
    return 1 + math.log2(abs(value) / error) if error > 0 else math.inf


def is_round(value: float) -> bool:
    """Whether a constant is a small rational or a multiple of pi by one, so that it was not fitted."""
    return round_bits(value) < _BITS_PER_FREE_CONSTANT


def n_fitted(expression: Expression) -> int:
    """Constants of an equation that are not round."""
    return sum(not is_round(value) for value in expression.constants)


def _alike(token: str) -> float:  # noqa: ARG001 (whatever stands there)
    return _BITS_PER_NODE


def expression_bits(
    expression: Expression,
    n_rows: int,
    free: float = _BITS_PER_FREE_CONSTANT,
    node_bits: Callable[[str], float] = _alike,
) -> float:
    """Bits to write an expression down.

    Args:
        expression: The expression.
        n_rows: As in `constant_bits`.
        free: As in `constant_bits`.
        node_bits: Bits of an operator or a variable; the same of all by default.
    """
    bits = 0.0
    for token in expression.tokens:
        if isinstance(token, str) and token != PLACEHOLDER:
            bits += node_bits(token)
        else:
            bits += constant_bits(float(token) if token != PLACEHOLDER else math.e, n_rows, free)
    return bits + _BITS_PER_NESTING * n_nested(expression)


def named_bits(
    expression: Expression, name: str, n_rows: int, n_variables: int, free: float = _BITS_PER_FREE_CONSTANT
) -> float:
    """Bits to write down a curve that has a name: its name, which variables it is of, and its constants.

    Args:
        expression: The curve.
        name: What textbooks call it.
        n_rows: Rows that it was fitted to.
        n_variables: Of the task: those of which each of the curve's is one.
        free: Bits of a constant that is not round, before those that rows add.
    """
    n_places = sum(is_variable(token) for token in expression.tokens)
    constants = sum(constant_bits(value, n_rows, free) for value in expression.constants)
    numbers = sum(round_bits(float(number)) for number in _NUMBERS.findall(name))
    return _BITS_PER_NAME + numbers + n_places * math.log2(n_variables) + constants


def n_nested(expression: Expression) -> int:
    """Pairs of transcendental functions of which one stands in the other: d (d - 1) / 2 of a chain of d."""
    places = [i for i, token in enumerate(expression.tokens) if _is_transcendental(token)]
    if len(places) < 2:
        return 0
    ends = [subtree_end(expression.tokens, place) for place in places]
    return sum(outer < inner < end for outer, end in zip(places, ends, strict=True) for inner in places)


def _is_transcendental(token: Token) -> bool:
    operator = OPERATORS.get(token) if isinstance(token, str) else None
    return operator is not None and operator.complexity > 1


def few_rows_bits(n_constants: int, n_rows: int) -> float:
    """Bits by which fitted constants make residuals of few rows look smaller than they are.

    Hurvich and Tsai's correction (Biometrika 76, 1989), infinite where there are no more rows than a scale
    and these constants need.
    """
    spare = n_rows - n_constants - 1
    if n_constants and spare <= 0:
        return math.inf
    return n_constants * (n_constants + 1) / spare / math.log(2) if n_constants else 0.0


def description_length(expression: Expression, loss: float, task: Task, name: str = "") -> float:
    """Bits of residuals and equation, up to a constant that all equations of a task share.

    A constant is written to the precision that the data fix it to (Rissanen 1983), so that it costs little
    where noise is large: round constants are then hardly cheaper than others, and buy no worse form.

    Args:
        expression: What to score.
        loss: Its mean loss on the task.
        task: What it explains.
        name: What textbooks call it, if they do, which describes it in less.
    """
    if not math.isfinite(loss):
        return math.inf
    correction = few_rows_bits(n_fitted(expression), task.n_rows)
    if math.isinf(correction):
        return math.inf
    bits = task.loss.bits(loss, task.null_loss, task.n_rows)
    fixed = max(-bits / task.n_rows, 0.0)  # bits of signal over noise that an observation has
    free = min(_BITS_OF_SIGN_AND_SIZE + fixed, _BITS_PER_FREE_CONSTANT)
    own = expression_bits(expression, task.n_rows, free)
    if name:
        own = min(own, named_bits(expression, name, task.n_rows, task.n_variables, free))
    return bits + own + correction
