"""Immutable expressions in prefix notation, the one currency of NSR.

An expression is a tuple of tokens: operator names (`nsr.expressions.operators`), variables `x_0`, `x_1`, ...,
float constants, and the placeholder `C` for a constant whose value is not known yet. An
expression with placeholders is called a skeleton.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from nsr.expressions.operators import OPERATORS, Operator

Token = str | float
_Part = TypeVar("_Part")

PLACEHOLDER = "C"
_COMPARISONS, _EXTREMES = ("less", "greater"), ("minimum", "maximum")
VARIABLE_PREFIX = "x_"


def is_variable(token: Token) -> bool:
    """Whether the token is a variable `x_i`."""
    return isinstance(token, str) and token.startswith(VARIABLE_PREFIX) and token[2:].isdigit()


def arity(token: Token) -> int:
    """Number of arguments the token takes: 0 for leaves.

    Raises:
        ValueError: If the token is not an operator, a variable, a constant or the placeholder.
    """
    operator = OPERATORS.get(token)
    if operator is not None:
        return operator.arity
    if isinstance(token, str) and token != PLACEHOLDER and not is_variable(token):
        raise ValueError(f"unknown token {token!r}")
    return 0


def is_structural(value: float) -> bool:
    """Whether an exponent of this value belongs to the structure and stays fixed in refinement.

    These are the multiples of 1/2 and of 1/3 up to 10 in magnitude: the exponents laws have. The tape
    (`nsr.evaluate.tape`) compiles this function, so it keeps to what numba reads.
    """
    if not abs(value) <= 10:
        return False
    return abs(2 * value - round(2 * value)) < 1e-9 or abs(3 * value - round(3 * value)) < 1e-9


@dataclass(frozen=True)
class Expression:
    """An immutable prefix expression.

    Attributes:
        tokens: Operator names, variables, floats and placeholders, in prefix order.

    Raises:
        ValueError: If the tokens are not exactly one well-formed expression.
    """

    tokens: tuple[Token, ...]

    def __post_init__(self) -> None:
        open_slots = 1
        for token in self.tokens:
            if open_slots == 0:
                raise ValueError("tokens left over after a complete expression")
            open_slots += arity(token) - 1
        if open_slots:
            raise ValueError(f"incomplete expression: {open_slots} arguments are missing")

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def children(self) -> tuple[Expression, ...]:
        """The arguments of the root, from left to right."""
        tokens = self.tokens
        n_parts = arity(tokens[0])
        if not n_parts:
            return ()
        starts = [1]
        for _ in range(n_parts - 1):
            starts.append(subtree_end(tokens, starts[-1]))
        stops = [*starts[1:], len(tokens)]
        return tuple(_trusted(tokens[start:stop]) for start, stop in zip(starts, stops, strict=True))

    @property
    def variables(self) -> tuple[int, ...]:
        """Indices of the variables used, ascending."""
        return tuple(sorted(int(str(token)[2:]) for token in set(self.tokens) if is_variable(token)))

    @cached_property
    def complexity(self) -> int:
        """Sum of the operators' complexities plus one for each leaf."""
        operators = [operator for operator in map(OPERATORS.get, self.tokens) if operator is not None]
        return len(self.tokens) - len(operators) + sum(operator.complexity for operator in operators)

    @cached_property
    def free_positions(self) -> tuple[int, ...]:
        """Positions of the constants that refinement may move.

        Placeholders and floats, except a structural exponent (`is_structural`) of `pow`, a number that
        something is compared with, as values do not change with it but where they jump, and the 0 of
        `maximum(x, 0)` or `minimum(x, 0)`, which any other number would be with another x.
        """
        fixed = set(self._fixed_positions())
        return tuple(
            i
            for i, token in enumerate(self.tokens)
            if token == PLACEHOLDER or (not isinstance(token, str) and i not in fixed)
        )

    def _fixed_positions(self) -> Iterator[int]:
        """Positions of numbers that belong to the form."""
        tokens = self.tokens
        for i, token in enumerate(tokens):
            if token == "pow":
                place = subtree_end(tokens, i + 1)
                if not isinstance(exponent := tokens[place], str) and is_structural(exponent):
                    yield place
            elif token in _COMPARISONS or token in _EXTREMES:
                for place in (i + 1, subtree_end(tokens, i + 1)):
                    if not isinstance(tokens[place], str) and (token in _COMPARISONS or tokens[place] == 0):
                        yield place

    @property
    def constants(self) -> tuple[float, ...]:
        """Values at `free_positions`; a placeholder counts as 1."""
        values = (self.tokens[i] for i in self.free_positions)
        return tuple(1.0 if isinstance(v, str) else v for v in values)

    def with_constants(self, values: Sequence[float]) -> Expression:
        """The same expression with other values at `free_positions`.

        Raises:
            ValueError: If the number of values is not that of the free constants.
        """
        positions = self.free_positions
        if len(values) != len(positions):
            raise ValueError(f"{len(positions)} constants expected, {len(values)} given")
        tokens = list(self.tokens)
        for position, value in zip(positions, values, strict=True):
            tokens[position] = float(value)
        return _trusted(tuple(tokens))

    def skeleton(self) -> Expression:
        """The expression with every free constant replaced by the placeholder."""
        tokens = list(self.tokens)
        for position in self.free_positions:
            tokens[position] = PLACEHOLDER
        return _trusted(tuple(tokens))

    def substitute(self, replacements: Mapping[int, Expression]) -> Expression:
        """Replaces variables, given by index, with expressions."""
        tokens: list[Token] = []
        for token in self.tokens:
            replacement = (
                replacements.get(int(token[2:])) if isinstance(token, str) and is_variable(token) else None
            )
            tokens.extend(replacement.tokens if replacement is not None else (token,))
        return _trusted(tuple(tokens))

    def fold(
        self, leaf: Callable[[Token, int], _Part], node: Callable[[Operator, list[_Part]], _Part]
    ) -> _Part:
        """What an expression becomes when its leaves and then its operators are translated.

        Args:
            leaf: Translates a variable, constant or placeholder, given with its position.
            node: Translates an operator, given with its translated arguments.
        """
        stack: list[_Part] = []
        for position in range(len(self.tokens) - 1, -1, -1):
            token = self.tokens[position]
            operator = OPERATORS.get(token) if isinstance(token, str) else None
            if operator is None:
                stack.append(leaf(token, position))
            else:
                stack.append(node(operator, [stack.pop() for _ in range(operator.arity)]))
        return stack[0]

    def subexpressions(self) -> Iterator[Expression]:
        """All subtrees in prefix order, the expression itself first."""
        for start in range(len(self.tokens)):
            yield _trusted(self.tokens[start : subtree_end(self.tokens, start)])

    def with_part_replaced(
        self, instead: Callable[[Expression], Iterable[Expression]]
    ) -> Iterator[Expression]:
        """The expression with each part in turn, in prefix order, giving way to what may stand instead.

        Args:
            instead: What may stand instead of a part.
        """
        for start, old in enumerate(self.subexpressions()):
            stop = start + len(old)
            for new in instead(old):
                yield Expression(self.tokens[:start] + new.tokens + self.tokens[stop:])

    def exponent_positions(self) -> Iterator[int]:
        """Positions where the second arguments of `pow` begin."""
        for i, token in enumerate(self.tokens):
            if token == "pow":
                yield subtree_end(self.tokens, i + 1)


