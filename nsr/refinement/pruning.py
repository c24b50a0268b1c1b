"""Equations with one part or one constant less."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, Token, subtree_end
from nsr.expressions.simplify import simplify

# What a constant is where an operator does nothing with it.
_NEUTRAL = {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0}
# A sine and what it is after each quarter of a turn.
_QUARTERS: tuple[tuple[Token, ...], ...] = (("sin",), ("cos",), ("neg", "sin"), ("neg", "cos"))


def pruned(expression: Expression, X: NDArray[np.float64]) -> list[Expression]:
    """The equation without each of its parts that vary in turn, and without each of its factors and summands.

    Args:
        expression: Without placeholders.
        X: Variables, shape (P, D).

    Returns:
        With the median of the part in its place, or with nothing in place of a constant that is one operand
        of a sum, product or quotient (of a negative factor the sign stays, and of a phase the quarters of a
        turn nearest to it). Simplified, each once, none longer than the expression, which is not among them.
    """
    assert PLACEHOLDER not in expression.tokens
    shorter = (*_with_levels(expression, X), *_without_constants(expression), *_without_phases(expression))
    forms = [simplify(form) for form in shorter]
    return [form for form in dict.fromkeys(forms) if form != expression and len(form) <= len(expression)]


def _with_levels(expression: Expression, X: NDArray[np.float64]) -> Iterator[Expression]:
    parts = [(start, own) for start, own in enumerate(expression.subexpressions()) if start and own.variables]
    if not parts:
        return
    tokens = expression.tokens
    with np.errstate(all="ignore"):
        values = Program([own for _, own in parts]).values(X)
    for (start, own), of_part in zip(parts, values, strict=True):
        level = np.median(of_part)
        if np.isfinite(level):
            yield Expression((*tokens[:start], float(level), *tokens[start + len(own) :]))


def _without_constants(expression: Expression) -> Iterator[Expression]:
    tokens = expression.tokens
    for start, token in enumerate(tokens):
        for place, number in _operands(tokens, start):
            neutral = math.copysign(_NEUTRAL[str(token)], number)
            yield Expression((*tokens[:place], neutral, *tokens[place + 1 :]))


def _without_phases(expression: Expression) -> Iterator[Expression]:
    tokens = expression.tokens
    for start, token in enumerate(tokens):
        if token not in ("sin", "cos") or tokens[start + 1] not in ("add", "sub"):
            continue
        for place, number in _operands(tokens, start + 1):
            is_taken_off = tokens[start + 1] == "sub" and place > start + 2
            turns = round((-number if is_taken_off else number) / (math.pi / 2)) + (token == "cos")
            turned = (*tokens[:start], *_QUARTERS[turns % len(_QUARTERS)])
            yield Expression((*turned, *tokens[start + 1 : place], 0.0, *tokens[place + 1 :]))


def _operands(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, float]]:
    """The constants that the operator at a place has for operands, with theirs, where it may do without."""
    if tokens[start] not in _NEUTRAL:
        return
    for place in (start + 1, subtree_end(tokens, start + 1)):
        if not isinstance(number := tokens[place], str):
            yield place, number
