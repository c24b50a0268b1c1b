"""The identity of a skeleton: what is left when names of variables and values of constants do not count.

Two expressions share a key when one becomes the other by renaming variables, changing constants
(coefficients 1 and -1 included), and rewriting products, quotients and powers. Used to keep benchmark
equations out of training, so it errs towards calling things equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsr import algebra
from nsr.algebra import Node
from nsr.expression import Expression

Key = tuple[Any, ...]

_CONSTANT: Key = ("const",)


def blind_key(expression: Expression) -> Key:
    """A cheap necessary condition: the key with all variables alike."""
    return _shape(_node(expression), None)


def skeleton_key(expression: Expression) -> Key:
    """The key of a skeleton.

    Variables are told apart by colour refinement: each is coloured by the shape of the expression
    with that variable marked, until the colours stay; remaining ties are broken one by one.
    """
    node = _node(expression)
    variables = expression.variables
    colours = _refined(node, dict.fromkeys(variables, 0))
    while len(set(colours.values())) < len(variables):
        tied = min(c for c in colours.values() if list(colours.values()).count(c) > 1)
        chosen = next(v for v in variables if colours[v] == tied)
        colours = _refined(node, {v: 2 * c + (v != chosen) for v, c in colours.items()})
    return _shape(node, colours)


def _node(expression: Expression) -> Node:
    try:
        return algebra.from_expression(expression)
    except algebra.NotFinite:
        return algebra.UNKNOWN


def _refined(node: Node, colours: dict[int, int]) -> dict[int, int]:
    """Colours refined until stable; equal inputs up to renaming give equal colours."""
    while True:
        marked = {v: (colours[v], repr(_shape(node, {**colours, v: -1}))) for v in colours}
        ranks = {colour: rank for rank, colour in enumerate(sorted(set(marked.values())))}
        if len(ranks) == len(set(colours.values())):
            return {v: ranks[marked[v]] for v in colours}
        colours = {v: ranks[marked[v]] for v in colours}


def _shape(node: Node, colours: Mapping[int, int] | None) -> Key:
    """The node as nested sorted tuples, without coefficients; variables appear as their colours."""
    kind = node[0]
    if kind == "num":
        return _CONSTANT
    if kind == "var":
        return ("var", 0 if colours is None else colours[node[1]])
    if kind == "sum":
        return ("sum", *sorted((_shape(term, colours) for term, _ in node[1]), key=repr))
    if kind == "fun":
        return ("fun", node[1], *(_shape(argument, colours) for argument in node[2]))
    powers: dict[Key, float] = {}
    _collect_powers(node, 1.0, colours, powers)
    return ("prod", *sorted(((base, e) for base, e in powers.items() if e != 0), key=repr))


def _collect_powers(
    node: Node, exponent: float, colours: Mapping[int, int] | None, powers: dict[Key, float]
) -> None:
    """Flattens products in powers: sqrt(a*b) counts as sqrt(a)*sqrt(b), and |a|^2 as a^2."""
    for base, inner in node[2]:
        if base[0] == "prod":
            _collect_powers(base, exponent * inner, colours, powers)
            continue
        if base[0] == "fun" and base[1] == "abs":
            base = base[2][0]  # noqa: PLW2901 - absolute values do not distinguish skeletons here
        key = _shape(base, colours)
        powers[key] = powers.get(key, 0.0) + exponent * inner
