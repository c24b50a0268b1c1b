"""Equations with poles between the rows or close by give way to those without, where one explains as much."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.domains import Safety, is_safe, safeties
from nsr.evaluate.program import Program
from nsr.refinement.choice import rows_of
from nsr.refinement.crossvalidation import is_mostly_more

if TYPE_CHECKING:
    from nsr.expressions.expression import Expression
    from nsr.refinement.candidates import Candidate
    from nsr.task import Task

Array = NDArray[np.float64]

# Share of a column's range beyond the rows: where the next rows may be, nobody wants a pole either. What has
# no value there may well be right, as a root is that ends where its law does.
_BEYOND = 0.25
# Standard errors by which a mean loss must be less for an equation to explain more.
_MORE = 2.0
# What explains as much, but takes this many bits more, is no rival of a law that ends within the box or has a
# pole beyond it. It is one of a law with a pole between rows: that fits single ones, and may save any number
# of bits by it.
_SHORTER = 20.0
# Rows below which most of them say nothing.
_FEWEST = 6
# Fronts that are looked at: each is without what the ones before it had to let go.
_N_FRONTS = 10


class _Verdict(NamedTuple):
    """Whether an equation has values.

    Attributes:
        within: In the box of the rows.
        beyond: In this box and a little beyond.
    """

    within: Safety
    beyond: Safety

    @property
    def is_wrong(self) -> bool:
        """Whether it has none between the rows, or a pole where the next ones may be."""
        return self.within.is_wrong or self.beyond is Safety.POLE

    @property
    def fits_single_rows(self) -> bool:
        """Whether a pole or a jump is where it may pass between two rows."""
        return self.within.is_wrong and self.within is not Safety.UNDEFINED


# Of what there was no time to judge.
_UNKNOWN = _Verdict(Safety.UNDECIDED, Safety.UNDECIDED)


def without_needless_poles(pool: Sequence[Candidate], task: Task, clock: Clock = Clock()) -> list[Candidate]:
    """The candidates without those that have poles in the rows' region and explain no more than others do.

    Only what may come to the front is looked at. Laws that have poles stay, as they explain nearly every row
    better, and so do laws that end within the box, as sqrt(a - b) does where a = b, beside what explains as
    much in many more words. So do laws whose poles are beyond the rows, and beside what has no value there
    either: 1/sin(x)^2.0001 is no safer than 1/sin(x)^2. Where something is exact, all stay.

    Args:
        pool: What a front is to be made of.
        task: What they explain; they must have a value in the box of its rows.
        clock: Once it is over the other candidates are taken to have values.
    """
    kept = list(pool)
    if any(task.is_exact(candidate.loss) for candidate in pool):
        return kept
    wrong: dict[Candidate, _Verdict] = {}
    right: dict[Candidate, _Verdict] = {}
    for _ in range(_N_FRONTS):
        new = [candidate for candidate in rows_of(kept, task) if candidate not in right]
        verdicts = _verdicts([candidate.expression for candidate in new], task)
        judged = dict(zip(new, itertools.takewhile(lambda _: not clock.is_over, verdicts), strict=False))
        found = {candidate: verdict for candidate, verdict in judged.items() if verdict.is_wrong}
        right |= {c: judged.get(c, _UNKNOWN) for c in new if c not in found}
        wrong |= found
        kept = [candidate for candidate in kept if candidate not in found]
        if not found or not kept:
            break
    return kept + _unrivalled(wrong, right, task)


def _verdicts(expressions: Sequence[Expression], task: Task) -> Iterator[_Verdict]:
    """Whether equations have values in the box of the rows, and close to it, one after the other."""
    for expression, beyond in zip(expressions, safeties(expressions, task.X, _BEYOND), strict=True):
        yield _Verdict(is_safe(expression, task.X) if beyond.is_wrong else beyond, beyond)


def _unrivalled(
    wrong: dict[Candidate, _Verdict], right: dict[Candidate, _Verdict], task: Task
) -> list[Candidate]:
    """Of the first candidates those that explain more than each of the second that is a rival."""
    if not wrong:
        return []
    values = Program([candidate.expression for candidate in (*wrong, *right)]).values(task.X)
    losses = task.elementwise(np.asarray(values, dtype=np.float64))
    theirs = losses[len(wrong) :]
    kept = []
    for (candidate, verdict), own in zip(wrong.items(), losses[: len(wrong)], strict=True):
        longest = math.inf if verdict.fits_single_rows else candidate.bits + _SHORTER
        rivals = (
            loss
            for (rival, other), loss in zip(right.items(), theirs, strict=True)
            if rival.bits <= longest and (verdict.within.is_wrong or not other.beyond.is_wrong)
        )
        if not any(explains_as_much(loss, own, task) for loss in rivals):
            kept.append(candidate)
    return kept


def explains_as_much(rival: Array, own: Array, task: Task) -> bool:
    """Whether neither the mean of a rival's losses nor most of them are significantly greater.

    The mean alone would not do: beside a pole one row may have nearly all of it.

    Args:
        rival: Losses of the rival on each row, shape (P,).
        own: Losses of what it is compared with, shape (P,).
        task: Whose rows these are.
    """
    weights = np.ones(task.n_rows) if task.weights is None else task.weights
    more, share = rival - own, weights / np.sum(weights)
    mean = float(share @ more)
    error = math.sqrt(float(np.sum(np.square(share * (more - mean)))))
    if mean > _MORE * error:
        return False
    told_apart = more[(more != 0) & (weights > 0)]
    return len(told_apart) < _FEWEST or not is_mostly_more(told_apart, _MORE)
