"""Right-hand sides that differ from a given one in one place: shorter ones, longer ones, other functions."""

from __future__ import annotations

from collections.abc import Iterator

from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.monomials import polynomials
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.ode.motion import System
from nsr.ode.settings import OdeSettings
from nsr.ode.stage import Stage
from nsr.ode.task import OdeTask

_ZERO, _ONE = constant(0.0), constant(1.0)


class VariationStage(Stage):
    """Small changes of good systems."""

    def vary(self, task: OdeTask, system: System, component: int) -> list[Expression]:
        """As `Stage.vary`."""
        return task.allowed(component, variations(system[component], task.n_variables, task.settings))


def variations(expression: Expression, n_variables: int, settings: OdeSettings) -> list[Expression]:
    """Simplified expressions one change away, one of each skeleton.

    A subtree gives way to one of its children, to 0 or to 1; a function of one argument, or a variable,
    becomes another one; a variable becomes a function of it; or a monomial is added. No function is taken of
    a function.

    Args:
        expression: A right-hand side with its constants.
        n_variables: Variables of right-hand sides, which the monomials are made of.
        settings: How long variations may be, and of what degree what they add.
    """
    found: dict[Expression, Expression] = {}
    own = expression.skeleton()
    for raw in _changed(expression, n_variables, settings):
        varied = simplify(raw)
        skeleton = varied.skeleton()
        if skeleton != own and len(varied.tokens) <= settings.most_tokens and not _is_nested(varied):
            found.setdefault(skeleton, varied)
    return list(found.values())


def _changed(expression: Expression, n_variables: int, settings: OdeSettings) -> Iterator[Expression]:
    yield from expression.with_part_replaced(lambda old: _instead(old, n_variables))
    for term in polynomials(n_variables, settings.variation_degree):
        yield apply("add", expression, apply("mul", constant(settings.variation_factor), term))


def _instead(old: Expression, n_variables: int) -> Iterator[Expression]:
    yield from (_ZERO, _ONE)
    yield from old.children
    if old.variables and not old.children:
        yield from (variable(i) for i in range(n_variables) if i not in old.variables)
        yield from (apply(name, old) for name in _functions())
    if len(old.children) == 1:
        yield from (apply(name, *old.children) for name in _functions() if name != old.tokens[0])


def _functions() -> list[str]:
    """Functions that one may be taken for another of."""
    return [operator.name for operator in OPERATORS.values() if operator.varied and operator.arity == 1]


def _is_nested(expression: Expression) -> bool:
    """Whether a transcendental function is taken of another one, as no law does."""
    transcendental = {name for name in _functions() if OPERATORS[name].complexity > 1}
    return any(
        inner.tokens[0] in transcendental
        for outer in expression.subexpressions()
        if outer.tokens[0] in transcendental
        for inner in outer.children[0].subexpressions()
    )
