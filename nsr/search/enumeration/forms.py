"""All small forms of a few variables, by size.

A form is as large as it has symbols, and one larger for each function that laws seldom have. Scale and offset
are left to whoever fits it, so that none begins with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from nsr.expressions.expression import PLACEHOLDER, Expression, apply, variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify

# Operators that laws have less often make a form as large as two symbols.
_SELDOM = 0.03
# Constants of one form at most.
_MOST_CONSTANTS = 2
_UNKNOWN = Expression((PLACEHOLDER,))


@cache
def forms_of_size(n_variables: int, size: int, functions: tuple[str, ...]) -> tuple[Expression, ...]:
    """Forms of one size, no two of which are the same function, nor the same as a smaller one.

    Args:
        n_variables: How many there are.
        size: Symbols.
        functions: Names of those of one argument.
    """
    if size < 1:
        return ()
    if size == 1:
        return (*(variable(i) for i in range(n_variables)), _UNKNOWN)
    known = {
        _plain(form) for smaller in range(1, size) for form in forms_of_size(n_variables, smaller, functions)
    }
    found: dict[Expression, Expression] = {}
    for form in _made(n_variables, size, functions):
        if form.variables and form.tokens.count(PLACEHOLDER) <= _MOST_CONSTANTS:
            found.setdefault(_plain(form), form)
    return tuple(form for plain, form in found.items() if plain not in known)


def has_scale_or_offset(form: Expression) -> bool:
    """Whether a form is another one times a constant or plus one, or the negative of one."""
    is_of_these = form.tokens[0] in ("add", "sub", "mul", "div", "neg")
    return is_of_these and (len(form.children) == 1 or not all(child.variables for child in form.children))


@cache
def _plain(form: Expression) -> Expression:
    return simplify(form).skeleton()


def _made(n_variables: int, size: int, functions: tuple[str, ...]) -> Iterator[Expression]:
    """What one operator makes of smaller forms."""
    for name in functions:
        operator = OPERATORS[name]
        for inner in forms_of_size(n_variables, size - 1 - (operator.frequency < _SELDOM), functions):
            if inner.variables and not (operator.complexity > 1 and _is_transcendental(inner)):
                yield apply(name, inner)
    for left in range(1, size - 1):
        for one in forms_of_size(n_variables, left, functions):
            for other in forms_of_size(n_variables, size - 1 - left, functions):
                yield from _joined(one, other, left >= size - 1 - left)


def _joined(one: Expression, other: Expression, is_first: bool) -> Iterator[Expression]:
    """Sums and products in one order, differences and quotients, and powers."""
    if one.variables or other.variables:
        if is_first:
            yield apply("add", one, other)
            yield apply("mul", one, other)
        if other.variables:
            yield apply("sub", one, other)
        if other.variables and one != _UNKNOWN:  # a reciprocal, but for its scale
            yield apply("div", one, other)
    if one.variables and other == _UNKNOWN:
        yield apply("pow", one, other)


def _is_transcendental(form: Expression) -> bool:
    return any(
        isinstance(token, str) and token in OPERATORS and OPERATORS[token].complexity > 1
        for token in form.tokens
    )
