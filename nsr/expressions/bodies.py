"""Expressions with what users' operators stand for in their place."""

from __future__ import annotations

from nsr.expressions.expression import Expression, Token, _trusted, arity
from nsr.expressions.operators import OPERATORS


def without_bodies(expression: Expression) -> Expression:
    """The same function without operators that are put together from others.

    An argument that stands in a body more than once is written as often, its constants included.
    """
    if not any(token in OPERATORS and OPERATORS[str(token)].body for token in expression.tokens):
        return expression
    stack: list[tuple[Token, ...]] = []
    for token in reversed(expression.tokens):
        arguments = [stack.pop() for _ in range(arity(token))]
        own = OPERATORS.get(token) if isinstance(token, str) else None
        if own is not None and own.body:
            places = {index: _trusted(tokens) for index, tokens in enumerate(arguments)}
            stack.append(without_bodies(_trusted(own.body).substitute(places)).tokens)
        else:
            stack.append((token, *(part for tokens in arguments for part in tokens)))
    return _trusted(stack[0])
