"""What must never be generated: the skeletons of every benchmark.

A skeleton counts as a benchmark's whatever its variables are called and whatever values its constants
have (`nsr.expressions.canonical`). Held out is every suite of `nsr.problems.suites` that is not for
development, so a new one is held out as soon as it is registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from nsr.expressions.canonical import Key, blind_key, skeleton_key
from nsr.expressions.expression import Expression
from nsr.problems.problem import Problem, SystemProblem
from nsr.problems.suites import Suite, registered


class Holdout:
    """A set of skeletons with a fast membership test.

    Args:
        expressions: The expressions whose skeletons are held out.
    """

    def __init__(self, expressions: Iterable[Expression]) -> None:
        held = list(expressions)
        self.blind: set[int] = {blind_key(expression) for expression in held}
        self.exact: set[Key] = {skeleton_key(expression) for expression in held}

    @classmethod
    def default(cls) -> Holdout:
        """Every benchmark: functions, and dynamical systems by component."""
        return _functions(registered(Problem, "benchmark"), registered(SystemProblem, "benchmark"))

    def contains(self, expression: Expression) -> bool:
        """Whether the expression is a held-out one in other variables or constants."""
        return blind_key(expression) in self.blind and skeleton_key(expression) in self.exact


class SystemHoldout:
    """A set of systems, each known by the skeletons of its components in any order.

    Single components are not held out: velocity is the first component of half of mechanics.

    Args:
        systems: The systems that are held out.
    """

    def __init__(self, systems: Iterable[Sequence[Expression]]) -> None:
        held = list(systems)
        self.blind: set[tuple[int, ...]] = {_blind_keys(system) for system in held}
        self.exact: set[tuple[str, ...]] = {_exact_keys(system) for system in held}

    @classmethod
    def default(cls) -> SystemHoldout:
        """Every benchmark of dynamical systems."""
        return _systems(registered(SystemProblem, "benchmark"))

    def contains(self, system: Sequence[Expression]) -> bool:
        """Whether the system is a held-out one in other variables or constants."""
        return _blind_keys(system) in self.blind and _exact_keys(system) in self.exact


# Every generator asks, and reading all suites takes seconds: one answer for each set of suites.
@cache
def _functions(functions: tuple[Suite[Problem], ...], systems: tuple[Suite[SystemProblem], ...]) -> Holdout:
    whole = [problem.expression for suite in functions for problem in suite.read()]
    parts = [part for suite in systems for problem in suite.read() for part in problem.system]
    return Holdout([*whole, *parts])


@cache
def _systems(systems: tuple[Suite[SystemProblem], ...]) -> SystemHoldout:
    return SystemHoldout(problem.system for suite in systems for problem in suite.read())


def _blind_keys(system: Sequence[Expression]) -> tuple[int, ...]:
    return tuple(sorted(blind_key(component) for component in system))


def _exact_keys(system: Sequence[Expression]) -> tuple[str, ...]:
    return tuple(sorted(repr(skeleton_key(component)) for component in system))
