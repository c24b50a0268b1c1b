"""The front that is reported, and the choice of one of its equations.

Where data are nearly exact, both go by description length. Where they are not, an equation is worth what it
predicts of rows that it was not fitted to: of the front only what is significantly better than all simpler
rows stays, and the simplest within some standard errors of the best is chosen (Breiman et al., Classification
and Regression Trees, 1984), the differences being taken row by row: the one that takes the fewest bits to
write down, so that a textbook curve counts by its name and its constants, not by its symbols; of those that
take about as few, the one that predicts best.

Once rows have been left out, constants cost less than while thousands of forms are tried: otherwise forms
without any, which fit by chance, would be the simplest. Where noise is large they cost about what Schwarz
asks (Ann. Stat. 6, 1978). That holds for a constant for each ten rows; for more of them all is asked.

Standard errors alone would not do. With few rows, or with one that nothing predicts, they are so large that
a constant is as good as a law; and what predicts wildly has large ones of its own. So the rows that were left
out must also be worth their bits: no other equation may make them likelier by more than it takes more to
write down, and none that is shorter may make them likelier at all. That is the description length of rows
by predictions of them (Dawid, J. R. Stat. Soc. A 147, 1984), which alone would not do either: it takes a
search that has tried many thousands for one that had a single form in mind. Beside the chosen equation stand
textbook curves that the data cannot tell from it (`nsr.refinement.alternatives`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.refinement.alternatives import (
    CREDIBLE_BITS,
    Differences,
    alternatives,
    form_bits,
    information,
    with_free_constants,
)
from nsr.refinement.candidates import Candidate, ranked
from nsr.refinement.crossvalidation import HeldOut, bits_lost, is_as_good
from nsr.refinement.description import n_fitted
from nsr.refinement.selection import front_of, pareto_front
from nsr.refinement.significance import chance_of_linear_model
from nsr.task import ROWS, Task

Array = NDArray[np.float64]
RULES = ("auto", "accuracy", "score", "best")

# Data are nearly exact if the shortest description leaves less than this share of the null loss.
_NEARLY_EXACT = 1e-6
# There a row stays only if it leaves less than this share of what the row before leaves.
_WORTH_A_ROW = 0.5
# Fewer rows cannot be told apart by leaving some out.
_LEAST_ROWS = 5
# Rows for each constant that rows left out can judge (as Peduzzi et al., J. Clin. Epidemiol. 49, 1996, ask
# for events in a regression). Of the development half of `eval.blackbox` (five splits of 24 tables) the
# median test R2 is 0.85 and the mean 0.69; without cheap constants they are 0.83 and 0.68, with all of them
# cheap 0.85 and 0.68.
_ROWS_A_CONSTANT = 10
# Bits that each of these costs less: those of its sign, its size and its first digit.
_CHEAPER = 5.0
# Equations that are compared at most.
_MOST_COMPARED = 40
# Standard errors within which two equations are as good. More than the rule's one, as errors of folds that
# share their rows are larger than they look. Of the development half of `eval.blackbox` (five splits of 25
# tables) the mean test R2 hardly depends on it, from 1 to 2.
_WITHIN = 1.5
# Share of the loss of rows left out that matters to nobody. Of thousands of rows standard errors are small,
# and the luckiest of the many thousands of equations that were tried is ahead by more than these.
_NOTHING = 0.01
# Bits that say nothing of which of two equations is simpler: a way to write one down is one of many.
_AS_SHORT = 2.0
# Probability below which a linear model of all columns is no chance; then something is chosen that has some.
_CHANCE = 0.05
# `best` takes what explains nearly as much as the most accurate (as PySR's rule of that name).
_NEARLY_AS_ACCURATE = 1.5


@dataclass(frozen=True)
class Front:
    """Equations, from simple to accurate, at least one.

    Attributes:
        candidates: The equations.
        best: Index of the chosen one.
    """

    candidates: list[Candidate]
    best: int


def chosen_front(
    candidates: Sequence[Candidate], task: Task, rule: str = "auto", clock: Clock = Clock()
) -> Front:
    """What is reported of the candidates.

    Args:
        candidates: Of different functions; at least one has a finite description.
        task: What they explain.
        rule: How one is chosen: `auto` as this file says; `accuracy`, the least loss; `score`, the shortest
            description; `best`, the shortest description of those with at most 1.5 times the least loss.
        clock: For fitting them without some rows; where it is over before, the shortest description is
            chosen.
    """
    rows = pareto_front(candidates)
    shortest = _shortest(rows, task)
    held_out = HeldOut(task.first(ROWS), clock)
    if _is_described(shortest, task):
        auto = shortest
        kept = _halving(rows[: rows.index(shortest) + 1])
    else:
        rows = _accurate_front(candidates, task)
        credible = _credible(candidates, task)
        compared = _largest_steps(list(credible))
        predictive, best = _predictive(compared, held_out, task.null_loss, clock)
        kept, auto = [credible[row] for row in predictive], credible[best]
    chosen = auto if rule == "auto" else _by_rule(rows, task, rule)
    front = sorted({*kept, chosen}, key=_by_complexity)
    if not task.is_exact(shortest.loss) and (freed := with_free_constants(chosen, candidates, task)):
        front = sorted({*front, freed}, key=_by_complexity)
    if task.n_rows >= _LEAST_ROWS and not task.is_exact(shortest.loss) and not clock.is_over:
        others = alternatives(front, candidates, held_out)
        front = sorted([*front, *others], key=_by_complexity)
    return Front(front, front.index(chosen))


def rows_of(candidates: Sequence[Candidate], task: Task) -> list[Candidate]:
    """What the reported front is made of: equations, from simple to accurate, that no simpler one matches.

    Args:
        candidates: Of different functions; at least one has a finite description.
        task: What they explain.
    """
    rows = pareto_front(candidates)
    shortest = _shortest(rows, task)
    if _is_described(shortest, task):
        return rows
    every = {*_accurate_front(candidates, task), *_credible(candidates, task).values()}
    return sorted(every, key=_by_complexity)


def without_twins(front: Front, task: Task) -> Front:
    """A front without rows that say what the chosen one or a row before says.

    Once all constants are where they are most likely, a slope may have vanished.

    Args:
        front: With these constants.
        task: What it explains.
    """
    chosen = front.candidates[front.best]
    differ, kept = Differences(front.candidates, task.first(ROWS)), [chosen]
    for row in front.candidates:
        if differ.is_apart(row, kept):
            kept.append(row)
    rows = sorted(kept, key=front.candidates.index)
    return Front(rows, rows.index(chosen))


def _by_complexity(candidate: Candidate) -> tuple[float, float, str]:
    return candidate.complexity, -candidate.loss, str(candidate.expression)


def _is_described(shortest: Candidate, task: Task) -> bool:
    """Whether description length decides: data are nearly exact, or too few to leave some out."""
    return shortest.loss <= _NEARLY_EXACT * task.null_loss or task.n_rows < _LEAST_ROWS


def _by_rule(rows: list[Candidate], task: Task, rule: str) -> Candidate:
    if rule == "score":
        return _shortest(rows, task)
    factor = {"accuracy": 1.0, "best": _NEARLY_AS_ACCURATE}[rule]
    least = min(row.loss for row in rows)
    return _shortest([row for row in rows if row.loss <= factor * least], task)


def _shortest(rows: Sequence[Candidate], task: Task) -> Candidate:
    """The shortest description that explains more than a constant does; else the first."""
    allowed = [row for row in rows if row is rows[0] or row.loss < task.null_loss]
    return min(allowed, key=lambda row: row.bits)


def _halving(rows: list[Candidate]) -> list[Candidate]:
    """The rows that leave much less than the one kept before."""
    kept = [rows[0]]
    for row in rows[1:]:
        if row.loss <= _WORTH_A_ROW * kept[-1].loss:
            kept.append(row)
    return kept


def _accurate_front(candidates: Sequence[Candidate], task: Task) -> list[Candidate]:
    """The most likely of each complexity; of one skeleton the shortest form stands for all.

    Rounded constants are accepted by a test of their own, so that a form with some is as good. Likelihoods
    are compared as Akaike (1974) does, since of two equations of one complexity one may have more constants.
    """
    usable = [candidate for candidate in candidates if math.isfinite(candidate.bits)]
    return front_of(sorted(ranked(usable), key=lambda c: (information(c, task), c.complexity)))


def _credible(candidates: Sequence[Candidate], task: Task) -> dict[Candidate, Candidate]:
    """The fronts of what is simpler than the shortest description, or not much longer, and the shortest.

    There is one of all equations, and one of those that textbooks have.

    Returns:
        What each is with constants that rows left out judge, from simple to accurate, and as it was given.
    """
    given = {_with_cheap_constants(candidate, task): candidate for candidate in candidates}
    shortest = _shortest(pareto_front(list(given)), task)
    limit = shortest.bits + CREDIBLE_BITS
    believed = [c for c in given if c.bits <= limit or c.complexity < shortest.complexity]
    named = [c for c in believed if c.name]
    curves = _accurate_front(named, task) if named else []
    rows = sorted({*_accurate_front(believed, task), *curves, shortest}, key=_by_complexity)
    return {row: given[row] for row in rows}


def _with_cheap_constants(candidate: Candidate, task: Task) -> Candidate:
    """The candidate without the bits that keep constants few while thousands of forms are tried.

    Rows that were left out do that here, as far as there are enough of them.
    """
    if not math.isfinite(candidate.bits):
        return candidate
    judged = min(n_fitted(candidate.expression), task.n_rows / _ROWS_A_CONSTANT)
    return replace(candidate, bits=candidate.bits - judged * _CHEAPER)


def _predictive(
    rows: list[Candidate], held_out: HeldOut, null_loss: float, clock: Clock
) -> tuple[list[Candidate], Candidate]:
    """The rows that predict significantly better than the one kept before, and the chosen one.

    What has variables and is worse than the best constant on its own rows is no rival, unless all is: a row
    that has nearly all of the variance is predicted by nothing. Where time was up before all had been fitted
    without each row, the shortest description is chosen: losses of rows that equations were fitted to speak
    for the longest.
    """
    seen = _Predictions(rows, held_out)
    if clock.is_over:
        return _halving(rows), min(rows, key=lambda row: row.bits)
    explain = [i for i, row in enumerate(rows) if row.loss <= null_loss or not row.expression.variables]
    rivals = explain or list(range(len(rows)))
    means = seen.losses.mean(axis=1)
    best = min(rivals, key=lambda i: float(means[i]))
    equal = [i for i in rivals if i == best or seen.are_as_good(i, best)]
    believed = [i for i in equal if seen.is_likely(i, rivals) and not seen.is_needlessly_constant(i)]
    least = min((seen.forms[i] for i in believed), default=math.inf)
    as_short = [i for i in believed if seen.forms[i] <= least + _AS_SHORT]
    chosen = min(as_short, key=lambda i: float(means[i]), default=best)
    kept = [0]
    for place in range(1, len(rows)):
        if seen.is_finite[place] and not seen.are_as_good(kept[-1], place):
            kept.append(place)
    shown = [i for i in kept if i in (0, chosen) or i not in equal]  # one of what is as good
    return [rows[i] for i in shown], rows[chosen]


class _Predictions:
    """What equations predict of rows that were left out, against what they take to write down.

    Attributes:
        losses: Of each equation on each row, shape (E, P).
        is_finite: Which equations have a value wherever they were fitted, shape (E,).
        forms: Bits that each takes to write down, with what it leaves of rows beyond those compared, so that
            all rows count; shape (E,).
    """

    def __init__(self, rows: Sequence[Candidate], held_out: HeldOut) -> None:
        self._rows, self._task = rows, held_out.task
        self.losses = held_out.losses([row.expression for row in rows])
        self.is_finite = np.all(np.isfinite(self.losses), axis=1)
        self.forms = np.array([form_bits(row, held_out.task) for row in rows])

    def are_as_good(self, one: int, other: int) -> bool:
        """Whether an equation's are as good as another's, as far as these rows can tell.

        A textbook's curve that takes fewer bits with what it leaves is, if no other curve takes fewer still:
        of a few rows a long equation may leave next to nothing, and then there is hardly a curve that is not
        shorter.
        """
        if self._is_meant(one) and all(self._is_shorter(one, rival) for rival in (other, *self._meant)):
            return True
        if self._is_shorter(one, other) and self._is_nothing_lost(one, other):
            return True
        return is_as_good(self.losses[one], self.losses[other], _WITHIN, self._may_lose(one, other))

    def is_likely(self, one: int, rivals: Iterable[int]) -> bool:
        """Whether no rival makes the rows likelier by more than it takes more to write down."""
        others = [rival for rival in rivals if self.is_finite[rival]]
        return all(self._bits_lost(one, other) <= self._may_lose(one, other) for other in others)

    def is_needlessly_constant(self, one: int) -> bool:
        """Whether an equation without variables predicts worse than another, and columns surely matter.

        Weak effects, of which no standard error is sure row by row, are so where all rows are taken together.
        """
        means = self.losses.mean(axis=1)
        if self._rows[one].expression.variables or means[one] <= np.min(means):
            return False
        return self._task.loss.is_quadratic and chance_of_linear_model(self._task) < _CHANCE

    def _is_shorter(self, one: int, other: int) -> bool:
        """Whether another equation is not as much likelier as it takes more to write down."""
        return self._bits_lost(one, other) <= float(self.forms[other] - self.forms[one])

    def _is_nothing_lost(self, one: int, other: int) -> bool:
        """Whether rows are hardly farther off than by another equation."""
        return bool(np.mean(self.losses[one]) <= (1 + _NOTHING) * np.mean(self.losses[other]))

    @cached_property
    def _meant(self) -> list[int]:
        return [i for i in range(len(self._rows)) if self._is_meant(i)]

    def _is_meant(self, one: int) -> bool:
        """Whether an equation is a textbook's curve of one variable."""
        return self._task.n_variables == 1 and bool(self.is_finite[one]) and bool(self._rows[one].name)

    def _bits_lost(self, one: int, other: int) -> float:
        return bits_lost(self.losses[one], self.losses[other])

    def _may_lose(self, one: int, other: int) -> float:
        """Bits by which rows may be less likely than by another equation: those that it takes more."""
        return max(float(self.forms[other] - self.forms[one]), 0.0)


def _largest_steps(front: list[Candidate]) -> list[Candidate]:
    """The rows at which the loss falls most, the first among them."""
    if len(front) <= _MOST_COMPARED:
        return front
    losses = np.array([candidate.loss for candidate in front])
    falls = np.log(np.maximum(losses[:-1], 1e-300) / np.maximum(losses[1:], 1e-300))
    kept = np.sort(np.argsort(-falls, kind="stable")[: _MOST_COMPARED - 1]) + 1
    return [front[0], *(front[i] for i in kept.tolist())]
