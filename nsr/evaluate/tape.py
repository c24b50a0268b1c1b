"""The tape format: many expressions as flat arrays that every backend reads.

An expression is a run of nodes, children before parents; the last node is its value. A node is an
opcode, the places of its children within the run, and an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.kernels import kernel
from nsr.expressions.expression import (
    PLACEHOLDER,
    VARIABLE_PREFIX,
    Expression,
    Token,
    is_structural,
    is_variable,
)
from nsr.expressions.operators import N_BUILTIN, OPERATORS, Operator

# Leaves and internal operators; operators of the table have their place in it as opcode. An unused
# node is one whose value its parent has taken into its own argument. A constant that occurs again, where an
# operator's body has an argument twice, comes after its first node when derivatives are computed.
VARIABLE, CONSTANT, LITERAL, FIXED_POWER, UNUSED, CONSTANT_AGAIN = -1, -2, -3, -4, -5, -6

# What a token is before it becomes a node: an operator's place, or one of these; a variable's code is
# FIRST_VARIABLE minus its index. A given number is never a free constant.
NUMBER, _PLACEHOLDER, FIRST_VARIABLE = -1, -2, -3
_GIVEN = np.iinfo(np.int32).min

_CODE = {name: code for code, name in enumerate(OPERATORS)}
_ADD, _SUB, _MUL, _DIV, _POW, _NEG = (_CODE[name] for name in ("add", "sub", "mul", "div", "pow", "neg"))
_WHERE, _LESS, _GREATER, _MINIMUM, _MAXIMUM = (
    _CODE[name] for name in ("where", "less", "greater", "minimum", "maximum")
)


@dataclass(frozen=True)
class Tape:
    """Expressions as flat arrays; node arrays have one entry per node of all expressions.

    Attributes:
        op: Opcode: a place in the operator table, or one of the negative codes of this module.
        left: First child, counted from the start of the expression's run.
        right: Second child, counted alike; the first again for an operator of one argument.
        arg: Variable index, constant index, twice the exponent of a fixed power, or the third child of an
            operator of three arguments.
        literal: Value of a fixed constant.
        active: Whether a free constant is at or below the node, so that its derivative matters.
        affine: Whether a free constant that enters the whole expression linearly is at or below it.
        offsets: Start of each expression's run and the end of the last, shape (E + 1,).
        n_constants: Free constants of each expression, shape (E,).
        constants: Their values, padded with 0, shape (E, K), K at least 1.
        linear: Which constants enter linearly, all of them together, shape (E, K).
        operators: The operator table when the tape was made, by opcode.
    """

    op: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    arg: NDArray[np.int32]
    literal: NDArray[np.float64]
    active: NDArray[np.bool_]
    affine: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    n_constants: NDArray[np.int64]
    constants: NDArray[np.float64]
    linear: NDArray[np.bool_]
    operators: tuple[Operator, ...]

    @property
    def nodes(self) -> tuple[NDArray[Any], ...]:
        """The node arrays that say what to compute, as the compiled kernels take them."""
        return self.op, self.left, self.right, self.arg, self.literal

    @cached_property
    def n_variables(self) -> NDArray[np.int64]:
        """One more than the highest variable of each expression, shape (E,)."""
        index = np.where(self.op == VARIABLE, self.arg, -1)
        return np.asarray(np.maximum.reduceat(index, self.offsets[:-1]) + 1, dtype=np.int64)

    @property
    def is_builtin(self) -> bool:
        """Whether only built-in operators occur, which the compiled interpreter needs."""
        return bool(np.all(self.op < N_BUILTIN))


def compile_tape(expressions: Sequence[Expression]) -> Tape:
    """Compiles expressions; placeholders are free constants with value 1."""
    words = Vocabulary.now()
    tokens = list(chain.from_iterable([expression.tokens for expression in expressions]))
    lengths = [len(expression.tokens) for expression in expressions]
    if not words.bodies.isdisjoint(tokens):
        return _compiled_bodies(expressions, words)
    codes = words.codes(tokens)
    numbers = np.ones(len(tokens))
    places = np.flatnonzero(codes == NUMBER)
    numbers[places] = [tokens[place] for place in places.tolist()]
    return _Nodes.linked(codes, numbers, lengths, words).tape()


def link(codes: NDArray[np.int32], numbers: NDArray[np.float64], lengths: NDArray[np.int64]) -> Tape:
    """Compiles expressions that are given by the codes of their tokens, none of which has a body.

    Args:
        codes: Of all tokens of all expressions, in prefix order (`Vocabulary.codes`).
        numbers: Values of those that are numbers, and 1 of placeholders.
        lengths: Tokens of each expression, shape (E,).
    """
    return _Nodes.linked(codes, numbers, lengths.tolist(), Vocabulary.now()).tape()


@dataclass
class _Nodes:
    """Node arrays of a tape that is being made, as `Tape` describes them."""

    op: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    arg: NDArray[np.int32]
    literal: NDArray[np.float64]
    active: NDArray[np.bool_]
    affine: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    operators: tuple[Operator, ...]

    @classmethod
    def linked(
        cls, codes: NDArray[np.int32], numbers: NDArray[np.float64], lengths: list[int], words: Vocabulary
    ) -> _Nodes:
        """The nodes of tokens, with each free constant numbered in reading order."""
        n = len(codes)
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        op, left, right, arg = (np.zeros(n, dtype=np.int32) for _ in range(4))
        literal, active, affine = np.zeros(n), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        _link(codes, numbers, offsets, words.arities, op, left, right, arg, literal, active, affine)
        return cls(op, left, right, arg, literal, active, affine, offsets, words.operators)

    @property
    def free(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places of the free constants, and the expression of each."""
        free = np.flatnonzero(self.op == CONSTANT)
        return free, np.searchsorted(self.offsets, free, side="right") - 1

    def tape(self, n_constants: NDArray[np.int64] | None = None) -> Tape:
        """The tape; the numbers of constants, shape (E,), are those of the nodes by default."""
        free, owner = self.free
        if n_constants is None:
            n_constants = np.bincount(owner, minlength=len(self.offsets) - 1)
        constants = np.zeros((len(n_constants), max(1, int(n_constants.max(initial=0)))))
        linear = np.zeros(constants.shape, dtype=np.bool_)
        at = owner, self.arg[free]
        constants[at], linear[at] = self.literal[free], self.affine[free]
        return Tape(
            self.op, self.left, self.right, self.arg, self.literal, self.active, self.affine, self.offsets,
            n_constants, constants, linear, self.operators,
        )  # fmt: skip


