"""The search: the network's guesses, then structured families and guesses again on ever smaller states.

Anytime: whatever a stage finds is handed on at once, cheap stages and small states first.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import joblib
import numpy as np
from numpy.typing import NDArray

from nsr.checkpoint import Pretrained
from nsr.expression import Expression, apply, constant, variable
from nsr.guess import guess
from nsr.program import Program
from nsr.refine import refine
from nsr.search.evolution import Member, Population
from nsr.search.families import relations
from nsr.search.reduction import groupings, reductions
from nsr.search.separation import separation
from nsr.search.state import State
from nsr.selection import Candidate, description_length, mean_squared_errors, ranked, scored
from nsr.simplify import simplify
from nsr.units import Units

Array = NDArray[np.float64]

STAGES = ("network", "families", "separation", "reduction", "evolution")

# Refinement of guesses goes in rounds: (candidates kept from the round before, restarts, points, iterations).
_ROUNDS: tuple[tuple[int | None, int, int | None, int], ...] = (
    (None, 4, 128, 30),
    (128, 12, 256, 50),
    (32, 1, None, 100),
)
# Restarts, points and iterations for the user's own guesses.
_GIVEN_EFFORT = (32, None, 100)
# How many of the best are handed on after each round.
_N_HANDED_ON = 96
# Where refinement starts an added constant, in units of the target's root mean square.
_OFFSET = 0.1
# Guesses are refined for this long even if asking the network took all the time there was.
_LEAST_SECONDS = 1.0
# The network is asked for fewer sequences where a state has fewer variables than the table, by this factor.
_SMALLER = 4
# Evolution makes so many children at a time, and ends after so many generations in which nothing got better.
_N_CHILDREN = 200
_PATIENCE = 40
# Equations of separate parts are combined in about so many ways.
_MAX_COMBINATIONS = 36
# A part may take this share of the time that is left; it is solved when its error is near the surrogate's.
_PART_SHARE, _PART_PRECISION = 0.2, 4.0
_MAX_LENGTH = 200  # tokens of a lifted equation; longer ones are no equation of anybody's


@dataclass(frozen=True)
class Search:
    """A search on one table.

    Attributes:
        pretrained: The network and its tokenizer.
        X: Scaled variables, shape (P, D).
        y: Scaled target, shape (P,).
        n_candidates: Sequences sampled from the network for the table; fewer for smaller states.
        stages: Which of `STAGES` to use.
        seed: Seed of all draws.
        units: Of the variables and the target; only equations that they allow are yielded. Where constants
            have none, the search begins with the dimensionless groups.
        given: The user's own guesses, up to a factor.
    """

    pretrained: Pretrained
    X: Array
    y: Array
    n_candidates: int
    stages: tuple[str, ...]
    seed: int
    units: Units | None = None
    given: tuple[Expression, ...] = ()

    def first_guesses(self) -> list[Expression]:
        """What the network makes of the state the search begins with; nothing if it is not to be asked."""
        start = self._starts[0]
        if "network" not in self.stages or not start.X.shape[1]:
            return []
        return self._guesses(start, self.n_candidates)

    def run(self, guesses: list[Expression], deadline: float) -> Iterator[list[Expression]]:
        """Yields refined equations, batch after batch, until time is up or nothing gets better.

        Args:
            guesses: What `first_guesses` gave; with none, the network is asked after the families.
            deadline: Of `time.monotonic`.
        """
        root = State.root(self.X, self.y)
        population = Population(self.X.shape[1], self.seed)
        for found in self._states(guesses, deadline):
            batch = self._allowed(found)
            if "evolution" in self.stages:
                population.add(self._members(batch))
            yield batch
        if "evolution" in self.stages:  # which must begin with something even where it is alone
            seeds = self._refined(self._allowed(_simplest(self.X.shape[1])), root, 1, 512, 20, deadline)
            population.add(self._members(seeds))
        idle = 0
        while "evolution" in self.stages and idle < _PATIENCE and time.monotonic() < deadline:
            best = population.best_bits
            children = self._allowed(population.children(_N_CHILDREN))
            batch = self._refined(children, root, 2, 128, 20, deadline)
            if not batch:
                return
            population.add(self._members(batch))
            idle = 0 if population.best_bits < best else idle + 1
            yield batch[:_N_HANDED_ON]

    def _states(self, guesses: list[Expression], deadline: float) -> Iterator[list[Expression]]:
        """The table itself, then states of fewer variables, the smallest first."""
        first_deadline = max(deadline, time.monotonic() + _LEAST_SECONDS)
        scaled = [apply("mul", constant(1.0), expression) for expression in self.given]
        yield self._refined(scaled, State.root(self.X, self.y), *_GIVEN_EFFORT, first_deadline)
        yield from self._guessed(guesses, self._starts[0], first_deadline)
        order = itertools.count()
        queue = [((0, 0.0, next(order)), start) for start in self._starts]
        seen = {start.key for start in self._starts}
        while queue and time.monotonic() < deadline:
            _, state = heapq.heappop(queue)
            yield from self._explored(state, deadline, asked=state is self._starts[0] and bool(guesses))
            if "reduction" not in self.stages or time.monotonic() > deadline:
                continue
            for child in reductions(state):
                if child.key not in seen:
                    seen.add(child.key)
                    heapq.heappush(queue, ((child.X.shape[1], child.error, next(order)), child))

    @cached_property
    def _starts(self) -> list[State]:
        """The table itself, or what its dimensionless groups make of it."""
        root = State.root(self.X, self.y)
        if self.units is None or self.units.constants == "free" or not len(self.units.symmetries):
            return [root]
        return groupings(root, self.units.symmetries) or [root]

    def _allowed(self, expressions: list[Expression]) -> list[Expression]:
        """Those that the units allow."""
        return [e for e in expressions if self.units is None or self.units.allow(e)]

    def _members(self, batch: list[Expression]) -> list[Member]:
        if not batch:
            return []
        variance = float(np.var(self.y))
        candidates = scored(batch, self.X, self.y)
        return [Member(c, description_length(c, len(self.y), variance)) for c in candidates]

    def _explored(self, state: State, deadline: float, asked: bool) -> Iterator[list[Expression]]:
        """What families, separation and network find in one state, as equations of the root.

        Args:
            state: Where to look.
            deadline: Of `time.monotonic`.
            asked: Whether the network has been asked already.
        """
        if "families" in self.stages:
            for forms in relations(state):
                yield self._polished([state.lift(form) for form in forms], deadline)
                if time.monotonic() > deadline:
                    return
        if "separation" in self.stages:
            yield self._polished([state.lift(form) for form in self._separated(state, deadline)], deadline)
        if "network" in self.stages and not asked and state.X.shape[1]:
            guesses = self._guesses(state, self.n_candidates // _SMALLER)
            yield from self._guessed(guesses, state, deadline)

    def _separated(self, state: State, deadline: float) -> list[Expression]:
        """Sums or products of what a search of its own finds for each part of a state that separates."""
        found = separation(state)
        if found is None:
            return []
        n_each = max(2, round(_MAX_COMBINATIONS ** (1 / len(found.parts))))
        solutions = []
        for part in found.parts:
            share = (deadline - time.monotonic()) * _PART_SHARE
            best = self._solved(part, found.error, min(deadline, time.monotonic() + share))[:n_each]
            back = {i: variable(state.variables.index(v)) for i, v in enumerate(part.variables)}
            solutions.append([expression.substitute(back) for expression in best])
        return [_combined(found.operator, choice) for choice in itertools.product(*solutions)]

    def _solved(self, part: State, error: float, deadline: float) -> list[Expression]:
        """The best equations for a part, judged no finer than the part is known."""
        stages = tuple(stage for stage in self.stages if stage != "evolution")
        search = replace(self, X=part.X, y=part.y, stages=stages, units=None, given=())
        variance = float(np.var(part.y))
        floor = _PART_PRECISION * error**2
        best: dict[Expression, float] = {}
        for batch in search.run([], deadline):
            if not batch:
                continue
            losses = mean_squared_errors(batch, part.X, part.y)
            for expression, loss in zip(batch, losses, strict=True):
                known = Candidate(expression, max(float(loss), floor * variance))
                best[expression] = description_length(known, len(part.y), variance)
            if np.min(losses) <= floor * variance:
                break
        return sorted(best, key=best.__getitem__)

    def _guesses(self, state: State, n_candidates: int) -> list[Expression]:
        """The network's guesses, and each with a free constant added: what it misses most often is a term."""
        guesses = guess(self.pretrained, state.X, state.y, n_candidates=max(n_candidates, 1), seed=self.seed)
        known = {expression.skeleton() for expression in guesses}
        shifted = [apply("add", expression, constant(_OFFSET)) for expression in guesses]
        return guesses + [expression for expression in shifted if expression.skeleton() not in known]

    def _guessed(
        self, guesses: list[Expression], state: State, deadline: float
    ) -> Iterator[list[Expression]]:
        """Yields refined guesses about a state, as equations of the root."""
        for refined in self._refined_in_rounds(guesses, state, deadline):
            if state.key == State.root(self.X, self.y).key:
                yield refined
            else:
                yield self._polished([state.lift(expression) for expression in refined], deadline)

    def _refined_in_rounds(
        self, guesses: list[Expression], state: State, deadline: float
    ) -> Iterator[list[Expression]]:
        """Yields refined equations of a state after each round, the best first; each spends more on fewer."""
        current = guesses
        for keep, restarts, max_points, max_iterations in _ROUNDS:
            if time.monotonic() > deadline or not current:
                return
            current = self._refined(current[:keep], state, restarts, max_points, max_iterations, deadline)
            yield current[:_N_HANDED_ON]

    def _polished(self, lifted: list[Expression], deadline: float) -> list[Expression]:
        """Equations of the root, their constants refined from where they are."""
        short = [e for e in map(simplify, lifted) if len(e.tokens) <= _MAX_LENGTH]
        return self._refined(short, State.root(self.X, self.y), 1, 512, 30, deadline)

    def _refined(
        self,
        expressions: list[Expression],
        state: State,
        restarts: int,
        max_points: int | None,
        max_iterations: int,
        deadline: float,
    ) -> list[Expression]:
        """Equations of a state with refined constants, those of smallest description length first."""
        if not expressions:
            return []
        n_threads = joblib.cpu_count()
        program = Program(expressions, n_threads)
        refined = refine(
            program,
            state.X,
            state.y,
            restarts=restarts,
            max_points=max_points,
            max_iterations=max_iterations,
            seed=self.seed,
            n_threads=n_threads,
            deadline=deadline,
        )
        pairs = zip(program.expressions_with(refined.constants), refined.loss, strict=True)
        finite = [Candidate(e, float(loss)) for e, loss in pairs if np.isfinite(loss)]
        best = ranked(finite, len(state.y), float(np.var(state.y)))
        return [candidate.expression for candidate in best]


def _simplest(n_variables: int) -> list[Expression]:
    """Each variable, with a factor to be refined."""
    return [apply("mul", constant(1.0), variable(i)) for i in range(n_variables)]


def _combined(operator: str, parts: tuple[Expression, ...]) -> Expression:
    """A sum of parts with a free factor each and a free constant, or their product with one free factor."""
    if operator == "mul":
        return reduce(lambda a, b: apply("mul", a, b), parts, constant(1.0 + _OFFSET))
    weighted = (apply("mul", constant(1.0 + _OFFSET), part) for part in parts)
    return reduce(lambda a, b: apply("add", a, b), weighted, constant(_OFFSET))
