"""Divide and conquer: the parts of a state are solved by searches of their own and put together again."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nsr.expressions.expression import Expression, constant
from nsr.refinement.selection import SHORT, Candidate, description_length
from nsr.search.structure.affine import AffineSplit, affine_splits, is_constant
from nsr.search.structure.parts import affine, combined, over
from nsr.search.structure.separation import separation
from nsr.search.structure.state import State
from nsr.search.structure.surrogate import OUTPUTS, Surrogate

# Equations of separate parts are combined in about so many ways.
_MAX_COMBINATIONS = 36
# A part may take this share of the time that is left; it is solved when its error is near the surrogate's.
_PART_SHARE, _PART_PRECISION = 0.2, 4.0
# Of functions that a target is affine in, so many are tried, and each coefficient may take a smaller share;
# so many solutions of each part are combined, whose squared error may be so many times the surrogate's.
_N_SPLITS, _COEFFICIENT_SHARE, _N_EACH, _PART_SOLVED = 4, 0.15, 2, 16.0
# After a long solution of a part, so many more batches may bring a shorter one.
_BATCHES_AFTER = 4


@dataclass(frozen=True)
class PartSolver:
    """Solves what a state falls apart into.

    Attributes:
        search: Runs a search of its own on a part until a deadline of `time.monotonic`.
        deadline: Of `time.monotonic`, for all parts together.
    """

    search: Callable[[State, float], Iterator[list[Candidate]]]
    deadline: float

    def separated(self, state: State, surrogates: list[Surrogate]) -> list[Expression]:
        """Sums or products of what is found for each part of a state that separates.

        Args:
            state: What may separate.
            surrogates: Of the state; the first one by which it separates says how.
        """
        separations = (separation(state, surrogate) for surrogate in surrogates)
        found = next((separation for separation in separations if separation is not None), None)
        if found is None:
            return []
        n_each = max(2, round(_MAX_COMBINATIONS ** (1 / len(found.parts))))
        solutions = [
            [over(state, part, c.expression) for c in self._best(part, found.error, _PART_SHARE)[:n_each]]
            for part in found.parts
        ]
        return [combined(found.operator, found.outer, choice) for choice in itertools.product(*solutions)]

    def split(self, state: State) -> list[Expression]:
        """What is affine in a function of few variables: this function first, then its coefficients."""
        forms: list[Expression] = []
        for split in affine_splits(state)[:_N_SPLITS]:
            for inner in self._solutions(split.inner, split.error):
                forms += self._with_coefficients(split, inner)
            if time.monotonic() > self.deadline:
                break
        return forms

    def _with_coefficients(self, split: AffineSplit, inner: Expression) -> list[Expression]:
        """Equations for the state that is split, once the function that it is affine in is known."""
        coefficients = split.coefficients(inner)
        if coefficients is None:
            return []
        factors, offsets = (
            [over(split.state, c.state, solution) for solution in self._solutions(c.state, c.error)]
            for c in (coefficients.factor, coefficients.offset)
        )
        known = over(split.state, split.inner, coefficients.inner)
        outer = OUTPUTS[split.surrogate.output].inverse
        return [affine(factor, known, offset, outer) for factor in factors for offset in offsets]

    def _solutions(self, part: State, error: float) -> list[Expression]:
        """Equations that are as near to a part as the part is known; none where they are not found soon."""
        if is_constant(part):
            return [constant(part.level)]
        enough = _PART_SOLVED * error**2 * float(np.var(part.y))
        found = self._best(part, error, _COEFFICIENT_SHARE)
        return [candidate.expression for candidate in found if candidate.loss <= enough][:_N_EACH]

    def _best(self, part: State, error: float, share: float) -> list[Candidate]:
        """The best equations for a part, judged no finer than the part is known.

        Args:
            part: What to solve.
            error: By which share of its spread the part is off.
            share: Of the time left, which the part may take.
        """
        now = time.monotonic()
        variance = float(np.var(part.y))
        floor = _PART_PRECISION * error**2 * variance
        best: list[Candidate] = []
        batches_left = _BATCHES_AFTER
        for batch in self.search(part, min(self.deadline, now + share * (self.deadline - now))):
            best += [replace(found, loss=max(found.loss, floor)) for found in batch]
            solutions = [found.complexity for found in best if found.loss <= floor]
            batches_left -= bool(solutions)
            if solutions and (min(solutions) <= SHORT or not batches_left):
                break
        return sorted(best, key=lambda candidate: description_length(candidate, len(part.y), variance))
