"""Genetic programming that starts from what the other stages found (as in Mundhenk et al., arXiv:2111.00053).

Children are bred and judged by the thousand in compiled code (`breeding`, `judging`); constants of the best
are refined before these are judged again. What survives are the best equations of each complexity, so that
short forms are not crowded out by accurate long ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.shape_checks import holds
from nsr.expressions.expression import Expression
from nsr.expressions.operator_set import ALL_OPERATORS
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.evolution.breeding import Bred, Grammar, bred, known
from nsr.search.evolution.genomes import Genomes
from nsr.search.evolution.judging import TOKENS_OF_SCALING, Judge, Judged
from nsr.search.evolution.semantics import Gap
from nsr.search.evolution_settings import EvolutionSettings
from nsr.task import Task

# Children that are looked at for each that is tried, where not all are allowed.
_LOOKED_AT = 3
# Digits of bits in which equations that compute the same agree.
_DIGITS = 6


class Population:
    """The survivors, and all skeletons that have been tried.

    Attributes:
        n_tried: Children so far.
        newest: What was added at the last time.

    Args:
        task: What is to be explained.
        settings: The numbers of evolution.
    """

    def __init__(self, task: Task, settings: EvolutionSettings) -> None:
        self._settings = settings
        self._space = task.space
        # Those for operators alone are kept to by what children are made of.
        self._has_rules = replace(
            task.space, operators=ALL_OPERATORS, constant_bounds=None, shape=None
        ).is_limited
        self._rng = np.random.default_rng(task.seed)
        self._grammar = Grammar.of(task.n_variables, task.space.operators)
        self._judge = Judge(task, settings.n_few, settings.n_rows)
        self._members = Judged(Genomes.empty(0, settings.most_tokens), np.zeros(0), np.zeros(0))
        self._complexity = np.zeros(0, np.int64)
        self.n_tried = 0
        self._tried: set[int] = set()
        self._handed_on: set[int] = set()
        self.newest: list[Expression] = []

    def __len__(self) -> int:
        return len(self._members.bits)

    @property
    def members(self) -> list[Expression]:
        """The survivors, the best first."""
        return [self._members.genomes.expression(row) for row in range(len(self))]

    @property
    def best(self) -> float:
        """The fewest bits of a member."""
        return float(self._members.bits[0]) if len(self) else math.inf

    def add(self, found: Iterable[Candidate]) -> None:
        """Takes in what was found and is not too long, and lets the worst go."""
        self.newest = [
            candidate.expression
            for candidate in found
            if len(candidate.expression) + TOKENS_OF_SCALING <= self._settings.most_tokens
        ]
        if self.newest:
            genomes = Genomes.of(self.newest, self._settings.most_tokens)
            described = known(genomes, self._grammar)
            self._tried.update(described.skeletons.tolist())
            self._handed_on.update(described.skeletons.tolist())
            self._merge(self._judge.as_they_are(genomes))

    def evolve(self, clock: Clock) -> None:
        """Breeds generations, of which the best survive; more where one is exact, as a shorter one may be."""
        was_exact = self.is_exact
        for _ in range(self._settings.n_generations):
            self._breed(clock)
        for _ in range(self._settings.n_generations if self.is_exact and not was_exact else 0):
            self._breed(clock)

    @property
    def is_exact(self) -> bool:
        """Whether the best member leaves no more than rounding errors."""
        return len(self) > 0 and bool(self._members.unexplained[0] <= SQUARED_ERROR.rounding)

    def _breed(self, clock: Clock) -> None:
        s = self._settings
        if len(self) and not clock.is_over:
            children = self._untried(bred(self._members.genomes, s.n_children, self._grammar, self._rng, s))
            self._compete(self._promising(self._judge.scaled(children, clock)), clock)

    def take_in(self, children: Iterable[Expression], clock: Clock) -> None:
        """Tries children that were made elsewhere, of which the best survive."""
        s = self._settings
        fit = [child for child in children if len(child) + TOKENS_OF_SCALING <= s.most_tokens]
        if fit:
            new = self._untried(known(Genomes.of(fit, s.most_tokens), self._grammar))
            self._compete(new, clock)

    def promising(self) -> list[Expression]:
        """Members of the fewest bits, or of the fewest of their complexity, that are worth a closer look."""
        s = self._settings
        skeletons = known(self._members.genomes, self._grammar).skeletons.tolist()
        is_best = _is_first(self._complexity) | (np.arange(len(self)) < s.n_polished)
        new = [row for row in np.flatnonzero(is_best).tolist() if skeletons[row] not in self._handed_on]
        self._handed_on.update(skeletons[row] for row in new[: s.n_polished])
        return [self._members.genomes.expression(row) for row in new[: s.n_polished]]

    def parents(self, n: int) -> list[Expression]:
        """Different members, n at most; better ones are likelier."""
        ranks = (len(self) * self._rng.random(n) ** self._settings.favour).astype(np.intp)
        return [self._members.genomes.expression(row) for row in np.unique(ranks).tolist() if len(self)]

    def drawn(self, gaps: Sequence[Gap]) -> Gap:
        """One of the gaps of an equation, the kinds of change in their shares."""
        form, s = self._rng.random(), self._settings
        change = "added" if form < s.term_share else "multiplied"
        if form >= s.term_share + s.factor_share:
            change = "replaced"
        of_kind = [gap for gap in gaps if gap.change == change]
        return of_kind[int(self._rng.integers(len(of_kind)))]

    def _untried(self, children: Bred) -> Genomes:
        """Children that are not too long and have variables, one of each skeleton that is new."""
        s, genomes = self._settings, children.genomes
        fit = (genomes.lengths > 0) & (genomes.lengths + TOKENS_OF_SCALING <= s.most_tokens)
        fit &= (children.complexity <= s.max_complexity) & genomes.has_variables()
        if self._space.operators.is_limited:
            fit &= genomes.have_only(self._grammar.is_allowed)
        places = np.flatnonzero(fit & _is_first(children.skeletons))
        new = [place for place in places.tolist() if int(children.skeletons[place]) not in self._tried]
        self._tried.update(int(children.skeletons[place]) for place in new)
        self.n_tried += len(new)
        if len(self._tried) > s.most_remembered:
            self._tried.clear()
        return genomes.rows(np.array(new, np.intp))

    def _promising(self, judged: Judged) -> Genomes:
        """The best children, not too many of one complexity."""
        s = self._settings
        order = np.argsort(judged.bits, kind="stable")
        complexity = known(judged.genomes, self._grammar).complexity[order]
        best = order[_place_among_equals(complexity) < s.n_tried_each]
        if self._has_rules:
            looked_at = best[: _LOOKED_AT * s.n_tried]
            best = looked_at[self._are_allowed(judged.genomes.rows(looked_at))]
        return judged.genomes.rows(best[: s.n_tried])

    def _are_allowed(self, genomes: Genomes) -> NDArray[np.bool_]:
        """Which equations may be looked at, as they are or simplified."""
        allows = self._space.allows
        own = map(genomes.expression, range(len(genomes)))
        return np.array([allows(one) or allows(simplify(one)) for one in own], dtype=np.bool_)

    def _compete(self, children: Genomes, clock: Clock) -> None:
        """Children are refined, and compete with the members."""
        fitted = self._judge.fitted(children, clock, self._settings.tried)
        if self._space.units is not None or self._has_rules:
            fitted = fitted.rows(self._are_allowed(fitted.genomes))
        if self._space.shape is not None and len(fitted.genomes):
            own = [fitted.genomes.expression(row) for row in range(len(fitted.genomes))]
            fitted = fitted.rows(holds(own, self._space.shape.nearly))
        self._merge(fitted)

    def _merge(self, new: Judged) -> None:
        """The best of members and others become the members, the best of equals the first."""
        s = self._settings
        both = self._members.and_(new)
        described = known(both.genomes, self._grammar)
        order = np.argsort(both.bits, kind="stable")
        order = order[_is_first(described.skeletons[order])]
        order = order[_is_first(np.round(both.bits[order], _DIGITS))]
        places = _place_among_equals(described.complexity[order])
        kept = order[(np.arange(len(order)) < s.n_best) | (places < s.n_each)]
        self._members = both.rows(kept)
        self._complexity = described.complexity[kept]


def _is_first(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which of some values no equal one comes before."""
    result = np.zeros(len(values), np.bool_)
    result[np.unique(values, return_index=True)[1]] = True
    return result


def _place_among_equals(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many equal ones come before each value."""
    order = np.argsort(values, kind="stable")
    ranks = np.arange(len(values))
    starts = np.maximum.accumulate(np.where(np.diff(values[order], prepend=-1) != 0, ranks, 0))
    result = np.empty(len(values), np.int64)
    result[order] = ranks - starts
    return result
