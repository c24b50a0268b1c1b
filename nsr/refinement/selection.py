"""Duplicates, the Pareto front, and the choice of one equation by its description length."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from nsr.evaluate.program import Program
from nsr.expressions.simplify import length
from nsr.refinement.description import expression_bits
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.task import FEW_ROWS

if TYPE_CHECKING:
    from nsr.refinement.candidates import Candidate
    from nsr.task import Task

# Values that agree to this share of the target's size are the same equation.
_SAME = 1e-9
# Fronts that are longer keep the first row, the chosen one and the last.
_LEAST_FRONT = 3
# Rows for which the bits of forms are compared: it only orders them.
_FORM_ROWS = 100


class Scored(Protocol):
    """What a front needs to know: how complex an answer is, and how far it is off."""

    @property
    def complexity(self) -> float:
        """Symbols, each with its weight."""

    @property
    def loss(self) -> float:
        """Smaller is better."""


ScoredT = TypeVar("ScoredT", bound=Scored)


def without_duplicates(candidates: Sequence[Candidate], task: Task) -> list[Candidate]:
    """One candidate for each function: those with the same values on a table keep the shortest form.

    What textbooks have a name for keeps theirs.

    Args:
        candidates: Any order.
        task: Whose rows they are compared on.
    """
    usable = [candidate for candidate in candidates if math.isfinite(candidate.loss)]
    if not usable:
        return []
    scale = float(np.max(np.abs(task.y))) or 1.0
    values = Program([candidate.expression for candidate in usable]).values(task.first(FEW_ROWS).X)
    kept: dict[tuple[bytes, float], Candidate] = {}
    for candidate, row in zip(usable, values, strict=True):
        with np.errstate(all="ignore"):
            key = np.nan_to_num(
                np.round(row / (scale * _SAME)), nan=1e300, posinf=1e300, neginf=-1e300
            ).tobytes()
        # Rows that tell two equations apart may be rare: the loss on all rows has the last word.
        identity = (key, 0.0 if task.is_exact(candidate.loss) else _significant(candidate.loss))
        rival = kept.get(identity)
        if rival is None or _effort(candidate) < _effort(rival):
            kept[identity] = candidate
    return list(kept.values())


def _significant(loss: float) -> float:
    return float(f"{loss:.2e}")


def _effort(candidate: Candidate) -> tuple[bool, float, int]:
    form = candidate.expression
    return not candidate.name, expression_bits(form, _FORM_ROWS), length(form)


def pareto_front(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates that no simpler one matches, by rising complexity and falling loss.

    Of equal complexity, the one with the shortest description stands for all: round constants beat refined
    ones that fit the noise a little better. What has the shortest description of all is always among them.
    """
    usable = [candidate for candidate in candidates if math.isfinite(candidate.bits)]
    if not usable:
        return []
    ordered = sorted(usable, key=lambda c: (c.bits, c.loss, c.complexity, c.expression.tokens[0] == "neg"))
    return front_of(ordered)


def front_of(ordered: Sequence[ScoredT]) -> list[ScoredT]:
    """What nothing simpler matches, by rising complexity and falling loss.

    Args:
        ordered: The best first, which is always among them; of equal complexity the first one stands for all.
    """
    best = ordered[0]
    rivals = [
        one for one in ordered if one is best or one.loss > best.loss or one.complexity > best.complexity
    ]
    front: list[ScoredT] = []
    for one in sorted(rivals, key=lambda rival: rival.complexity):  # which keeps the order
        if not front or (one.complexity > front[-1].complexity and one.loss < front[-1].loss):
            front.append(one)
    return front


def thinned(front: Sequence[Scored], best: int, n: int, named: Collection[int] = ()) -> list[int]:
    """Which rows of a front to show, where it has more than anybody reads.

    The chosen row stays, and so do the first and the last one where there is place for them. Of the others
    the one goes, again and again, that lowers the loss least, as a factor, from what is left before it; those
    with a name, which may stand there because nothing tells them from the chosen one, go last.

    Args:
        front: By rising complexity and falling loss.
        best: The chosen row.
        n: How many rows to keep, at least 1.
        named: Rows with a name.

    Returns:
        Rows in order.
    """
    if len(front) <= n:
        return list(range(len(front)))
    if n < _LEAST_FRONT:
        return sorted({best, 0})[-n:] if best else [0, len(front) - 1][:n]
    least = max(front[0].loss * SQUARED_ERROR.rounding, math.ulp(0.0))
    logs = [math.log(max(one.loss, least)) for one in front]
    kept = list(range(len(front)))
    while len(kept) > n:
        drops = [
            (place in named, logs[before] - logs[place], -place)
            for before, place in pairwise(kept)
            if place not in (best, kept[-1])
        ]
        kept.remove(-min(drops)[2])
    return kept
