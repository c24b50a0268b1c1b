"""The tape format: many expressions as flat arrays that every backend reads.

An expression is a run of nodes, children before parents; the last node is its value. A node is an
opcode, the places of its children within the run, and an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, repeat
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import (
    PLACEHOLDER,
    VARIABLE_PREFIX,
    Expression,
    is_structural,
    is_variable,
)
from nsr.expressions.operators import N_BUILTIN, OPERATORS, Operator
from nsr.kernels import kernel

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
        is_written_out: Whether operators have given way to their bodies, so that nodes are not tokens.
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
    is_written_out: bool = False

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
    tokens = list(chain.from_iterable([expression.tokens for expression in expressions]))
    codes = Vocabulary.now().codes(tokens)
    numbers = np.ones(len(tokens))
    places = np.flatnonzero(codes == NUMBER)
    numbers[places] = [tokens[place] for place in places.tolist()]
    return link(codes, numbers, np.array([len(expression.tokens) for expression in expressions], np.int64))


def link(codes: NDArray[np.int32], numbers: NDArray[np.float64], lengths: NDArray[np.int64]) -> Tape:
    """Compiles expressions that are given by the codes of their tokens.

    Args:
        codes: Of all tokens of all expressions, in prefix order (`Vocabulary.codes`).
        numbers: Values of those that are numbers, and 1 of placeholders.
        lengths: Tokens of each expression, shape (E,).
    """
    words = Vocabulary.now()
    tape = link_as_it_is(codes, numbers, lengths)
    if len(words.bodies) and np.isin(codes, words.bodies).any():
        return _written_out(tape, codes, numbers, words)
    return tape


def link_as_it_is(codes: NDArray[np.int32], numbers: NDArray[np.float64], lengths: NDArray[np.int64]) -> Tape:
    """As `link`, with one node for each token whatever operators there are."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    words = Vocabulary.now()
    op, left, right, arg = (np.zeros(len(codes), dtype=np.int32) for _ in range(4))
    literal = np.zeros(len(codes))
    active = np.zeros(len(codes), dtype=np.bool_)
    affine = np.zeros(len(codes), dtype=np.bool_)
    _link(codes, numbers, offsets, words.arities, op, left, right, arg, literal, active, affine)
    free = np.flatnonzero(op == CONSTANT)
    owner = np.repeat(np.arange(len(lengths)), lengths)[free]
    n_constants = np.bincount(owner, minlength=len(lengths))
    constants = np.zeros((len(lengths), max(1, int(n_constants.max(initial=0)))))
    linear = np.zeros(constants.shape, dtype=np.bool_)
    constants[owner, arg[free]], linear[owner, arg[free]] = literal[free], affine[free]
    return Tape(
        op, left, right, arg, literal, active, affine, offsets, n_constants, constants, linear,
        words.operators,
    )  # fmt: skip


def _written_out(
    plain: Tape, codes: NDArray[np.int32], numbers: NDArray[np.float64], words: Vocabulary
) -> Tape:
    """The tape of the same expressions with bodies in place of operators.

    Constants of an argument that a body has more than once are one constant, which then counts as nonlinear.
    """
    starts, stops = plain.offsets[:-1], plain.offsets[1:]
    owner = np.repeat(np.arange(len(starts)), stops - starts)
    nodes = stops[owner] - 1 - (np.arange(len(codes)) - starts[owner])
    ordinals = np.where(plain.op[nodes] == CONSTANT, plain.arg[nodes], -1)
    own = np.where((codes == NUMBER) | (codes == _PLACEHOLDER), _GIVEN, codes)
    own[ordinals >= 0] = _PLACEHOLDER
    tokens = list(zip(own.tolist(), numbers.tolist(), ordinals.tolist(), strict=True))
    written = [
        words.with_bodies(tokens[start:stop])
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    ]
    table = np.array([token for one in written for token in one], dtype=np.float64).reshape(-1, 3)
    lengths = np.array([len(one) for one in written], dtype=np.int64)
    tape = link_as_it_is(table[:, 0].astype(np.int32), np.ascontiguousarray(table[:, 1]), lengths)
    free = np.flatnonzero(tape.op == CONSTANT)
    of = np.searchsorted(tape.offsets, free, side="right") - 1
    order = np.lexsort((-free, of))  # tokens are read from the last node of a run to the first
    free, of = free[order], of[order]
    tape.arg[free] = table[table[:, 2] >= 0, 2]
    _, first = np.unique(np.stack((of, tape.arg[free])), axis=1, return_index=True)
    again = np.delete(np.arange(len(free)), first)
    tape.op[free[again]] = CONSTANT_AGAIN
    is_twice = np.isin(np.repeat(np.arange(len(lengths)), lengths), of[again])
    tape.affine[is_twice] = False
    linear = np.zeros(plain.constants.shape, dtype=np.bool_)
    linear[of[first], tape.arg[free[first]]] = tape.affine[free[first]]
    return replace(
        tape, n_constants=plain.n_constants, constants=plain.constants, linear=linear, is_written_out=True
    )


# The code of a token, its number, and which free constant it is, or -1.
_Coded = tuple[int, float, int]


class Vocabulary:
    """Codes of words, for the operator table of one moment; a registration makes a new one.

    Threads share it: all that changes is that variables met for the first time are added, and whichever
    thread adds one adds the same.

    Attributes:
        operators: The table's operators by opcode.
        arities: Their numbers of arguments.
        bodies: Opcodes of those that stand for others (`Operator.body`).
    """

    _latest: ClassVar[Vocabulary | None] = None

    def __init__(self, table: Mapping[str, Operator]) -> None:
        self._table = table
        self.operators = tuple(table.values())
        self.arities = np.array([operator.arity for operator in self.operators], dtype=np.int32)
        self.bodies = np.array([code for code, one in enumerate(self.operators) if one.body], dtype=np.int32)
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

    def with_bodies(self, tokens: Sequence[_Coded]) -> list[_Coded]:
        """An expression's tokens with bodies in place of operators, whose numbers are given ones."""
        stack: list[list[_Coded]] = []
        for token in reversed(tokens):
            operator = self.operators[token[0]] if token[0] >= 0 else None
            arguments = [stack.pop() for _ in range(0 if operator is None else operator.arity)]
            if operator is None or not operator.body:
                stack.append([token, *chain.from_iterable(arguments)])
                continue
            written: list[_Coded] = []
            for part in operator.body:
                if not isinstance(part, str):
                    written.append((_GIVEN, part, -1))
                elif is_variable(part):
                    written += arguments[int(part[2:])]
                else:
                    written.append((self._codes[part], 0.0, -1))
            stack.append(written)
        return stack[0]


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
