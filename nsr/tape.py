"""The tape format: many expressions as flat arrays that every backend reads.

An expression is a run of nodes, children before parents; the last node is its value. A node is an
opcode, the places of its children within the run, and an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expression import Expression, is_structural
from nsr.operators import N_BUILTIN, OPERATORS

# Leaves and one internal operator; operators of the table have their place in it as opcode.
VARIABLE, CONSTANT, LITERAL, INTEGER_POWER = -1, -2, -3, -4

_OPCODES = {name: code for code, name in enumerate(OPERATORS)}


@dataclass(frozen=True)
class Tape:
    """Expressions as flat arrays; node arrays have one entry per node of all expressions.

    Attributes:
        op: Opcode: a place in the operator table, or one of the negative codes of this module.
        left: First child, counted from the start of the expression's run.
        right: Second child, likewise.
        arg: Variable index, constant index, or integer exponent.
        literal: Value of a fixed constant.
        active: Whether a free constant is below the node, so that its derivative matters.
        offsets: Start of each expression's run and the end of the last, shape (E + 1,).
        n_constants: Free constants of each expression, shape (E,).
        constants: Their values, padded with 0, shape (E, K), K at least 1.
    """

    op: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    arg: NDArray[np.int32]
    literal: NDArray[np.float64]
    active: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    n_constants: NDArray[np.int64]
    constants: NDArray[np.float64]

    @property
    def nodes(self) -> tuple[NDArray[Any], ...]:
        """The node arrays, as the compiled kernels take them."""
        return self.op, self.left, self.right, self.arg, self.literal, self.active

    @property
    def is_builtin(self) -> bool:
        """Whether only built-in operators occur, which the compiled interpreter needs."""
        return bool(np.all(self.op < N_BUILTIN))


@dataclass(frozen=True)
class _Node:
    op: int
    left: int = 0
    right: int = 0
    arg: int = 0
    literal: float = 0.0
    active: bool = False


def compile_tape(expressions: Sequence[Expression]) -> Tape:
    """Compiles expressions; placeholders are free constants with value 1."""
    runs = [_compile(expression) for expression in expressions]
    nodes = [node for run in runs for node in run]
    free = [expression.constants for expression in expressions]
    constants = np.zeros((len(expressions), max([1, *map(len, free)])))
    for row, values in zip(constants, free, strict=True):
        row[: len(values)] = values
    return Tape(
        op=np.array([node.op for node in nodes], dtype=np.int32),
        left=np.array([node.left for node in nodes], dtype=np.int32),
        right=np.array([node.right for node in nodes], dtype=np.int32),
        arg=np.array([node.arg for node in nodes], dtype=np.int32),
        literal=np.array([node.literal for node in nodes], dtype=np.float64),
        active=np.array([node.active for node in nodes], dtype=np.bool_),
        offsets=np.cumsum([0, *map(len, runs)], dtype=np.int64),
        n_constants=np.array(list(map(len, free)), dtype=np.int64),
        constants=constants,
    )


def _compile(expression: Expression) -> list[_Node]:
    """One expression's run; reading the prefix form backwards meets children before parents."""
    tokens = expression.tokens
    places = {position: k for k, position in enumerate(expression.free_positions)}
    nodes: list[_Node] = []
    stack: list[int] = []
    for position in range(len(tokens) - 1, -1, -1):
        token = tokens[position]
        if position in places:
            node = _Node(CONSTANT, arg=places[position], active=True)
        elif not isinstance(token, str):
            node = _Node(LITERAL, literal=token)
        elif token in _OPCODES or token in OPERATORS:
            node = _operator(token, nodes, stack)
        else:
            node = _Node(VARIABLE, arg=int(token[2:]))
        stack.append(len(nodes))
        nodes.append(node)
    return nodes


def _operator(name: str, nodes: list[_Node], stack: list[int]) -> _Node:
    opcode = _OPCODES.get(name)
    if opcode is None:
        opcode = _OPCODES[name] = list(OPERATORS).index(name)
    left = stack.pop()
    if OPERATORS[name].arity == 1:
        return _Node(opcode, left, left, active=nodes[left].active)
    right = stack.pop()
    exponent = nodes[right]
    if name == "pow" and exponent.op == LITERAL and exponent.literal.is_integer():
        assert is_structural(exponent.literal)
        return _Node(INTEGER_POWER, left, left, arg=int(exponent.literal), active=nodes[left].active)
    return _Node(opcode, left, right, active=nodes[left].active or exponent.active)
