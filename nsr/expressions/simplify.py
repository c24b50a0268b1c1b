"""Fast canonical simplification: equal forms get equal tokens, and the shortest way to write them.

Expressions go through the canonical form of `nsr.expressions.algebra` and are written back compactly
(`nsr.expressions.writing`).
"""

from __future__ import annotations

from nsr.expressions.arenas import NotFinite, asked
from nsr.expressions.expression import PLACEHOLDER, Expression, _trusted
from nsr.expressions.performing import SIMPLIFY, STRIP_SCALE

# Written as a P10 number, a constant takes five tokens where anything else takes one.
_CONSTANT_LENGTH = 5


def simplify(expression: Expression) -> Expression:
    """The canonical, shortest known form of an expression.

    Values are preserved wherever the input is finite. Placeholders absorb the constants they meet.

    Args:
        expression: Any expression, with or without placeholders.

    Returns:
        The simplified expression, never of more nodes than the input; the input itself where a
        constant part of it has no finite value.
    """
    return _rewritten(expression, SIMPLIFY)


def strip_scale(expression: Expression) -> Expression:
    """The equation up to its scale: the outermost constant factor dropped, the rest simplified.

    A constant expression stays as it is.
    """
    return _rewritten(expression, STRIP_SCALE)


def _rewritten(expression: Expression, task: int) -> Expression:
    try:
        own, result = asked(task, expression.tokens)
    except NotFinite:
        return expression
    return _trusted(own.written(result)) if result else expression


def length(expression: Expression) -> int:
    """Number of vocabulary tokens that the expression takes: five for each constant."""
    constants = sum(not isinstance(token, str) or token == PLACEHOLDER for token in expression.tokens)
    return len(expression) + (_CONSTANT_LENGTH - 1) * constants
