"""Generations of equations bred from what was found: by evolution, or with parts asked of the network."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.simplify import simplify
from nsr.network.guess import guess
from nsr.refinement.candidates import Candidate, fitted
from nsr.refinement.refine import Effort
from nsr.search.context import Context
from nsr.search.evolution.breeder import Breeder
from nsr.search.evolution.population import Population
from nsr.search.evolution.semantics import Gap, gaps
from nsr.search.settings import OFFSET

Array = NDArray[np.float64]


class Generations:
    """Breeds from all that a search has found.

    Args:
        context: The search.
        clock: When breeding ends.
    """

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context = context
        self._settings = context.settings.evolution
        self._task = context.task
        self._clock = clock
        self._population = Population(context.task, self._settings)
        self._n_seen = 0

    def evolved(self) -> Iterator[list[Candidate]]:
        """Children by mutation and crossover, and with parts of a dictionary."""
        # It must begin with something even where it is alone.
        variables = [variable(i) for i in range(self._task.n_variables)]
        seeds = [apply("mul", constant(1.0), one) for one in variables]
        allowed = self._context.allowed(seeds) or variables
        yield fitted(allowed, self._task, self._settings.first, self._clock, "evolution")
        yield from self._until_idle(self._children())

    def completed(self) -> Iterator[list[Candidate]]:
        """Members with a part of the network's, which is told what values would make them right."""
        return self._until_idle(self._with_parts())

    def _until_idle(self, generations: Iterator[list[Candidate]]) -> Iterator[list[Candidate]]:
        """Generations until time is up, or too many have brought nothing better than an equation."""
        idle = 0
        while idle < self._settings.patience and not self._clock.is_over:
            self._take_in()
            before = self._context.candidates.best
            generation = next(generations, None)
            if generation is None:
                return
            yield generation
            after = self._context.candidates.best
            is_idle = after is None or (after == before and bool(after.expression.variables))
            idle = idle + 1 if is_idle else 0

    def _take_in(self) -> None:
        """What any stage has found since the last look joins the population."""
        new, self._n_seen = self._context.candidates.since(self._n_seen)
        self._population.add(new)

    def _children(self) -> Iterator[list[Candidate]]:
        breeder = Breeder(self._context, self._task, self._population, self._clock)
        while True:
            yield self._polished(map(self._plain, breeder.bred()), "evolution")

    def _with_parts(self) -> Iterator[list[Candidate]]:
        for seed in itertools.count(self._task.seed + 1):
            if not self._clock.is_worth_loading:
                return
            parents = self._population.parents(1)
            if not parents:  # another stage may find some
                yield []
                continue
            gap = self._population.drawn(gaps(parents[0], self._task.X, self._task.y))
            parts = self._parts(gap, seed)
            shifted = [apply("add", part, constant(OFFSET)) for part in parts]
            children = [self._plain(gap.filled(new)) for new in (*parts, *shifted)]
            yield self._fittest(children, self._settings.guessed, "network, evolution")

    def _parts(self, gap: Gap, seed: int) -> list[Expression]:
        """What a network thinks should stand in a gap."""
        rows = np.abs(gap.wanted) < self._settings.most_wanted
        if rows.mean() <= self._settings.least_wanted or np.ptp(gap.wanted[rows]) == 0:
            return []
        return guess(
            self._context.network,
            self._task.X[rows],
            gap.wanted[rows],
            n_candidates=self._settings.n_parts,
            seed=seed,
            operators=self._task.space.operators,
            clock=self._clock,
        )

    def _plain(self, expression: Expression) -> Expression:
        """The simplified equation, unless only this one is allowed."""
        return self._task.space.kept(expression, simplify(expression))

    def _fittest(self, children: list[Expression], effort: Effort, stage: str) -> list[Candidate]:
        """Those that do best on some rows, refined on more."""
        allows = self._task.space.allows
        children = [child for child in children if allows(child)]
        some = self._task.first(self._settings.n_rows)
        best = fitted(children, some, effort, self._clock)[: 2 * self._settings.n_polished]
        return self._polished([candidate.expression for candidate in best], stage)

    def _polished(self, survivors: Iterable[Expression], stage: str) -> list[Candidate]:
        allows = self._task.space.allows
        allowed = [survivor for survivor in survivors if allows(survivor)]
        return fitted(allowed, self._task, self._settings.polished, self._clock, stage)