def subtree_end(tokens: Sequence[Token], start: int) -> int:
    """Position one past the subtree that starts at `start`, of tokens that are known to be well-formed."""
    operator_of = OPERATORS.get
    open_slots = 1
    position = start
    while open_slots:
        operator = operator_of(tokens[position])
        open_slots += -1 if operator is None else operator.arity - 1
        position += 1
    return position


def constant(value: float) -> Expression:
    """The expression that is this number."""
    return _trusted((float(value),))


def variable(index: int) -> Expression:
    """The expression that is the variable `x_index`."""
    return _trusted((f"{VARIABLE_PREFIX}{index}",))


def apply(name: str, *arguments: Expression) -> Expression:
    """The operator `name` applied to arguments.

    Raises:
        ValueError: If the operator is unknown or takes another number of arguments.
    """
    operator = OPERATORS.get(name)
    if operator is None or operator.arity != len(arguments):
        raise ValueError(f"no operator {name!r} with {len(arguments)} arguments")
    tokens: tuple[Token, ...] = (name,)
    for argument in arguments:
        tokens += argument.tokens
    return _trusted(tokens)


def _trusted(tokens: tuple[Token, ...]) -> Expression:
    """An expression from tokens known to be well-formed, without checking them again."""
    expression = object.__new__(Expression)
    object.__setattr__(expression, "tokens", tokens)
    return expression
