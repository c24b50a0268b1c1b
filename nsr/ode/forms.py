"""When two right-hand sides, or two systems, are the same but for the values of their constants."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression


def form(component: Expression) -> Hashable:
    """The form of a right-hand side; a factor of 1 and one that is to be fitted are two forms."""
    return form_key(component), len(component.constants)


def forms(system: Sequence[Expression]) -> tuple[Hashable, ...]:
    """The forms of a system's components."""
    return tuple(form(component) for component in system)


def distinct_forms(expressions: Iterable[Expression]) -> list[Expression]:
    """The first expression of each form."""
    first: dict[Hashable, Expression] = {}
    for expression in expressions:
        first.setdefault(form(expression), expression)
    return list(first.values())