def _compiled_bodies(expressions: Sequence[Expression], words: Vocabulary) -> Tape:
    """The tape of expressions some operators of which are computed by their bodies.

    Constants of an argument that a body has more than once are one constant, which then counts as nonlinear.
    """
    written = [_with_bodies(expression, words) for expression in expressions]
    tokens = [token for tagged in written for token, _ in tagged]
    tags = np.array([tag for tagged in written for _, tag in tagged], dtype=np.int64)
    codes = words.codes(tokens)
    is_number = (codes == NUMBER) | (codes == _PLACEHOLDER)
    numbers = np.ones(len(tokens))
    for place in np.flatnonzero(codes == NUMBER).tolist():
        numbers[place] = tokens[place]
    codes[is_number] = np.where(tags[is_number] >= 0, _PLACEHOLDER, _GIVEN)
    nodes = _Nodes.linked(codes, numbers, [len(tagged) for tagged in written], words)
    free, owner = nodes.free
    own_tags = [tag for tagged in written for _, tag in tagged if tag >= 0]
    ordered = np.lexsort((-free, owner))  # tokens are read from the last node of a run to the first
    nodes.arg[free[ordered]] = own_tags
    n_free = np.array([len(expression.free_positions) for expression in expressions], dtype=np.int64)
    keys = owner[ordered] * (int(n_free.max(initial=0)) + 1) + nodes.arg[free[ordered]]
    first = np.unique(keys, return_index=True)[1]
    again = np.delete(ordered, first)
    nodes.op[free[again]] = CONSTANT_AGAIN
    for expression in np.unique(owner[again]).tolist():
        nodes.affine[nodes.offsets[expression] : nodes.offsets[expression + 1]] = False
    return nodes.tape(n_free)


def _with_bodies(expression: Expression, words: Vocabulary) -> list[tuple[Token, int]]:
    """Tokens with bodies in place of operators, each with the number of its free constant, or -1."""
    ordinals = {position: k for k, position in enumerate(expression.free_positions)}
    stack: list[list[tuple[Token, int]]] = []
    for position in range(len(expression.tokens) - 1, -1, -1):
        token = expression.tokens[position]
        operator = words.by_name.get(token) if isinstance(token, str) else None
        if operator is None:
            stack.append([(token, ordinals.get(position, -1))])
            continue
        arguments = [stack.pop() for _ in range(operator.arity)]
        if not operator.body:
            stack.append([(token, -1), *chain.from_iterable(arguments)])
            continue
        written: list[tuple[Token, int]] = []
        for part in operator.body:
            is_argument = isinstance(part, str) and is_variable(part)
            written += arguments[int(str(part)[2:])] if is_argument else [(part, -1)]
        stack.append(written)
    return stack[0]


class Vocabulary:
    """Codes of words, for the operator table of one moment; a registration makes a new one.

    Threads share it: all that changes is that variables met for the first time are added, and whichever
    thread adds one adds the same.

    Attributes:
        operators: The table's operators by opcode.
        arities: Their numbers of arguments.
        by_name: The operators by name.
        bodies: Names of those that are computed by their bodies.
    """

    _latest: ClassVar[Vocabulary | None] = None

    def __init__(self, table: Mapping[str, Operator]) -> None:
        self._table = self.by_name = table
        self.operators = tuple(table.values())
        self.bodies = frozenset(operator.name for operator in self.operators if operator.body)
        self.arities = np.array([operator.arity for operator in self.operators], dtype=np.int32)
        self._codes: dict[str | float, int] = {PLACEHOLDER: _PLACEHOLDER}
        self._codes.update((name, code) for code, name in enumerate(table))

    @classmethod
    def now(cls) -> Vocabulary:
        """Those of the present operator table."""
        table, latest = OPERATORS.snapshot, cls._latest
        if latest is None or latest._table is not table:
            latest = cls._latest = cls(table)
        return latest

    def codes(self, tokens: list[str | float]) -> NDArray[np.int32]:
        """Each token's code."""
        codes = np.fromiter(map(self._codes.get, tokens, repeat(NUMBER)), np.int32, len(tokens))
        new = {
            token
            for place in np.flatnonzero(codes == NUMBER).tolist()
            if isinstance(token := tokens[place], str)
        }
        for word in new:
            self._codes[word] = FIRST_VARIABLE - int(word.removeprefix(VARIABLE_PREFIX))
        return self.codes(tokens) if new else codes


