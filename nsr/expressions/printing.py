"""Expressions as infix text that the parser reads back, and SymPy too."""

from __future__ import annotations

from collections.abc import Sequence

from nsr.expressions.expression import PLACEHOLDER, Expression, Token
from nsr.expressions.operators import OPERATORS

# How tightly text binds: a looser operand needs parentheses.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)

_Text = tuple[str, int]


def to_infix(expression: Expression, names: Sequence[str] | None = None, digits: int | None = None) -> str:
    """Infix text of an expression.

    Args:
        expression: What to print.
        names: Names of the variables, which must be identifiers; `x_0`, `x_1`, ... by default.
        digits: Significant digits of constants; all that are needed to read them back by default.

    Returns:
        Text with few parentheses, for example `2*sin(x_0) + x_1**2`.
    """
    stack: list[_Text] = []
    for token in reversed(expression.tokens):
        if isinstance(token, str) and token in OPERATORS:
            arguments = [stack.pop() for _ in range(OPERATORS[token].arity)]
            stack.append(_operator(token, arguments))
        else:
            stack.append(_leaf(token, names, digits))
    return stack[0][0]


def format_number(value: float, digits: int | None = None) -> str:
    """A number as text: whole numbers without a point, otherwise up to `digits` digits."""
    if digits is not None:
        return f"{value:.{digits}g}"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _leaf(token: Token, names: Sequence[str] | None, digits: int | None) -> _Text:
    if not isinstance(token, str):
        return format_number(token, digits), _SIGN if token < 0 else _ATOM
    if token == PLACEHOLDER or names is None:
        return token, _ATOM
    return names[int(token[2:])], _ATOM


def _operator(name: str, arguments: list[_Text]) -> _Text:
    first = arguments[0]
    if len(arguments) == 2:
        return _binary(name, first, arguments[1])
    if name == "neg":
        return f"-{_wrapped(first, _PRODUCT)}", _SIGN
    if name == "inv":
        return f"1/{_wrapped(first, _POWER)}", _PRODUCT
    if name in {"square", "cube"}:
        return f"{_wrapped(first, _ATOM)}**{2 if name == 'square' else 3}", _POWER
    return f"{name}({first[0]})", _ATOM


def _binary(name: str, left: _Text, right: _Text) -> _Text:
    if name == "add":
        return f"{_wrapped(left, _SUM)} + {_wrapped(right, _PRODUCT, sign=False)}", _SUM
    if name == "sub":
        return f"{_wrapped(left, _SUM)} - {_wrapped(right, _PRODUCT, sign=False)}", _SUM
    if name == "mul":
        return f"{_wrapped(left, _PRODUCT)}*{_wrapped(right, _POWER)}", _PRODUCT
    if name == "div":
        return f"{_wrapped(left, _PRODUCT)}/{_wrapped(right, _POWER)}", _PRODUCT
    if name == "pow":
        return f"{_wrapped(left, _ATOM)}**{_wrapped(right, _ATOM)}", _POWER
    return f"{name}({left[0]}, {right[0]})", _ATOM


def _wrapped(text: _Text, weakest: int, sign: bool = True) -> str:
    """The operand, in parentheses if it binds weaker than `weakest` or has a sign it must not show."""
    inner, binding = text
    return f"({inner})" if binding < weakest or (binding == _SIGN and not sign) else inner
