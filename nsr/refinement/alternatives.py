"""What noisy data cannot tell from the equations of a front: textbook curves, constants that are not round.

Which of them is right is for whoever knows where the data come from to say, so that they are to be seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from nsr.evaluate.program import Program
from nsr.refinement.candidates import Candidate
from nsr.refinement.crossvalidation import HeldOut, bits_lost, is_as_good
from nsr.refinement.description import few_rows_bits, n_fitted
from nsr.refinement.significance import is_likelier
from nsr.task import Task

Array = NDArray[np.float64]

# Curves that are compared; rows on a page, which curves fill, but at least so many are shown.
_MOST_COMPARED, _ON_A_PAGE, _LEAST = 24, 12, 6
# Equations whose description is longer than the shortest by more than this many bits are not believed: of the
# many thousands that a search tries, some predict even rows that were left out by chance. Chosen on real
# tables (development half of `eval.blackbox`) and short laws with noise on few rows.
CREDIBLE_BITS = 20.0
# Probability below which losses of left-out rows are told apart, by Student's t.
_CHANCE = 0.05
# Bits by which these rows may be less likely than by any other curve: standard errors of few rows are large.
# Of seven bits Burnham and Anderson (Model Selection and Multimodel Inference, 2002) say "no support".
_LESS_LIKELY = 10.0
# Curves of different names that differ by less than this share of what they leave unexplained are one.
_EQUAL = 1e-3


def alternatives(
    front: Sequence[Candidate], candidates: Iterable[Candidate], held_out: HeldOut
) -> list[Candidate]:
    """Named curves beside a front, the likeliest for their number of constants first.

    Each predicts rows that were left out as well as the best of the named curves that have no more fitted
    constants do, and not much worse than any. What else is on the front is one of many thousands that were
    tried, and may be ahead by chance.

    Args:
        front: Equations, at least one.
        candidates: Among which there may be curves.
        held_out: Their losses on rows that were left out; those of the front may be known.
    """
    task = held_out.task
    curves = _different(front, _worth_a_look(front, candidates, task), task)[:_MOST_COMPARED]
    if not curves:
        return []
    named = [*curves, *(row for row in front if row.name)]
    losses = held_out.losses([curve.expression for curve in named])
    best = _best(losses)
    within = float(student.isf(_CHANCE / 2, task.n_rows - 1))
    kept = []
    for curve, own in zip(curves, losses, strict=False):
        rivals = [row for one, row in zip(named, losses, strict=True) if _n_fitted(one) <= _n_fitted(curve)]
        if is_as_good(own, _best(rivals), within, _LESS_LIKELY) and bits_lost(own, best) <= _LESS_LIKELY:
            kept.append(curve)
    return kept[: max(_ON_A_PAGE - len(front), _LEAST)]


def with_free_constants(chosen: Candidate, candidates: Iterable[Candidate], task: Task) -> Candidate | None:
    """An equation with its constants where they are likeliest, if it stands there with round or tied ones.

    Constants are tied that are free of each other once it is multiplied out, as the two rates of a square of
    an exponential less a constant; the ties are shown loosened if the data reject them (a likelihood-ratio
    test).

    Args:
        chosen: The equation.
        candidates: Among which there may be its like.
        task: What they explain.
    """
    from nsr.expressions.rewriting import rewritten

    form, n_free = chosen.expression.skeleton(), n_fitted(chosen.expression)
    loosened = {other.skeleton() for other in rewritten(chosen.expression)} - {form}

    def is_its_like(one: Candidate) -> bool:
        own = one.expression.skeleton()
        if own in loosened and _is_rejected(chosen, one, task):
            return True
        return one.name == chosen.name if chosen.name else own == form

    likelier = [one for one in candidates if one.loss < chosen.loss and math.isfinite(one.bits)]
    freed = [one for one in likelier if _n_fitted(one) > n_free and is_its_like(one)]
    return _in_fewest_bits(min(freed, key=_by_bits), likelier, task) if freed else None


def _in_fewest_bits(one: Candidate, others: Sequence[Candidate], task: Task) -> Candidate:
    """The shortest description of the function that an equation is, as a textbook's name for it."""
    alike = [other for other in others if math.isclose(other.loss, one.loss, rel_tol=_EQUAL)]
    differ = Differences(alike, task)
    return min((other for other in alike if not differ.is_apart(other, [one], _EQUAL)), key=_by_bits)


