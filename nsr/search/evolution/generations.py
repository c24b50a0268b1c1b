"""Generations of equations bred from what was found: by evolution, or with parts asked of the network."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.simplify import simplify
from nsr.network.checkpoint import Pretrained
from nsr.network.guess import guess
from nsr.refinement.selection import Candidate
from nsr.search.effort import Effort, found_by, refined
from nsr.search.evolution.population import Population
from nsr.search.evolution.semantics import desired
from nsr.search.structure.parts import OFFSET
from nsr.search.structure.state import State

Array = NDArray[np.float64]

# Children at a time, and generations in which nothing got better after which none follows.
_N_CHILDREN = 200
_PATIENCE = 40
# All children are tried on few rows; so many, the best there, are refined on more.
_TRIED = Effort(restarts=2, points=128, iterations=20)
_N_POLISHED = 24
_N_ROWS = 2_000
_POLISHED = Effort(restarts=1, points=_N_ROWS, iterations=20)
_FIRST = Effort(restarts=1, points=512, iterations=20)
# The network is asked for so many parts at a time, where at least this share of rows wants a value, and none
# a larger one.
_N_PARTS, _LEAST_WANTED, _MOST_WANTED = 32, 0.5, 1e6


@dataclass(frozen=True)
class Generations:
    """Breeds members of a population, whose best it is judged by; the caller adds the children to it.

    Attributes:
        population: What was found so far.
        X: Scaled variables, shape (P, D).
        y: Scaled target, shape (P,).
        allows: Whether an equation may be looked at.
        seed: Of all draws.
        deadline: Of `time.monotonic`.
    """

    population: Population
    X: Array
    y: Array
    allows: Callable[[Expression], bool]
    seed: int
    deadline: float

    def evolved(self) -> Iterator[list[Candidate]]:
        """Children by mutation and crossover."""
        # It must begin with something even where it is alone.
        seeds = [apply("mul", constant(1.0), variable(i)) for i in range(self.X.shape[1])]
        yield found_by("evolution", refined(seeds, self._root, _FIRST, self.seed, self.deadline))
        yield from self._until_idle(self._children())

    def completed(self, pretrained: Pretrained) -> Iterator[list[Candidate]]:
        """Members with a part of a network's, which is told what values would make them right."""
        return self._until_idle(self._with_parts(pretrained))

    def _until_idle(self, generations: Iterator[list[Candidate]]) -> Iterator[list[Candidate]]:
        """Generations until time is up, or too many have brought nothing."""
        idle = 0
        while idle < _PATIENCE and time.monotonic() < self.deadline:
            best = self.population.best_bits
            generation = next(generations, None)
            if generation is None:
                return
            yield generation
            idle = 0 if self.population.best_bits < best else idle + 1

    def _children(self) -> Iterator[list[Candidate]]:
        while True:
            children = [child for child in self.population.children(_N_CHILDREN) if self.allows(child)]
            if not children:
                return
            yield self._fittest(children, "evolution")

    def _with_parts(self, pretrained: Pretrained) -> Iterator[list[Candidate]]:
        hole = self.X.shape[1]
        for seed in itertools.count(self.seed + 1):
            if not self.population.members:
                return
            context, part = self.population.incomplete(hole)
            parts = self._parts(pretrained, context, part, seed)
            shifted = [apply("add", part, constant(OFFSET)) for part in parts]
            children = [simplify(context.substitute({hole: new})) for new in (*parts, *shifted)]
            yield self._fittest(children, "network, evolution")

    def _parts(
        self, pretrained: Pretrained, context: Expression, part: Expression, seed: int
    ) -> list[Expression]:
        """What a network thinks should stand in a context in place of a part."""
        present = Program([part]).values(self.X)[0]
        wanted = desired(context, self.X.shape[1], np.column_stack((self.X, present)), self.y)
        rows = np.abs(wanted) < _MOST_WANTED
        if rows.mean() <= _LEAST_WANTED or np.ptp(wanted[rows]) == 0:
            return []
        return guess(
            pretrained, self.X[rows], wanted[rows], n_candidates=_N_PARTS, seed=seed, deadline=self.deadline
        )

    def _fittest(self, children: list[Expression], stage: str) -> list[Candidate]:
        """Those that do best on some rows, refined on more."""
        some = State.root(self.X[:_N_ROWS], self.y[:_N_ROWS])
        best = refined(children, some, _TRIED, self.seed, self.deadline)[:_N_POLISHED]
        survivors = [candidate.expression for candidate in best]
        return found_by(stage, refined(survivors, self._root, _POLISHED, self.seed, self.deadline))

    @cached_property
    def _root(self) -> State:
        return State.root(self.X, self.y)
