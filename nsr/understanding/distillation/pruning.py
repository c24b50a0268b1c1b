"""Equations with a part less: what a search has added to follow a network's own errors comes off again."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.expressions.expression import Expression, apply, arity, subtree_end
from nsr.expressions.simplify import simplify, strip_scale


def pruned(expression: Expression) -> list[Expression]:
    """Each simpler equation that lacks one term of a sum, one function of a part, or the factor of all.

    Args:
        expression: With constants that were fitted, from which those of the simpler ones may start.
    """
    plain = strip_scale(expression)
    found = map(simplify, (*_without_a_part(expression), plain, apply("neg", plain)))
    return [one for one in dict.fromkeys(found) if one.complexity < expression.complexity]


def _without_a_part(expression: Expression) -> Iterator[Expression]:
    tokens = expression.tokens
    for start, token in enumerate(tokens):
        n_arguments = arity(token)
        if token not in {"add", "sub"} and n_arguments != 1:
            continue
        end, middle = subtree_end(tokens, start), subtree_end(tokens, start + 1)
        yield Expression(tokens[:start] + tokens[start + 1 : middle] + tokens[end:])
        if n_arguments == 2:
            sign = ("neg",) if token == "sub" else ()
            yield Expression(tokens[:start] + sign + tokens[middle:])