def _by_bits(candidate: Candidate) -> tuple[float, str]:
    return candidate.bits, str(candidate.expression)


def _is_rejected(tied: Candidate, free: Candidate, task: Task) -> bool:
    """Whether a likelihood-ratio test rejects the ties between an equation's constants (Wilks 1938)."""
    before, after = (task.loss.bits(one.loss, task.null_loss, task.n_rows) for one in (tied, free))
    n_more = _n_fitted(free) - _n_fitted(tied)
    return is_likelier(before - after, n_more)


def _best(losses: Iterable[Array]) -> Array:
    return min(losses, key=lambda row: float(np.mean(row)))


def _n_fitted(candidate: Candidate) -> int:
    return n_fitted(candidate.expression)


def information(candidate: Candidate, task: Task) -> float:
    """Bits of what an equation leaves and of its fitted constants, as Akaike (1974) compares likelihoods."""
    return _information_with(_n_fitted(candidate), candidate, task)


def _information_with(n_constants: int, candidate: Candidate, task: Task) -> float:
    """The same for this many constants."""
    bits = task.loss.bits(candidate.loss, task.null_loss, task.n_rows)
    return bits + n_constants / math.log(2)


def form_bits(candidate: Candidate, task: Task) -> float:
    """Bits of an equation without those of what it leaves; what textbooks have is described by its name."""
    return candidate.bits - task.loss.bits(candidate.loss, task.null_loss, task.n_rows)


def _worth_a_look(front: Sequence[Candidate], candidates: Iterable[Candidate], task: Task) -> list[Candidate]:
    """Credible curves that explain something, by how likely they are for their number of constants.

    What it takes to write a curve down says little where all have names: sciences know some that are long.
    Of those of one name the likeliest for all its constants, so that no rounded one is preferred.
    """
    named = {c for c in candidates if c.name and math.isfinite(c.bits) and c.loss < task.null_loss}
    if not named:
        return []
    limit = min(c.bits for c in (*front, *named)) + CREDIBLE_BITS
    credible = [curve for curve in named if curve.bits <= limit]
    credible.sort(key=lambda c: _by_information(len(c.expression.constants), c, task), reverse=True)
    likeliest = {curve.name: curve for curve in credible}.values()
    return sorted(set(likeliest).difference(front), key=lambda c: _by_information(_n_fitted(c), c, task))


def _by_information(n_constants: int, candidate: Candidate, task: Task) -> tuple[float, float, float, str]:
    """The likeliest for its constants first, corrected for few rows; the noise's size is estimated, too."""
    own = _information_with(n_constants, candidate, task) + few_rows_bits(n_constants + 1, task.n_rows)
    return own, candidate.loss, candidate.bits, str(candidate.expression)


def _different(front: Sequence[Candidate], curves: Sequence[Candidate], task: Task) -> list[Candidate]:
    """Curves without those that are as an equation of the front or a curve before them.

    Nor are those shown whose namesake there is as likely: few rows leave it the round constants of another.
    """
    kept = list(front)
    differ = Differences([*front, *curves], task)
    for curve in curves:
        is_called_so = any(_is_as_likely(other, curve, task) for other in kept)
        if not is_called_so and differ.is_apart(curve, kept):
            kept.append(curve)
    return kept[len(front) :]


class Differences:
    """How far candidates are from each other, and from the target.

    Args:
        candidates: Those that are compared.
        task: Whose rows they are compared on.
    """

    def __init__(self, candidates: Sequence[Candidate], task: Task) -> None:
        with np.errstate(all="ignore"):
            values = Program([one.expression for one in candidates]).values(task.X) * task.root_weights
            residuals = np.mean(np.square(values - task.y * task.root_weights), axis=1)
        self._values = dict(zip(candidates, values, strict=True))
        self._residuals = dict(zip(candidates, residuals.tolist(), strict=True))

    def is_apart(self, one: Candidate, others: Sequence[Candidate], share: float = _EQUAL**2) -> bool:
        """Whether a candidate differs from each of others by more than a share of what it leaves, squared."""
        own = self._values[one]
        with np.errstate(all="ignore"):
            distances = [float(np.mean(np.square(self._values[other] - own))) for other in others]
        return not any(distance <= share * self._residuals[one] for distance in distances)


def _is_as_likely(one: Candidate, other: Candidate, task: Task) -> bool:
    """Whether a curve goes by the name of another and is at least as likely for its constants."""
    return one.name == other.name and information(one, task) <= information(other, task)
