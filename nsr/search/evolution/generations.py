"""Generations of equations bred from what was found: by evolution, or with parts asked of the network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.simplify import simplify
from nsr.network.guess import guess
from nsr.refinement.candidates import Candidate, fitted
from nsr.search.context import Context
from nsr.search.evolution.population import Population
from nsr.search.evolution.semantics import desired
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
        self._population = Population(
            context.task.n_variables, context.task.seed, self._settings, context.task.space
        )
        self._n_seen = 0

    def evolved(self) -> Iterator[list[Candidate]]:
        """Children by mutation and crossover."""
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
        while True:
            yield self._fittest(self._population.children(self._settings.n_children), "evolution")

    def _with_parts(self) -> Iterator[list[Candidate]]:
        hole = self._task.n_variables
        for seed in itertools.count(self._task.seed + 1):
            if not self._population.members:  # another stage may find some
                yield []
                continue
            context, part = self._population.incomplete(hole)
            parts = self._parts(context, part, seed)
            shifted = [apply("add", part, constant(OFFSET)) for part in parts]
            raw = [context.substitute({hole: new}) for new in (*parts, *shifted)]
            children = [self._task.space.kept(child, simplify(child)) for child in raw]
            yield self._fittest(self._context.allowed(children), "network, evolution")

    def _parts(self, context: Expression, part: Expression, seed: int) -> list[Expression]:
        """What a network thinks should stand in a context in place of a part."""
        X, y = self._task.X, self._task.y
        present = Program([part]).values(X)[0]
        wanted = desired(context, X.shape[1], np.column_stack((X, present)), y)
        rows = np.abs(wanted) < self._settings.most_wanted
        if rows.mean() <= self._settings.least_wanted or np.ptp(wanted[rows]) == 0:
            return []
        return guess(
            self._context.network,
            X[rows],
            wanted[rows],
            n_candidates=self._settings.n_parts,
            seed=seed,
            operators=self._task.space.operators,
            clock=self._clock,
        )

    def _fittest(self, children: list[Expression], stage: str) -> list[Candidate]:
        """Those that do best on some rows, refined on more."""
        some = self._task.first(self._settings.n_rows)
        best = fitted(children, some, self._settings.tried, self._clock)[: self._settings.n_polished]
        survivors = [candidate.expression for candidate in best]
        return fitted(survivors, self._task, self._settings.polished, self._clock, stage)
