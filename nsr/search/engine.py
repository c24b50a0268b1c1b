"""The search: structure on ever smaller states, then the network's guesses, then both and evolution in turns.

Anytime: whatever a stage finds is handed on at once, cheap stages and small states first.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.simplify import simplify
from nsr.expressions.units import Units
from nsr.network.checkpoint import Pretrained
from nsr.network.guess import guess
from nsr.refinement.selection import LONG, SHORT, Candidate, description_length, is_exact
from nsr.search.dictionary import frequent_subtrees
from nsr.search.effort import Effort, found_by, refined
from nsr.search.evolution.generations import Generations
from nsr.search.evolution.population import Member, Population
from nsr.search.residuals import has_structure
from nsr.search.structure.divide import PartSolver
from nsr.search.structure.families import relations
from nsr.search.structure.parts import OFFSET
from nsr.search.structure.reduction import groupings, reductions
from nsr.search.structure.state import State
from nsr.search.turns import in_turns

Array = NDArray[np.float64]

STAGES = ("network", "families", "separation", "reduction", "evolution")
_STRUCTURE = ("families", "separation", "reduction")

# Refinement of guesses goes in rounds, each with the candidates kept from the round before.
_ROUNDS: tuple[tuple[int | None, Effort], ...] = (
    (None, Effort(restarts=4, points=128, iterations=30)),
    (128, Effort(restarts=12, points=256, iterations=50)),
    (32, Effort(restarts=1, points=None, iterations=100)),
)
_GIVEN = Effort(restarts=32, points=None, iterations=100)  # for the user's own guesses
_POLISHED = Effort(restarts=1, points=512, iterations=30)  # for equations whose constants are nearly right
# How many of the best are handed on after each round.
_N_HANDED_ON = 96
# Share of the time that structure may take before the network is asked.
_STRUCTURE_SHARE = 0.4
# Share of the time left that asking the network may take.
_ASKING_SHARE = 0.6
# The network is asked for fewer sequences where a state has fewer variables than the table, by this factor.
_SMALLER = 4
# Subtrees of the guesses that families make sums and ratios of.
_N_SUBTREES = 80
# Evolution takes so many times the time of asking the network, for smaller states or for parts.
_EVOLUTION_SHARE = 2.0
# An answer may end the search if there are so many rows to judge it by, and if it leaves less than this share
# of the target's variance unexplained.
_LEAST_ROWS, _LEAST_EXPLAINED = 2_000, 0.1
_LEAST_SECONDS = 0.25  # without so much time, none is tried
_FEW_VARIABLES = 2  # of states whose parts are so simple that splitting them cannot wait
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

    def run(self, deadline: float) -> Iterator[list[Candidate]]:
        """Yields refined equations, batch after batch, until time is up or nothing is left to find.

        Each says in its `stage` what found it: one of `STAGES` or `guesses`, after `reduction` where the
        stage worked on a reduced state. Structure comes first, because it is cheap; then the network, asked
        about the table; then, in turns, the network asked about smaller states, evolution of all that was
        found, and the network asked about parts of it.

        Args:
            deadline: Of `time.monotonic`.
        """
        population = Population(self.X.shape[1], self.seed)
        yield from self._recorded(self._given(deadline), population)
        is_alone = not {"network", "evolution"} & set(self.stages)
        share = 1.0 if is_alone else _STRUCTURE_SHARE
        structured = time.monotonic() + share * (deadline - time.monotonic())
        states: list[State] = []
        n_states = 1
        for batch in self._recorded(self._structured(structured, states), population):
            yield batch
            if len(states) > n_states:  # all families of the state before have had their turn
                n_states = len(states)
                if self._is_explained(population.best, SHORT):
                    return
        if self._is_found(population.best):
            return
        if "separation" in self.stages:
            yield from self._recorded(self._all_split(states, structured), population)
        if self._is_found(population.best):
            return
        asked = self._asked(states or self._starts, deadline)
        yield from self._recorded(itertools.islice(asked, len(_ROUNDS)), population)
        if self._is_explained(population.best):
            return
        rest = [(1.0, asked)]
        if "evolution" in self.stages:
            generations = Generations(population, self.X, self.y, self._allows, self.seed, deadline)
            rest.append((_EVOLUTION_SHARE, generations.evolved()))
            if "network" in self.stages:
                rest.append((1.0, generations.completed(self.pretrained)))
        for batch in self._recorded(in_turns(rest), population):
            yield batch
            if time.monotonic() > deadline or self._is_explained(population.best):
                return

    def _recorded(
        self, batches: Iterator[list[Candidate]], population: Population
    ) -> Iterator[list[Candidate]]:
        """What the units allow of the batches, which the population takes in as well."""
        variance = float(np.var(self.y))
        for batch in batches:
            allowed = [candidate for candidate in batch if self._allows(candidate.expression)]
            population.add(Member(c, description_length(c, len(self.y), variance)) for c in allowed)
            yield allowed

    def _given(self, deadline: float) -> Iterator[list[Candidate]]:
        """The user's own guesses."""
        if self.given:
            scaled = [apply("mul", constant(1.0), expression) for expression in self.given]
            yield found_by("guesses", refined(scaled, self._root, _GIVEN, self.seed, deadline))

    def _structured(self, deadline: float, states: list[State]) -> Iterator[list[Candidate]]:
        """Families and separation in the table and in states of fewer variables, the smallest first.

        Args:
            deadline: Of `time.monotonic`.
            states: Where the states go, in the order in which they were looked at.
        """
        order = itertools.count()
        queue = [((0, 0.0, next(order)), start) for start in self._starts]
        seen = {start.key for start in self._starts}
        while queue and (time.monotonic() < deadline or not states):
            _, state = heapq.heappop(queue)
            states.append(state)
            children = reductions(state, deadline) if "reduction" in self.stages else []
            children = [child for child in children if child.key not in seen]
            seen |= {child.key for child in children}
            constants = [child.lift(constant(child.level)) for child in children if not child.X.shape[1]]
            yield self._polished(constants, "reduction", deadline)
            for child in children:
                if child.X.shape[1]:
                    heapq.heappush(queue, ((child.X.shape[1], child.error, next(order)), child))
            if "families" in self.stages:
                for forms in relations(state):
                    lifted = [state.lift(form) for form in forms]
                    yield self._polished(lifted, self._stage("families", state), deadline)
                    if time.monotonic() > deadline:
                        return
            if "separation" in self.stages:
                solver = self._solver(_STRUCTURE, deadline)
                yield self._divided(state, solver.separated(state, state.surrogates[:1]), deadline)
                if state.X.shape[1] <= _FEW_VARIABLES:
                    yield self._divided(state, solver.split(state), deadline)

    def _asked(self, states: list[State], deadline: float) -> Iterator[list[Candidate]]:
        """The network's guesses, refined: about the first state, then about the others and their parts."""
        if "network" not in self.stages:
            return
        for place, state in enumerate(states):
            if not state.X.shape[1]:
                continue
            if time.monotonic() > deadline:
                return
            n_candidates = self.n_candidates if place == 0 else self.n_candidates // _SMALLER
            guesses = self._guesses(state, n_candidates, deadline)
            yield from self._guessed(guesses, state, deadline)
            if "families" in self.stages:
                yield from self._of_subtrees(guesses, state, deadline)
            if "separation" in self.stages:
                solver = self._solver((*_STRUCTURE, "network"), deadline)
                yield self._divided(state, solver.separated(state, state.surrogates[:1]), deadline)

    def _of_subtrees(
        self, guesses: list[Expression], state: State, deadline: float
    ) -> Iterator[list[Candidate]]:
        """Sums and ratios of what the network's guesses about a state are made of."""
        for forms in relations(state, frequent_subtrees(guesses, _N_SUBTREES)):
            if time.monotonic() > deadline:
                return
            lifted = [state.lift(form) for form in forms]
            yield self._polished(lifted, self._stage("network, families", state), deadline)

    def _is_explained(self, best: Candidate | None, longest: float = np.inf) -> bool:
        """Whether what an equation of at most some complexity leaves unexplained looks like noise."""
        if best is None or best.complexity > longest or len(self.y) < _LEAST_ROWS:
            return False
        if best.expression not in self._explained:
            self._explained[best.expression] = self._leaves_noise(best.expression)
        return self._explained[best.expression]

    def _is_found(self, best: Candidate | None) -> bool:
        """Whether there is a short answer that is exact or leaves noise only."""
        if best is None or best.complexity > LONG:
            return False
        return is_exact(best, float(np.var(self.y))) or self._is_explained(best, SHORT)

    @cached_property
    def _explained(self) -> dict[Expression, bool]:
        """What is known about equations that have been the best."""
        return {}

    def _leaves_noise(self, best: Expression) -> bool:
        with np.errstate(all="ignore"):
            residual = self.y - Program([best]).values(self.X)[0]
        if not np.var(residual) < _LEAST_EXPLAINED * np.var(self.y):
            return False
        return not has_structure(self.X, residual)

    @cached_property
    def _root(self) -> State:
        """The table itself."""
        return State.root(self.X, self.y)

    @cached_property
    def _starts(self) -> list[State]:
        """The table itself, or what its dimensionless groups make of it."""
        if self.units is None or self.units.constants == "free" or not len(self.units.symmetries):
            return [self._root]
        return groupings(self._root, self.units.symmetries) or [self._root]

    def _allows(self, expression: Expression) -> bool:
        """Whether the units allow an equation."""
        return self.units is None or self.units.allow(expression)

    def _stage(self, name: str, state: State) -> str:
        """What to call a stage that works on a state."""
        return name if any(state.key == start.key for start in self._starts) else f"reduction, {name}"

    def _all_split(self, states: list[State], deadline: float) -> Iterator[list[Candidate]]:
        """What the larger states are affine in, or sums by a surrogate that is not the best one.

        This comes late, as each part is a search.
        """
        solver = self._solver(_STRUCTURE, deadline)
        larger = [state for state in states if state.X.shape[1] > _FEW_VARIABLES]
        for state in sorted(larger, key=lambda state: (state.X.shape[1], state.error)):
            if deadline - time.monotonic() < _LEAST_SECONDS:
                return
            yield self._divided(state, solver.separated(state, state.best_of_each_output[1:]), deadline)
            yield self._divided(state, solver.split(state), deadline)

    def _solver(self, stages: tuple[str, ...], deadline: float) -> PartSolver:
        """What solves the parts of a state by searches that use some of the stages."""
        own = tuple(stage for stage in stages if stage in self.stages)
        n_candidates = self.n_candidates // _SMALLER

        def search(part: State, until: float) -> Iterator[list[Candidate]]:
            return Search(self.pretrained, part.X, part.y, n_candidates, own, self.seed).run(until)

        return PartSolver(search, deadline)

    def _divided(self, state: State, forms: list[Expression], deadline: float) -> list[Candidate]:
        """What was put together for a state, refined on the table."""
        lifted = [state.lift(form) for form in forms]
        return self._polished(lifted, self._stage("separation", state), deadline)

    def _guesses(self, state: State, n_candidates: int, deadline: float) -> list[Expression]:
        """The network's guesses, and each with a free constant added: what it misses most often is a term."""
        guesses = guess(
            self.pretrained,
            state.X,
            state.y,
            n_candidates=max(n_candidates, 1),
            seed=self.seed,
            deadline=time.monotonic() + _ASKING_SHARE * (deadline - time.monotonic()),
        )
        known = {expression.skeleton() for expression in guesses}
        shifted = [apply("add", expression, constant(OFFSET)) for expression in guesses]
        return guesses + [expression for expression in shifted if expression.skeleton() not in known]

    def _guessed(self, guesses: list[Expression], state: State, deadline: float) -> Iterator[list[Candidate]]:
        """Yields refined guesses about a state, as equations of the root."""
        for found in self._refined_in_rounds(guesses, state, deadline):
            stage = self._stage("network", state)
            if state.key == self._root.key:
                yield found_by(stage, found)
            else:
                lifted = [state.lift(candidate.expression) for candidate in found]
                yield self._polished(lifted, stage, deadline)

    def _refined_in_rounds(
        self, guesses: list[Expression], state: State, deadline: float
    ) -> Iterator[list[Candidate]]:
        """Yields refined equations of a state after each round, the best first; each spends more on fewer."""
        current = guesses
        for keep, effort in _ROUNDS:
            if time.monotonic() > deadline or not current:
                return
            found = refined(current[:keep], state, effort, self.seed, deadline)
            yield found[:_N_HANDED_ON]
            current = [candidate.expression for candidate in found]

    def _polished(self, lifted: list[Expression], stage: str, deadline: float) -> list[Candidate]:
        """Equations of the root, their constants refined from where they are, as the finds of a stage."""
        short = [e for e in map(simplify, lifted) if len(e.tokens) <= _MAX_LENGTH]
        return found_by(stage, refined(short, self._root, _POLISHED, self.seed, deadline))
