"""Fast canonical simplification: equal forms get equal tokens, and the shortest way to write them.

Expressions go through the canonical form of `nsr.expressions.algebra` and are written back compactly, with
`sub`, `div`, `neg`, `inv`, `square`, `cube` and `sqrt` in place of powers, and operands in a fixed order.
"""

from __future__ import annotations

from functools import lru_cache

from nsr.expressions import algebra
from nsr.expressions.expression import PLACEHOLDER, Expression, Token, _trusted
from nsr.expressions.nodes import ONE, Coefficient, Node, NotFinite, as_term, ordered

# Written as a P10 number, a constant takes five tokens where anything else takes one.
_CONSTANT_LENGTH = 5

# Writing a form down can open a further rewrite; two or three passes reach the fixed point.
_MAX_PASSES = 4

# Exponents that a chain of cheap operators writes, outermost first.
_CHAINS: dict[float, tuple[str, ...]] = {
    1.0: (),
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

_Tokens = tuple[Token, ...]


def simplify(expression: Expression) -> Expression:
    """The canonical, shortest known form of an expression.

    Values are preserved wherever the input is finite. Placeholders absorb the constants they meet.

    Args:
        expression: Any expression, with or without placeholders.

    Returns:
        The simplified expression, never of more nodes than the input; the input itself where a
        constant part of it has no finite value.
    """
    for _ in range(_MAX_PASSES):
        try:
            simplified = _trusted(_write(algebra.from_expression(expression)))
        except NotFinite:
            return expression
        if simplified == expression or len(simplified) > len(expression):
            return expression
        expression = simplified
    return expression


def from_node(node: Node) -> Expression:
    """The expression that a canonical form writes."""
    return _trusted(_write(node))


def strip_scale(expression: Expression) -> Expression:
    """The equation up to its scale: the outermost constant factor dropped, the rest simplified.

    A constant expression stays as it is.
    """
    try:
        _, rest = as_term(algebra.from_expression(expression))
        return expression if rest == ONE else _trusted(_write(rest))
    except NotFinite:
        return expression


def length(expression: Expression) -> int:
    """Number of vocabulary tokens that the expression takes: five for each constant."""
    constants = sum(not isinstance(token, str) or token == PLACEHOLDER for token in expression.tokens)
    return len(expression) + (_CONSTANT_LENGTH - 1) * constants


@lru_cache(maxsize=256)  # checking a fixed point writes the same form again
def _write(node: Node) -> _Tokens:
    kind = node[0]
    if kind == "num":
        return (PLACEHOLDER if node[1] is None else node[1],)
    if kind == "var":
        return (f"x_{node[1]}",)
    if kind == "sum":
        return _write_sum(node)
    if kind == "prod":
        return _write_product(node[1], node[2])
    arguments: _Tokens = ()
    for argument in node[2]:
        arguments += _write(argument)
    return (node[1], *arguments)


def _write_sum(node: Node) -> _Tokens:
    """Positive terms first, then the subtracted ones, each in the fixed order."""
    terms = ordered(node[1])
    added = [_write_scaled(term, c) for term, c in terms if c is None or c > 0]
    subtracted = [_write_scaled(term, -c) for term, c in terms if c is not None and c < 0]
    if not added:
        return ("neg", *_chain("add", subtracted))
    result = _chain("add", added)
    for term in subtracted:
        result = ("sub", *result, *term)
    return result


def _write_scaled(term: Node, coefficient: Coefficient) -> _Tokens:
    return _write(algebra.scale(term, coefficient))


def _chain(operator: str, parts: list[_Tokens]) -> _Tokens:
    """Left-nested binary chain: ((a op b) op c)."""
    result = parts[0]
    for part in parts[1:]:
        result = (operator, *result, *part)
    return result


def _write_product(coefficient: Coefficient, factors: frozenset[tuple[Node, float]]) -> _Tokens:
    above = _write_powers([(base, e) for base, e in factors if e > 0])
    below = _write_powers([(base, -e) for base, e in factors if e < 0])
    negative = coefficient is not None and coefficient < 0
    size = -coefficient if negative and coefficient is not None else coefficient
    if negative and size == 1.0 and (flipped := _flipped(factors)) is not None:
        return _write_product(1.0, flipped)
    if size != 1.0:
        above.insert(0, (PLACEHOLDER if size is None else size,))
    if not above:
        result: _Tokens = ("inv", *_chain("mul", below))
    elif below:
        result = ("div", *_chain("mul", above), *_chain("mul", below))
    else:
        result = _chain("mul", above)
    return ("neg", *result) if negative else result


def _flipped(factors: frozenset[tuple[Node, float]]) -> frozenset[tuple[Node, float]] | None:
    """The factors with the sign of one difference turned, where that saves a `neg`."""
    for base, exponent in ordered(factors):
        if base[0] == "sum" and abs(exponent) == 1.0 and any(c is not None and c < 0 for _, c in base[1]):
            turned = frozenset((term, None if c is None else -c) for term, c in base[1])
            return (factors - {(base, exponent)}) | {(("sum", turned), exponent)}
    return None


def _write_powers(factors: list[tuple[Node, float]]) -> list[_Tokens]:
    """One part per exponent: bases of equal exponent share its operator."""
    groups: dict[float, list[Node]] = {}
    for base, exponent in ordered(factors):
        groups.setdefault(exponent, []).append(base)
    parts = [_write(base) for base in groups.pop(1.0, [])]
    for exponent in sorted(groups):
        bases = _chain("mul", [_write(base) for base in groups[exponent]])
        chain = _CHAINS.get(exponent)
        parts.append((*chain, *bases) if chain is not None else ("pow", *bases, exponent))
    return parts