_is_structural = kernel(is_structural, inner=True)


@kernel
def _link(codes, numbers, offsets, arities, op, left, right, arg, literal, active, affine):
    """Fills the node arrays; node i of a run is the token at place i from the expression's end.

    Reading the prefix form backwards meets children before parents. Free constants are numbered in
    reading order.
    """
    longest = 0
    for e in range(len(offsets) - 1):
        longest = max(longest, offsets[e + 1] - offsets[e])
    stack = np.empty(longest + 1, np.int32)
    counts = np.empty(longest + 1, np.int32)
    for e in range(len(offsets) - 1):
        start, stop = offsets[e], offsets[e + 1]
        depth = 0
        for i in range(stop - start):
            node = start + i
            code = codes[stop - 1 - i]
            counts[i] = 0
            if code == _GIVEN:
                op[node] = LITERAL
                literal[node] = numbers[stop - 1 - i]
            elif code in (NUMBER, _PLACEHOLDER):
                op[node] = CONSTANT
                literal[node] = numbers[stop - 1 - i]
                active[node] = True
                counts[i] = 1
            elif code <= FIRST_VARIABLE:
                op[node] = VARIABLE
                arg[node] = FIRST_VARIABLE - code
            else:
                depth -= 1
                a = stack[depth]
                op[node], left[node], right[node] = code, a, a
                third = a
                if arities[code] >= 2:
                    depth -= 1
                    b = stack[depth]
                    right[node] = b
                    if code == _POW:
                        _fix_exponent(
                            node, start + b, codes[stop - 1 - b], op, right, arg, literal, active, a
                        )
                    elif code in (_LESS, _GREATER, _MINIMUM, _MAXIMUM):
                        is_compared = code in (_LESS, _GREATER)
                        for child in (a, b):
                            place = start + child
                            is_number = codes[stop - 1 - child] == NUMBER
                            if is_number and (is_compared or literal[place] == 0):
                                op[place], active[place], counts[child] = LITERAL, False, 0
                if arities[code] == 3:
                    depth -= 1
                    third = stack[depth]
                    arg[node] = third
                active[node] = active[start + a] or active[start + right[node]] or active[start + third]
                counts[i] = _linear_count(op[node], counts, a, right[node], third)
            stack[depth] = i
            depth += 1
        _mark_affine(start, stop, op, left, right, arg, affine, counts)
        k = 0
        for node in range(stop - 1, start - 1, -1):
            if op[node] == CONSTANT:
                arg[node] = k
                k += 1


@kernel(inner=True)
def _fix_exponent(node, exponent, code, op, right, arg, literal, active, a):
    """Makes a structural exponent part of the power (multiples of 1/2) or a literal."""
    if code not in (NUMBER, _GIVEN) or not _is_structural(literal[exponent]):
        return
    active[exponent] = False
    doubled = 2 * literal[exponent]
    if doubled == round(doubled):
        op[node], right[node], arg[node] = FIXED_POWER, a, int(doubled)
        op[exponent] = UNUSED
    else:
        op[exponent] = LITERAL


@kernel(inner=True)
def _linear_count(code, counts, a, b, c):
    """Constants below a node that its value depends on linearly, if the right factors are chosen."""
    if code == _WHERE:
        return counts[b] + counts[c]
    if code in (_ADD, _SUB):
        return counts[a] + counts[b]
    if code == _MUL:
        return max(counts[a], counts[b])
    return counts[a] if code in (_NEG, _DIV) else 0


@kernel(inner=True)
def _mark_affine(start, stop, op, left, right, arg, affine, counts):
    """Walks down from the root along the sides that hold constants entering linearly.

    Of a product it takes the factor with more of them; the constants of the other count as nonlinear.
    """
    affine[stop - 1] = counts[stop - 1 - start] > 0
    for node in range(stop - 1, start - 1, -1):
        code = op[node]
        if not affine[node] or code == CONSTANT:
            continue
        a, b = left[node], right[node]
        if code == _WHERE:
            affine[start + b] = counts[b] > 0
            affine[start + arg[node]] = counts[arg[node]] > 0
        elif code == _MUL:
            affine[start + (a if counts[a] >= counts[b] else b)] = True
        else:
            affine[start + a] = counts[a] > 0
            if code in (_ADD, _SUB):
                affine[start + b] = counts[b] > 0
