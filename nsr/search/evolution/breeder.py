"""One population and one dictionary, which children are bred from and made with in turns."""

from __future__ import annotations

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.search.context import Context
from nsr.search.evolution.backsolving import Backsolver
from nsr.search.evolution.parts import Parts
from nsr.search.evolution.population import Population
from nsr.task import Task


class Breeder:
    """Breeds for a search, which counts what was tried.

    Args:
        context: The search.
        task: What is to be explained: the search's table, or one of its states.
        population: What is bred from; others may add to it.
        clock: When breeding ends.
    """

    def __init__(self, context: Context, task: Task, population: Population, clock: Clock) -> None:
        settings = context.settings
        self._candidates = context.candidates
        self._population, self._settings, self._clock = population, settings.parts, clock
        few = task.first(settings.parts.n_rows)
        self._parts = Parts(few.X, task.seed, settings.parts, task.space.of_parts)
        self._backsolver = Backsolver(few, self._parts, settings.evolution.n_rows, settings.parts)

    def bred(self) -> list[Expression]:
        """Fills gaps of some members, breeds for some generations, and returns what is new and promising."""
        population, parts = self._population, self._parts
        before = population.n_tried
        parts.add(part for member in population.newest for part in member.subexpressions())
        parts.grow()
        for parent in population.parents(self._settings.n_parents):
            self._clock.spend(self._backsolver.work(parent))
            population.take_in(self._backsolver.children(parent), self._clock)
        population.evolve(self._clock)
        self._candidates.n_seen += population.n_tried - before
        return population.promising()
