"""Expressions as infix text that the parser reads back, and SymPy too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

from nsr.expressions.expression import PLACEHOLDER, Expression, Token
from nsr.expressions.operators import OPERATORS, Operator

# Exponents of what is written as a product or as a ratio.
_PRODUCTS = {(1.0, 1.0), (1.0, -1.0), (-1.0,)}
_POWER_NAME = "pow"
_PLUS, _MINUS, _TIMES, _OVER, _POWER = (
    OPERATORS[name].symbol for name in ("add", "sub", "mul", "div", _POWER_NAME)
)


class Binding(IntEnum):
    """How tightly text binds: a looser operand needs parentheses."""

    SUM = 0
    PRODUCT = 1
    POWER = 2
    ATOM = 3


class Text(NamedTuple):
    """A part of an expression as text.

    Attributes:
        body: The text without its sign.
        binding: How tightly the body binds.
        is_negative: Whether a minus stands before the body.
    """

    body: str
    binding: Binding
    is_negative: bool = False

    @property
    def signed(self) -> str:
        """The text with its sign."""
        return f"{_MINUS}{self.within(Binding.PRODUCT)}" if self.is_negative else self.body

    def within(self, weakest: Binding) -> str:
        """The body, in parentheses if it binds weaker than `weakest`."""
        return f"({self.body})" if self.binding < weakest else self.body

    def atom(self) -> str:
        """The text with its sign, in parentheses unless nothing around it could tear it apart."""
        return f"({self.signed})" if self.is_negative else self.within(Binding.ATOM)


class Style(NamedTuple):
    """What differs between languages that write sums and products alike.

    Attributes:
        number: Writes a number that is not negative.
        name: Writes a variable or the placeholder.
        call: Writes whatever is neither a sum nor a product, from the operator and its arguments.
        times: Stands between factors.
        over: Stands between numerator and denominator.
    """

    number: Callable[[float], str]
    name: Callable[[str], str]
    call: Callable[[Operator, list[Text]], Text]
    times: str = str(_TIMES)
    over: str = str(_OVER)


def to_infix(expression: Expression, names: Sequence[str] | None = None, digits: int | None = None) -> str:
    """Infix text of an expression.

    Factors of one and double signs are left out, and so are parentheses that only say in which order
    factors are multiplied; what is read back has the same values to rounding.

    Args:
        expression: What to print.
        names: Names of the variables, which must be identifiers; `x_0`, `x_1`, ... by default.
        digits: Significant digits of constants; all that are needed to read them back by default.

    Returns:
        Text with few parentheses, for example `2*sin(x_0) + x_1**2`.
    """

    def name(token: str) -> str:
        return token if token == PLACEHOLDER or names is None else names[int(token[2:])]

    return written(expression, Style(lambda value: format_number(value, digits), name, _call))


def written(expression: Expression, style: Style) -> str:
    """An expression as text in some language."""
    expression = _with_joined_powers(expression)

    def leaf(token: Token, _: int) -> Text:
        if isinstance(token, str):
            return Text(style.name(token), Binding.ATOM)
        return Text(style.number(abs(token)), Binding.ATOM, token < 0)

    def node(operator: Operator, arguments: list[Text]) -> Text:
        if is_sum(operator):
            return _sum(arguments, operator.weights)
        if is_product(operator):
            return _product(arguments, operator.exponents, style)
        return style.call(operator, arguments)

    return expression.fold(leaf, node).signed


def is_sum(operator: Operator) -> bool:
    """Whether it is written as a sum or a difference, or with a sign."""
    return bool(operator.weights) and set(operator.weights) <= {1.0, -1.0}


def is_product(operator: Operator) -> bool:
    """Whether it is written as a product or as a ratio."""
    return operator.exponents in _PRODUCTS


def whole_exponent(operator: Operator) -> float | None:
    """The exponent of an operator that is a power of one argument, if it is whole."""
    if operator.arity == 1 and operator.exponents and operator.exponents[0].is_integer():
        return operator.exponents[0]
    return None


def format_number(value: float, digits: int | None = None) -> str:
    """A number as text: whole numbers without a point, otherwise up to `digits` digits."""
    if digits is not None:
        return f"{value:.{digits}g}"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


class _Power(NamedTuple):
    """Tokens of an expression that is a base to a whole exponent, which is 1 for most."""

    tokens: tuple[Token, ...]
    base: tuple[Token, ...]
    exponent: float


def _with_joined_powers(expression: Expression) -> Expression:
    """With whole positive powers of such powers as one: equal for all numbers, and easier to read."""

    def leaf(token: Token, _: int) -> _Power:
        return _Power((token,), (token,), 1.0)

    def node(operator: Operator, arguments: list[_Power]) -> _Power:
        tokens = (operator.name, *(token for argument in arguments for token in argument.tokens))
        exponent = whole_exponent(operator)
        if operator.symbol == _POWER and len(arguments[1].tokens) == 1:
            value = arguments[1].tokens[0]
            exponent = value if isinstance(value, float) and value.is_integer() else None
        if exponent is None or exponent <= 0:
            return _Power(tokens, tokens, 1.0)
        inner = arguments[0]
        if inner.exponent == 1:
            return _Power(tokens, inner.tokens, exponent)
        joined = exponent * inner.exponent
        return _Power((_POWER_NAME, *inner.base, joined), inner.base, joined)

    return Expression(expression.fold(leaf, node).tokens)


def _sum(terms: list[Text], weights: Sequence[float]) -> Text:
    """Terms with the signs of their weights."""
    first = terms[0]._replace(is_negative=terms[0].is_negative != (weights[0] < 0))
    if len(terms) == 1:
        return first
    is_subtracted = terms[1].is_negative != (weights[1] < 0)
    second = terms[1].within(Binding.PRODUCT)
    return Text(f"{first.signed} {_MINUS if is_subtracted else _PLUS} {second}", Binding.SUM)


def _product(factors: list[Text], exponents: Sequence[float], style: Style) -> Text:
    """Factors above and below a line, without those that are one."""
    one = style.number(1.0)
    is_negative = sum(factor.is_negative for factor in factors) % 2 == 1
    left, right = factors if len(factors) == 2 else (Text(one, Binding.ATOM), factors[0])
    is_below = exponents[-1] < 0
    if right.body == one:
        return left._replace(is_negative=is_negative)
    if left.body == one and not is_below:
        return right._replace(is_negative=is_negative)
    if is_below:
        body = f"{left.within(Binding.PRODUCT)}{style.over}{right.within(Binding.POWER)}"
    elif right.binding == Binding.PRODUCT and right.body.startswith(f"{one}{style.over}"):
        body = left.within(Binding.PRODUCT) + right.body.removeprefix(one)
    else:
        body = f"{left.within(Binding.PRODUCT)}{style.times}{right.within(Binding.PRODUCT)}"
    return Text(body, Binding.PRODUCT, is_negative)


def _call(operator: Operator, arguments: list[Text]) -> Text:
    """A power with its symbol, anything else as a function."""
    if operator.symbol is not None:
        return _power(*arguments)
    exponent = whole_exponent(operator)
    if exponent is not None:
        return _power(arguments[0], Text(format_number(abs(exponent)), Binding.ATOM, exponent < 0))
    return Text(f"{operator.name}({', '.join(a.signed for a in arguments)})", Binding.ATOM)


def _power(base: Text, exponent: Text) -> Text:
    return Text(f"{base.atom()}{_POWER}{exponent.atom()}", Binding.POWER)
