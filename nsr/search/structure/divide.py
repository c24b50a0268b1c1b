"""Divide and conquer: the parts of a state are solved by searches of their own and put together again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

from nsr.clock import Clock, Pauses
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import description_length
from nsr.search.settings import SearchSettings
from nsr.search.state import State
from nsr.search.structure.affine import AffineSplit, Coefficient, affine_splits, is_constant, tabulating_work
from nsr.search.structure.parts import added, in_terms_of, multiplied
from nsr.search.structure.remainders import is_linear, told_best
from nsr.search.structure.separation import separation
from nsr.search.structure_settings import LOSSLESS
from nsr.search.surrogate import Surrogate


@dataclass(frozen=True)
class PartSolver:
    """Solves what a state falls apart into; while a part is looked for, empty lists leave others a turn.

    Attributes:
        search: Runs a search of its own on a part until its clock is over.
        settings: The numbers of the search.
        clock: For all parts of one state together.
    """

    search: Callable[[State, Clock], Iterator[list[Candidate]]]
    settings: SearchSettings
    clock: Clock

    def separated(self, state: State, surrogates: list[Surrogate]) -> Iterator[list[Expression]]:
        """Sums or products of what is found for each part of a state that separates.

        Args:
            state: What may separate.
            surrogates: Of the state; the first one by which it separates says how.
        """
        separations = (
            separation(state, surrogate, self.settings.structure.separation) for surrogate in surrogates
        )
        found = next((separation for separation in separations if separation is not None), None)
        if found is None:
            return
        numbers = self.settings.structure
        n_each = max(2, round(numbers.max_combinations ** (1 / len(found.parts))))
        *first, last = sorted(found.parts, key=lambda part: part.n_variables)
        solutions, known = [], []
        for part in first:
            best = yield from self._best(part, found.error, numbers.part_share)
            solutions.append([in_terms_of(state, part, c.expression) for c in best[:n_each]])
            near = self._near(best, part, found.error)
            known.append([in_terms_of(state, part, expression) for expression in near])
        choices = sorted(itertools.product(*known), key=_length)[: numbers.n_remainders]
        left = [(found.left_by(state, choice, last), choice) for choice in choices]
        growth = found.surrogate.growth(1.0, numbers.reduction.most_growth)
        exact = told_best(left, found.error * last.spread * growth, self.clock)
        best = yield from self._best(last, found.error, numbers.part_share, exact and exact[0])
        if exact is not None:
            solutions = [[one] for one in exact[1]]
        solutions.append([in_terms_of(state, last, c.expression) for c in best[:n_each]])
        choices = list(itertools.product(*solutions))
        if found.is_product:
            yield [multiplied(choice) for choice in choices]
        else:
            yield [added(state, found.surrogate.output, choice) for choice in choices]

    def split(self, state: State) -> Iterator[list[Expression]]:
        """What is affine in a function of few variables: this function first, then its coefficients."""
        splits = affine_splits(state, self.settings.structure.affine)
        self.clock.spend(sum(map(tabulating_work, splits)))
        for split in splits[: self.settings.structure.n_splits]:
            solutions = yield from self._solutions(split.inner, split.error)
            for inner in sorted(solutions, key=lambda solution: solution.complexity):
                yield from self._with_coefficients(split, inner)
            if self.clock.is_over:
                break

    def _with_coefficients(self, split: AffineSplit, inner: Expression) -> Iterator[list[Expression]]:
        """Equations for the state that is split, once the function that it is affine in is known."""
        self.clock.spend(tabulating_work(split))
        coefficients = split.coefficients(inner)
        if coefficients is None:
            return
        known = in_terms_of(split.state, split.inner, coefficients.inner)
        growth = split.surrogate.growth(1.0, self.settings.structure.reduction.most_growth)
        left = told_best([(split.quotient(known), known)], coefficients.factor.size * growth, self.clock)
        factors = yield from self._known(split, coefficients.factor, left and left[0])
        products = sorted(factors, key=lambda factor: factor.complexity)
        exact = told_best(
            [(split.difference(apply("mul", factor, known)), factor) for factor in products],
            coefficients.offset.size * growth,
            self.clock,
        )
        offsets = yield from self._known(split, coefficients.offset, exact and exact[0])
        if exact is not None:
            factors = [exact[1]]
        both = itertools.product((apply("mul", factor, known) for factor in factors), offsets)
        yield [added(split.state, split.surrogate.output, parts) for parts in both]

    def _known(
        self, split: AffineSplit, coefficient: Coefficient, exact: State | None
    ) -> Generator[list[Expression], None, list[Expression]]:
        """Solutions for a coefficient over the variables of the state that is split.

        Args:
            split: Whose coefficient it is.
            coefficient: As the surrogate tells it.
            exact: As the rows do.
        """
        solutions = yield from self._solutions(coefficient.state, coefficient.error, exact)
        return [in_terms_of(split.state, coefficient.state, solution) for solution in solutions]

    def _solutions(
        self, part: State, error: float, exact: State | None = None
    ) -> Generator[list[Expression], None, list[Expression]]:
        """Equations that are as near to a part as the part is known; none where they are not found soon.

        A surrogate's error is smooth, and not the same everywhere, so that long equations come nearer to it
        than the law: the shortest ones that are some times as far off are solutions, too.
        """
        numbers = self.settings.structure
        if is_constant(part, numbers.affine):
            return [constant(part.level)]
        found = yield from self._best(part, error, numbers.coefficient_share, exact)
        return self._near(found, part if exact is None else exact, error)

    def _near(self, found: list[Candidate], part: State, error: float) -> list[Expression]:
        """Those of the best equations that are as near to a part as the part is known.

        The variable itself is one where it is near, whatever came nearer before it was tried.
        """
        numbers = self.settings.structure
        unit = error**2 * part.null_loss
        solutions = [c for c in found if c.loss <= numbers.coefficient_precision * unit][: numbers.n_each]
        for precision in numbers.looser_precisions:
            near = [_no_better_than(precision * unit, c, part) for c in found if c.loss <= precision * unit]
            solutions += sorted(near, key=lambda c: c.bits)[:1]
        plain = [variable(0)] if is_linear(part, numbers.looser_precisions[0] * error**2) else []
        return list(dict.fromkeys([*plain, *(candidate.expression for candidate in solutions)]))

    def _best(
        self, part: State, error: float, share: float, exact: State | None = None
    ) -> Generator[list[Expression], None, list[Candidate]]:
        """The best equations for a part, judged no finer than the part is known.

        Args:
            part: What to solve.
            error: By which share of its spread the part is off.
            share: Of the work left, which the part may take.
            exact: The part as the rows tell it, if they do: it is solved instead, may take more, and what is
                within the error does not end the search.
        """
        numbers = self.settings.structure
        if exact is not None:
            part, share = exact, numbers.exact_share
        floor = numbers.part_precision * error**2 * part.null_loss
        enough = floor if exact is None else LOSSLESS**2 * part.null_loss
        best: list[Candidate] = []
        batches_left = numbers.batches_after
        pauses = Pauses(self.clock)
        for batch in self.search(part, self.clock.share(share)):
            best += batch
            solutions = [found.complexity for found in best if found.loss <= enough]
            batches_left -= bool(solutions)
            if solutions and (min(solutions) <= self.settings.short or not batches_left):
                break
            if pauses.is_due:
                yield []
        solved = [found for found in best if exact is not None and found.loss <= enough]
        judged = solved or [_no_better_than(floor, found, part) for found in best]
        return sorted(judged, key=lambda candidate: candidate.bits)


def _length(choice: tuple[Expression, ...]) -> int:
    return sum(expression.complexity for expression in choice)


def _no_better_than(floor: float, found: Candidate, part: State) -> Candidate:
    """A candidate for a part with a loss that says no more than is known of the part."""
    loss = max(found.loss, floor)
    return replace(found, loss=loss, bits=description_length(found.expression, loss, part))
