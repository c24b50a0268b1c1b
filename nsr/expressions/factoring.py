"""Factors taken out of sums, where that spares a constant: a/(0.001 x + s) is a'/(x + s')."""

from __future__ import annotations

from nsr.expressions.expression import Expression, apply, constant, is_variable
from nsr.expressions.simplify import simplify


def with_fewer_factors(expression: Expression) -> Expression:
    """The expression with the factor of c*x + s taken out, where what is around the sum takes it in.

    Returns:
        The simplified form if it is less complex, else the expression itself.
    """
    factored, is_changed = _factored(expression)
    if not is_changed:
        return expression
    short = simplify(factored)
    return short if short.complexity < expression.complexity else expression


def _factored(expression: Expression) -> tuple[Expression, bool]:
    """The expression with c*(x + s/c) for each c*x + s, x a variable, and whether there is one."""
    if not expression.children:
        return expression, False
    parts = [_factored(child) for child in expression.children]
    name = str(expression.tokens[0])
    changed = any(is_changed for _, is_changed in parts)
    children = [part for part, _ in parts]
    if name in ("add", "sub"):
        taken_out = _taken_out(name, children)
        if taken_out is not None:
            return taken_out, True
    if changed and name in ("pow", "sqrt"):
        return _of_product(name, children), True
    return (apply(name, *children) if changed else expression), changed


def _taken_out(name: str, children: list[Expression]) -> Expression | None:
    """c*(x + s/c) where the two children are c*x and s, in any order."""
    signs = (1.0, -1.0 if name == "sub" else 1.0)
    for place in (0, 1):
        scaled, shift = children[place], children[1 - place].tokens[0]
        if not isinstance(shift, float) or scaled.tokens[0] != "mul":
            continue
        factor = scaled.children[0].tokens[0]
        if isinstance(factor, float) and factor != 0 and is_variable(scaled.tokens[-1]) and len(scaled) == 3:
            factor, shift = factor * signs[place], shift * signs[1 - place]
            return apply("mul", constant(factor), apply("add", scaled.children[1], constant(shift / factor)))
    return None


def _of_product(name: str, children: list[Expression]) -> Expression:
    """A power, as a product of powers where its base is a positive factor times something."""
    base = children[0]
    factor = base.tokens[1] if base.tokens[0] == "mul" else None
    if not (isinstance(factor, float) and factor > 0):
        return apply(name, *children)
    own = apply(name, constant(factor), *children[1:])
    return apply("mul", own, apply(name, base.children[1], *children[1:]))
