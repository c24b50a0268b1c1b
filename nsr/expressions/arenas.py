"""The arenas of this process: memory of the algebra's kernels, and expressions as these take them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import PLACEHOLDER, Token, is_variable
from nsr.expressions.layout import (
    ARENA,
    FIRST_VARIABLE,
    FULL,
    IS_EVEN,
    IS_FOLDED,
    IS_NONNEGATIVE,
    IS_ODD,
    IS_PRODUCT,
    IS_SUM,
    IS_SYMMETRIC,
    MOST_OPERATORS,
    MOST_TOKENS,
    PENDING,
    PLACEHOLDER_CODE,
    UNKNOWN,
)
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.performing import INITIALISE, NODE_OF_NUMBER, READ, multiply_out, perform

# Exponents that a chain of cheap operators writes, outermost first.
_CHAINS: dict[float, tuple[str, ...]] = {
    2.0: ("square",),
    3.0: ("cube",),
    4.0: ("square", "square"),
    6.0: ("square", "cube"),
    8.0: ("square", "square", "square"),
    9.0: ("cube", "cube"),
    0.5: ("sqrt",),
    0.25: ("sqrt", "sqrt"),
    1.5: ("sqrt", "cube"),
    4.5: ("sqrt", "cube", "cube"),
}
# An arena with more nodes is left to those who hold some, and the next expression gets a new one: what is
# computed often is not, then, but memory that is used again is near.
_USUAL_NODES = 1 << 14

_NOTHING = np.empty(0)
_boxes: dict[str, float] = {}
_names: dict[int, str] = {}
_thread = threading.local()


class NotFinite(ArithmeticError):  # noqa: N818
    """A constant subexpression has no finite value."""


class NoRoom(NotFinite):
    """A form has no room in an arena: it is as if it had no value."""


class Arena:
    """Nodes, each once, and what was computed of them; for one thread.

    Args:
        operators: The table of operators.
    """

    def __init__(self, operators: Mapping[str, Operator]) -> None:
        self.operators = operators
        self.memory = np.zeros(1, ARENA)
        for name, column in _table(tuple(operators.values())).items():
            self.memory[name][0, : column.size] = column.ravel()
        self._bytes = self.memory.view(np.uint8)
        self.columns: dict[str, NDArray[Any]] = {
            name: self.memory[name][0] for name in ("kind", "symbol", "number", "rest", "first", "count")
        }
        self.part, self.weight = self.memory["part"][0], self.memory["weight"][0]
        self.outline = self.memory["outline"][0]
        self._n_nodes = self.memory["n_nodes"]
        self._codes = self.memory["codes"][0].reshape(2, MOST_TOKENS)
        self._numbers = self.memory["numbers"][0].reshape(2, MOST_TOKENS)
        self.perform(INITIALISE)

    @property
    def is_used_up(self) -> bool:
        """Whether the next expression should have another arena."""
        return bool(self._n_nodes[0] > _USUAL_NODES) or self.operators is not OPERATORS.snapshot

    def perform(self, task: int, operand: int = 0, tokens: NDArray[np.float64] = _NOTHING) -> int:
        """What `nsr.expressions.performing.perform` returns.

        Raises:
            NotFinite: If a constant subexpression has no finite value, or what it takes has no room.
        """
        if len(tokens) > MOST_TOKENS:
            raise NoRoom
        while (result := perform(self._bytes, task, operand, tokens)) < 0:
            if result == -FULL:
                _thread.arena = None
                raise NoRoom
            if result != -PENDING:
                raise NotFinite
            self._fold(int(self.memory["pending"][0]))
        return int(result)

    def multiplied_out(self, node: int) -> int:
        """The polynomial that a node is.

        Raises:
            NoRoom: If it has too many terms.
        """
        if (result := multiply_out(self._bytes, node)) < 0:
            _thread.arena = None
            raise NoRoom
        return int(result)

    def written(self, result: int) -> tuple[Token, ...]:
        """The tokens that a task has written, given what it returned."""
        length, buffer = result // 2, result % 2
        codes = self._codes[buffer, :length].tolist()
        if -1 not in codes:
            return tuple(map(_names.__getitem__, codes))
        numbers = self._numbers[buffer, :length].tolist()
        pairs = zip(codes, numbers, strict=True)
        return tuple([number if code < 0 else _names[code] for code, number in pairs])

    def _fold(self, node: int) -> None:
        """Computes the value of a function of constants."""
        columns = self.columns
        first, count = columns["first"][node], columns["count"][node]
        values = columns["number"][self.part[first : first + count]].tolist()
        scalar = list(self.operators.values())[columns["symbol"][node]].scalar
        assert scalar is not None, "only operators with a scalar function are folded"
        try:
            value = float(scalar(*values))
        except (ValueError, OverflowError, ZeroDivisionError):
            value = np.inf
        known = self.perform(NODE_OF_NUMBER, 0, np.array([value])) + 1 if np.isfinite(value) else -1
        self.memory["value"][0, node] = known


def arena() -> Arena:
    """This thread's arena for the next expression."""
    found: Arena | None = getattr(_thread, "arena", None)
    if found is None or found.is_used_up:
        found = _thread.arena = Arena(OPERATORS.snapshot)
    return found


