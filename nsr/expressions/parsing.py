"""A safe parser of infix text: `2*sin(x_0) + x_1**2` -> expression. Nothing is ever executed."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence

from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS

CONSTANTS = {"pi": math.pi, "e": math.e, "E": math.e}

MAX_LENGTH = 10_000
MAX_DEPTH = 80

_LEXER = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<symbol>\*\*|[-+*/^(),<>]))"
)
_INFIX = [operator for operator in OPERATORS.values() if operator.symbol is not None and operator.arity == 2]
_SUMS = {operator.symbol: operator.name for operator in _INFIX if operator.weights}
_COMPARISONS = {"<": "less", ">": "greater"}
_PRODUCTS = {operator.symbol: operator.name for operator in _INFIX if operator.exponents}


class ParseError(ValueError):
    """Text is not an expression; the message says where and why."""


def parse(text: str, names: Sequence[str] | None = None, *, free_names: bool = False) -> Expression:
    """Reads infix text.

    Args:
        text: Sums, products, `**` or `^`, parentheses, functions by operator name, `pi` and `e`, and
            comparisons by `<` and `>`, which are 1 where they hold and 0 elsewhere.
        names: Names of the variables in order; `x_0`, `x_1`, ... by default.
        free_names: Whether any other name is a constant to be fitted, a placeholder, each time it occurs.

    Returns:
        The expression; numbers with a sign are negative constants.

    Raises:
        ParseError: If the text is not an expression, or a name is unknown.
    """
    if len(text) > MAX_LENGTH:
        raise ParseError(f"the text has {len(text)} characters; the parser reads at most {MAX_LENGTH}")
    known = None if names is None else {name: i for i, name in enumerate(names)}
    parser = _Parser(_lex(text), known, free_names)
    expression = parser.comparison(0)
    parser.finish()
    return expression


def _lex(text: str) -> list[tuple[str, str, int]]:
    """Lexemes as (kind, text, position)."""
    lexemes = []
    position = 0
    while text[position:].strip():
        match = _LEXER.match(text, position)
        if match is None or match.lastgroup is None:
            bad = text[position:].lstrip()[0]
            raise ParseError(f"unexpected character {bad!r} at position {text.index(bad, position)}")
        lexemes.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return lexemes


class _Parser:
    """Recursive descent over lexemes; sums bind weakest, then products, signs, powers."""

    def __init__(
        self, lexemes: list[tuple[str, str, int]], names: dict[str, int] | None, free_names: bool
    ) -> None:
        self.lexemes = lexemes
        self.names = names
        self.free_names = free_names
        self.position = 0

    def comparison(self, depth: int) -> Expression:
        left = self.sum(depth)
        if (name := _COMPARISONS.get(self._peek())) is None:
            return left
        self.position += 1
        return apply(name, left, self.sum(depth))

    def sum(self, depth: int) -> Expression:
        return self._chain(self._product, _SUMS, depth)

    def finish(self) -> None:
        if self.position < len(self.lexemes):
            _, text, place = self.lexemes[self.position]
            raise ParseError(f"unexpected {text!r} at position {place}")

    def _product(self, depth: int) -> Expression:
        return self._chain(self._signed, _PRODUCTS, depth)

    def _chain(self, operand, operators: dict[str | None, str], depth: int) -> Expression:  # type: ignore[no-untyped-def]
        result: Expression = operand(depth)
        while (symbol := self._peek()) in operators:
            self.position += 1
            result = apply(operators[symbol], result, operand(depth))
        return result

    def _signed(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ParseError(f"parentheses, signs or powers are nested deeper than {MAX_DEPTH}")
        symbol = self._peek()
        if symbol not in _SUMS:
            return self._power(depth)
        self.position += 1
        operand = self._signed(depth + 1)
        if symbol == "+":
            return operand
        value = operand.tokens[0]
        return constant(-value) if isinstance(value, float) else apply("neg", operand)

    def _power(self, depth: int) -> Expression:
        base = self._atom(depth)
        if self._peek() not in {"**", "^"}:
            return base
        self.position += 1
        return apply("pow", base, self._signed(depth + 1))

    def _atom(self, depth: int) -> Expression:
        kind, text, place = self._next()
        if kind == "number":
            return self._number(text, place)
        if kind == "name":
            return self._name(text, place, depth)
        if text != "(":
            raise ParseError(f"unexpected {text!r} at position {place}")
        inner = self.comparison(depth + 1)
        self._expect(")")
        return inner

    def _number(self, text: str, place: int) -> Expression:
        value = float(text)
        if not math.isfinite(value):
            raise ParseError(f"the number at position {place} is too large")
        return constant(value)

    def _name(self, text: str, place: int, depth: int) -> Expression:
        if self._peek() == "(" and (self.names is None or text not in self.names or text in OPERATORS.words):
            return self._call(text, place, depth)
        if self.names is not None and text in self.names:
            return variable(self.names[text])
        if self.names is None and re.fullmatch(r"x_\d{1,4}", text):
            return variable(int(text[2:]))
        if text in CONSTANTS:
            return constant(CONSTANTS[text])
        if self.free_names:
            return Expression((PLACEHOLDER,))
        raise ParseError(f"unknown variable {text!r} at position {place}{_hint(text, self.names or {})}")

    def _call(self, text: str, place: int, depth: int) -> Expression:
        operator = OPERATORS.words.get(text)
        if operator is None:
            hint = (
                _hint(text, OPERATORS.words) or "; define it with nsr.operator, or --define, if it is yours"
            )
            raise ParseError(f"unknown function {text!r} at position {place}{hint}")
        self._expect("(")
        arguments = [self.comparison(depth + 1)]
        while self._peek() == ",":
            self.position += 1
            arguments.append(self.comparison(depth + 1))
        self._expect(")")
        if len(arguments) != operator.arity:
            raise ParseError(
                f"{text} at position {place} takes {operator.arity} argument(s), not {len(arguments)}"
            )
        return apply(operator.name, *arguments)

    def _peek(self) -> str:
        return self.lexemes[self.position][1] if self.position < len(self.lexemes) else ""

    def _next(self) -> tuple[str, str, int]:
        if self.position == len(self.lexemes):
            raise ParseError("the text ends where a number, a variable or '(' is expected")
        self.position += 1
        return self.lexemes[self.position - 1]

    def _expect(self, symbol: str) -> None:
        if self.position == len(self.lexemes):
            raise ParseError(f"the text ends where {symbol!r} is expected")
        _, text, place = self._next()
        if text != symbol:
            raise ParseError(f"{symbol!r} expected at position {place}, found {text!r}")


def _hint(text: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(text, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
