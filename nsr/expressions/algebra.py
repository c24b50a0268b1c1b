"""Canonical algebra: sums, products, powers and functions of the nodes of `nsr.expressions.nodes`.

The form behind simplification, computed in kernels (`nsr.expressions.machine`). Rewrites hold for real
numbers wherever the original is finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nsr.expressions import performing, stacks
from nsr.expressions.arenas import asked
from nsr.expressions.expression import Expression, _trusted
from nsr.expressions.nodes import Coefficient, Node


def from_expression(expression: Expression) -> Node:
    """The canonical form of an expression.

    Raises:
        NotFinite: If a constant subexpression has no finite value.
    """
    return Node(*asked(performing.READ, expression.tokens))


def to_expression(node: Node) -> Expression:
    """The expression that a canonical form writes."""
    return _trusted(node.arena.written(node.arena.perform(performing.WRITE, node.place)))


def constant(beside: Node, value: Coefficient) -> Node:
    """A constant, to be used with another node."""
    number = np.array([math.nan if value is None else value])
    return Node(beside.arena, beside.arena.perform(performing.NODE_OF_NUMBER, 0, number))


def add(nodes: Iterable[Node]) -> Node:
    """Sum of nodes, at least one, with like terms collected, and what all terms share pulled out."""
    return _run(stacks.ADD, list(nodes))


def multiply(nodes: Iterable[Node]) -> Node:
    """Product of nodes, at least one, with like powers collected and exponentials merged."""
    return _run(stacks.MULTIPLY, list(nodes))


def scale(node: Node, coefficient: Coefficient) -> Node:
    """A node times a coefficient."""
    number = np.array([math.nan if coefficient is None else coefficient])
    return Node(node.arena, node.arena.perform(performing.SCALE, node.place, number))


def power(base: Node, exponent: float | Node) -> Node:
    """A node to the power of a number or a node."""
    above = exponent if isinstance(exponent, Node) else constant(base, exponent)
    return _run(stacks.POWER, [base, above])


def function(name: str, arguments: Sequence[Node]) -> Node:
    """A function of nodes: constants folded, inverse functions cancelled, signs moved outside."""
    place = list(arguments[0].arena.operators).index(name)
    return _run(stacks.FIRST_FUNCTION + place, arguments)


def _run(instruction: int, nodes: Sequence[Node]) -> Node:
    own, places = nodes[0].arena, [float(node.place) for node in reversed(nodes)]
    return Node(own, own.perform(performing.RUN, instruction, np.array(places)))
