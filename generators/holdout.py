"""What must never be generated: the skeletons of every benchmark.

A skeleton counts as a benchmark's whatever its variables are called and whatever values its constants
have (`nsr.expressions.canonical`). The benchmarks are read from the tables of `nsr.problems`, so a new one is
held out at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from nsr.expressions.canonical import Key, blind_key, skeleton_key
from nsr.expressions.expression import Expression
from nsr.problems import load, load_systems


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
    @cache
    def default(cls) -> Holdout:
        """Every benchmark: Feynman, Strogatz, the classical suites, and ODEBench by component."""
        problems = [problem.expression for s in ("feynman", "strogatz", "classical") for problem in load(s)]
        components = [component for system in load_systems().values() for component in system]
        return cls([*problems, *components])

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
    @cache
    def default(cls) -> SystemHoldout:
        """ODEBench, and the Strogatz regression problems as systems of one component."""
        return cls([*load_systems().values(), *((problem.expression,) for problem in load("strogatz"))])

    def contains(self, system: Sequence[Expression]) -> bool:
        """Whether the system is a held-out one in other variables or constants."""
        return _blind_keys(system) in self.blind and _exact_keys(system) in self.exact


def _blind_keys(system: Sequence[Expression]) -> tuple[int, ...]:
    return tuple(sorted(blind_key(component) for component in system))


def _exact_keys(system: Sequence[Expression]) -> tuple[str, ...]:
    return tuple(sorted(repr(skeleton_key(component)) for component in system))