def asked(task: int, tokens: Sequence[Token]) -> tuple[Arena, int]:
    """An arena, and what it returned for a task with an expression; see `Arena.perform`."""
    numbers = encoded(tokens)
    try:
        own = arena()
        return own, own.perform(task, 0, numbers)
    except NoRoom:  # beside what else is there
        own = arena()
        return own, own.perform(task, 0, numbers)


def expanded(tokens: Sequence[Token]) -> tuple[Arena, int]:
    """An arena, and the polynomial there that an expression is.

    Raises:
        NoRoom: If it has too many terms.
    """
    try:
        own, node = asked(READ, tokens)
        return own, own.multiplied_out(node)
    except NoRoom:  # beside what else is there
        own, node = asked(READ, tokens)
        return own, own.multiplied_out(node)
    except NotFinite:
        own = arena()
        return own, own.multiplied_out(UNKNOWN)


def encoded(tokens: Sequence[Token]) -> NDArray[np.float64]:
    """Tokens as numbers; those that are none as NaN, in the bits of which stand their codes."""
    try:
        return np.fromiter(map(_boxes.get, tokens, tokens), np.float64, len(tokens))  # type: ignore[arg-type]
    except ValueError:  # a token that is new here
        places = {name: place for place, name in enumerate(OPERATORS)} | {PLACEHOLDER: PLACEHOLDER_CODE}
        for token in tokens:
            if isinstance(token, str) and token not in _boxes:
                code = FIRST_VARIABLE + int(token[2:]) if is_variable(token) else places[token]
                _names.setdefault(code, token)
                _boxes[token] = float(np.array((0x7FF8 << 48) + 1 + code).view(np.float64))
        return encoded(tokens)


@lru_cache(maxsize=1)
def _table(operators: tuple[Operator, ...]) -> dict[str, NDArray[Any]]:
    """What the kernels know of operators, in columns of an arena."""
    if len(operators) > MOST_OPERATORS:
        raise ValueError(f"more than {MOST_OPERATORS} operators are registered; register fewer")
    places = {operator.name: place for place, operator in enumerate(operators)}
    ranks = {name: rank for rank, name in enumerate(sorted(places))}
    for name, place in places.items():  # whatever is read, any may be written
        _names[place] = name
    _names[PLACEHOLDER_CODE] = PLACEHOLDER
    rows = [[places[name] for name in chain] for chain in _CHAINS.values()]
    return {
        "arity": np.array([operator.arity for operator in operators]),
        "rank": np.array([ranks[operator.name] for operator in operators]),
        "traits": np.array([_traits(operator) for operator in operators]),
        "weights": np.array([_padded(operator.weights) for operator in operators]),
        "exponents": np.array([_padded(operator.exponents) for operator in operators]),
        "chain_exponent": np.array(list(_CHAINS)),
        "chain_length": np.array([len(row) for row in rows]),
        "chain": np.array([[*row, 0, 0, 0, 0][:4] for row in rows]),
    }


def _padded(numbers: tuple[float, ...]) -> list[float]:
    return [*numbers, 0.0, 0.0, 0.0][:3]


def _traits(operator: Operator) -> int:
    known = {
        IS_SUM: bool(operator.weights), IS_PRODUCT: bool(operator.exponents),
        IS_ODD: operator.parity == "odd", IS_EVEN: operator.parity == "even",
        IS_SYMMETRIC: operator.is_symmetric, IS_NONNEGATIVE: operator.is_nonnegative,
        IS_FOLDED: operator.scalar is not None,
    }  # fmt: skip
    return sum(trait for trait, holds in known.items() if holds)
