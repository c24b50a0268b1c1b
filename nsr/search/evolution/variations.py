"""Equations one change away from a good one, every one of them tried, and all constants fitted anew.

What evolution breeds is judged by the constants that it has or inherits, so that a form whose constants would
all have to move seldom survives: 1/(1 - 0.54*u^2) stands for 1/sqrt(1 - u^2), and no child of it is as good
before it is fitted. Local search with fitted constants between generations is known from memetic algorithms
(Moscato, "On evolution, search, optimization, genetic algorithms and martial arts", 1989).
"""

from __future__ import annotations

from collections.abc import Iterator

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.expressions.space import SearchSpace
from nsr.refinement.alternatives import information
from nsr.refinement.candidates import Candidate, fitted, ranked
from nsr.refinement.snapping import all_snapped
from nsr.search.context import Context
from nsr.search.settings import OFFSET

# Seconds of work to make an expression and to simplify it.
_SECONDS_TO_MAKE = 5e-5
# Losses that agree to so many digits are of one function in several words.
_DIGITS = 7
# Exponents with which refinement begins.
_EXPONENTS = (0.5, 1.5)


class Varied:
    """Varies the best of what a search has found, one equation at a time.

    Args:
        context: The search.
        clock: When it ends.
    """

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context, self._clock = context, clock
        self._settings = context.settings.variations
        self._before: set[str] = set()

    def batches(self) -> Iterator[list[Candidate]]:
        """Variations of one equation after another, the best one first, until nothing new comes any more."""
        if self._context.task.n_rows < self._settings.least_rows:
            return
        idle = 0
        while idle < self._settings.patience and not self._clock.is_over:
            parent = self._next()
            idle = 0 if parent is not None else idle + 1
            yield [] if parent is None else self._fittest(parent)

    def _next(self) -> Candidate | None:
        """The best equation that has not been varied, if it is one of the best."""
        seen: set[str] = set()
        for candidate in ranked(self._context.candidates.most_promising(self._settings.n_best)):
            key = f"{candidate.loss:.{_DIGITS}e}"
            if key in seen or not candidate.expression.variables:
                continue
            seen.add(key)
            if key not in self._before:
                self._before.add(key)
                return candidate
            if len(seen) >= self._settings.n_best:
                return None
        return None

    def _fittest(self, parent: Candidate) -> list[Candidate]:
        """The best variations, fitted on some rows, then on all."""
        settings, task = self._settings, self._context.task
        new = variations(parent.expression, task.n_variables, task.space, settings.most_tokens)
        self._clock.spend(_SECONDS_TO_MAKE * len(new))
        self._context.candidates.n_seen += len(new)
        some = task.first(settings.n_rows)
        allowed = [one for one in new if task.space.allows(one)]
        rough = fitted(allowed, some, settings.tried, self._clock)
        # By its bits none would be here whose constants are round once they have been fitted well.
        likely = sorted(rough, key=lambda one: information(one, some))[: settings.n_polished]
        best = dict.fromkeys([*rough[: settings.n_polished], *likely])
        found = fitted([one.expression for one in best], task, settings.polished, self._clock, "evolution")
        return [*found, *self._with_round_constants(parent, found)]

    def _with_round_constants(self, parent: Candidate, found: list[Candidate]) -> list[Candidate]:
        """Variations that leave less than their parent, in fewer bits where their constants may be round."""
        task = self._context.task
        better = sorted((c for c in found if c.loss < parent.loss), key=lambda c: information(c, task))
        return all_snapped(better[: self._settings.n_snapped], task, self._clock)


def variations(
    expression: Expression, n_variables: int, space: SearchSpace, most_tokens: int
) -> list[Expression]:
    """Simplified equations one change away, one of each skeleton.

    A part becomes a power or a function of itself, gets a summand, a factor or a divisor, or gives way to one
    of its own parts, to a variable or to a constant; a function becomes another one, or a parabola.

    Args:
        expression: An equation.
        n_variables: Variables of the table.
        space: Whose functions are taken.
        most_tokens: Of a variation.
    """
    found: dict[Expression, Expression] = {expression.skeleton(): expression}
    functions = _functions(space)
    for raw in expression.with_part_replaced(lambda old: _instead(old, n_variables, functions)):
        varied = space.kept(raw, simplify(raw))
        if len(varied.tokens) <= most_tokens:
            found.setdefault(varied.skeleton(), varied)
    return list(found.values())[1:]


def _functions(space: SearchSpace) -> list[str]:
    """Functions of one argument that equations are varied with."""
    return [
        one.name
        for one in OPERATORS.values()
        if one.arity == 1 and one.searched and space.operators.has(one.name)
    ]


def _instead(old: Expression, n_variables: int, functions: list[str]) -> Iterator[Expression]:
    variables = [variable(i) for i in range(n_variables)]
    scaled = [apply("mul", constant(1.0), one) for one in variables]
    yield from (constant(1.0), *variables, *scaled, *old.children)
    if not old.variables:
        return
    yield from _bent(old, functions)
    yield apply("add", old, constant(OFFSET))
    for one in variables:
        yield apply("mul", old, one)
        yield apply("div", old, one)
        yield apply("add", old, apply("mul", constant(OFFSET), one))
    if len(old.children) == 1:
        argument = apply("mul", constant(1.0), *old.children)
        yield from (apply(name, argument) for name in functions if name != old.tokens[0])
        square = apply("mul", constant(OFFSET), apply("mul", *old.children, *old.children))
        yield apply("add", constant(1.0), square)


def _bent(old: Expression, functions: list[str]) -> Iterator[Expression]:
    """Functions of a part, and powers of it and, as it may be negative, of its negative."""
    scaled = apply("mul", constant(1.0), old)
    yield from (apply(name, scaled) for name in functions)
    minus = apply("neg", old)
    yield apply("neg", apply("sqrt", minus))
    for exponent in _EXPONENTS:
        yield apply("pow", old, constant(exponent))
        yield apply("neg", apply("pow", minus, constant(exponent)))
