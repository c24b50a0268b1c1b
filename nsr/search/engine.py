"""The search: the network's guesses, then structured families and guesses again on ever smaller states.

Anytime: whatever a stage finds is handed on at once, cheap stages and small states first.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import NDArray

from nsr.checkpoint import Pretrained
from nsr.expression import Expression, apply, constant
from nsr.guess import guess
from nsr.program import Program
from nsr.refine import refine
from nsr.search.families import relations
from nsr.search.reduction import reductions
from nsr.search.state import State
from nsr.selection import Candidate, description_length
from nsr.simplify import simplify

Array = NDArray[np.float64]

STAGES = ("network", "families", "reduction")

# Refinement of guesses goes in rounds: (candidates kept from the round before, restarts, points, iterations).
_ROUNDS: tuple[tuple[int | None, int, int | None, int], ...] = (
    (None, 4, 128, 30),
    (128, 12, 256, 50),
    (32, 1, None, 100),
)
# How many of the best are handed on after each round.
_N_HANDED_ON = 96
# Where refinement starts an added constant, in units of the target's root mean square.
_OFFSET = 0.1
# Guesses are refined for this long even if asking the network took all the time there was.
_LEAST_SECONDS = 1.0
_MAX_LENGTH = 200  # tokens of a lifted equation; longer ones are no equation of anybody's


@dataclass(frozen=True)
class Search:
    """A search on one table.

    Attributes:
        pretrained: The network and its tokenizer.
        X: Scaled variables, shape (P, D).
        y: Scaled target, shape (P,).
        n_candidates: Sequences sampled from the network each time it is asked.
        stages: Which of `STAGES` to use.
        seed: Seed of all draws.
    """

    pretrained: Pretrained
    X: Array
    y: Array
    n_candidates: int
    stages: tuple[str, ...]
    seed: int

    def first_guesses(self) -> list[Expression]:
        """What the network makes of the table itself; nothing if it is not to be asked."""
        return self._guesses(State.root(self.X, self.y)) if "network" in self.stages else []

    def run(self, guesses: list[Expression], deadline: float) -> Iterator[list[Expression]]:
        """Yields refined equations, batch after batch, until nothing is left to try or time is up.

        Args:
            guesses: What `first_guesses` gave.
            deadline: Of `time.monotonic`.
        """
        root = State.root(self.X, self.y)
        first_deadline = max(deadline, time.monotonic() + _LEAST_SECONDS)
        yield from self._refined_in_rounds(guesses, root, first_deadline)
        order = itertools.count()
        queue = [((0, 0.0, next(order)), root)]
        seen = {root.key}
        while queue and time.monotonic() < deadline:
            _, state = heapq.heappop(queue)
            yield from self._explored(state, deadline, is_root=state is root)
            if "reduction" not in self.stages or time.monotonic() > deadline:
                continue
            for child in reductions(state):
                if child.key not in seen:
                    seen.add(child.key)
                    heapq.heappush(queue, ((child.X.shape[1], child.error, next(order)), child))

    def _explored(self, state: State, deadline: float, is_root: bool) -> Iterator[list[Expression]]:
        """What families and network find in one state, as equations of the root."""
        if "families" in self.stages:
            for forms in relations(state):
                yield self._polished([state.lift(form) for form in forms], deadline)
                if time.monotonic() > deadline:
                    return
        if "network" in self.stages and not is_root and state.X.shape[1]:
            for refined in self._refined_in_rounds(self._guesses(state), state, deadline):
                yield self._polished(
                    [state.lift(expression) for expression in refined[:_N_HANDED_ON]], deadline
                )

    def _guesses(self, state: State) -> list[Expression]:
        """The network's guesses, and each with a free constant added: what it misses most often is a term."""
        guesses = guess(self.pretrained, state.X, state.y, n_candidates=self.n_candidates, seed=self.seed)
        known = {expression.skeleton() for expression in guesses}
        shifted = [apply("add", expression, constant(_OFFSET)) for expression in guesses]
        return guesses + [expression for expression in shifted if expression.skeleton() not in known]

    def _refined_in_rounds(
        self, guesses: list[Expression], state: State, deadline: float
    ) -> Iterator[list[Expression]]:
        """Yields refined equations of a state after each round, the best first; each spends more on fewer."""
        current = guesses
        for keep, restarts, max_points, max_iterations in _ROUNDS:
            if time.monotonic() > deadline or not current:
                return
            current = _refined(
                current[:keep], state.X, state.y, restarts, max_points, max_iterations, self.seed, deadline
            )
            yield current[:_N_HANDED_ON]

    def _polished(self, lifted: list[Expression], deadline: float) -> list[Expression]:
        """Equations of the root, their constants refined from where they are."""
        short = [e for e in map(simplify, lifted) if len(e.tokens) <= _MAX_LENGTH]
        if not short:
            return []
        return _refined(short, self.X, self.y, 1, 512, 30, self.seed, deadline)


def _refined(
    expressions: list[Expression],
    X: Array,
    y: Array,
    restarts: int,
    max_points: int | None,
    max_iterations: int,
    seed: int,
    deadline: float,
) -> list[Expression]:
    """Expressions with refined constants, those of smallest description length first."""
    n_threads = joblib.cpu_count()
    program = Program(expressions, n_threads)
    refined = refine(
        program, X, y, restarts=restarts, max_points=max_points, max_iterations=max_iterations, seed=seed,
        n_threads=n_threads, deadline=deadline,
    )  # fmt: skip
    pairs = zip(program.expressions_with(refined.constants), refined.loss, strict=True)
    scored = [Candidate(e, float(loss)) for e, loss in pairs if np.isfinite(loss)]
    variance = float(np.var(y))
    scored.sort(key=lambda candidate: description_length(candidate, len(y), variance))
    return [candidate.expression for candidate in scored]
