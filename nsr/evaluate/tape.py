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
from nsr.expressions.expression import PLACEHOLDER, VARIABLE_PREFIX, Expression, is_structural
from nsr.expressions.operators import N_BUILTIN, OPERATORS, Operator

# Leaves and internal operators; operators of the table have their place in it as opcode. An unused
# node is one whose value its parent has taken into its own argument.
VARIABLE, CONSTANT, LITERAL, FIXED_POWER, UNUSED = -1, -2, -3, -4, -5

# What a token is before it becomes a node: an operator's place, or one of these; a variable's code is
# FIRST_VARIABLE minus its index.
NUMBER, _PLACEHOLDER, FIRST_VARIABLE = -1, -2, -3

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


class Vocabulary:
    """Codes of words, for the operator table of one moment; a registration makes a new one.

    Threads share it: all that changes is that variables met for the first time are added, and whichever
    thread adds one adds the same.

    Attributes:
        operators: The table's operators by opcode.
        arities: Their numbers of arguments.
    """

    _latest: ClassVar[Vocabulary | None] = None

    def __init__(self, table: Mapping[str, Operator]) -> None:
        self._table = table
        self.operators = tuple(table.values())
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
            if code in (NUMBER, _PLACEHOLDER):
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
    if code != NUMBER or not _is_structural(literal[exponent]):
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
