"""Constants snapped to round values: integers, simple fractions, and their multiples of pi.

The snapped form is one more candidate and never replaces the refined one. In near-exact data a value is
accepted by description length: when the bits it saves outweigh what the fit loses. In noisy data many values
are as good as the refined one. There a round one is accepted only if few round values are as short and a
likelihood-ratio test allows all round constants together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.round_numbers import multiple_of_pi, nearest_fraction
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import constant_bits, description_length, digit_bits, round_bits
from nsr.refinement.gauss_newton import gauss_newton
from nsr.refinement.uncertainty import uncertainty
from nsr.task import Task

# A round value must lie within this many standard errors of the refined one.
WITHIN = 4.0
# Of what the data leave open round values are looked for this many times as far as of what they fix.
_OPEN = 1e7
_ROUNDING = 1e-9
# Constants that together change the values by less than this share of what others do are not told apart.
_COLLINEAR = 1e-12
# Gauss-Newton steps in which the other constants are fitted again.
_STEPS = 3
# Seconds of work on a candidate, about.
_SECONDS = 0.01
# An equation with more constants is not a law, and fitting the rest again and again takes seconds.
_MOST_CONSTANTS = 16
# What the data fix to five digits is near-exact; of anything else only these fractions are meant, and what is
# clearly a multiple of pi.
_NEAR_EXACT = 1e-5
_SIMPLE_DENOMINATORS = {1, 2, 3, 4}
# Probability of refusing constants that are truly round: small, as a law has several of them.
_LEVEL = 0.01
# Bits by which a round value must be shorter than the digits that the data fix, so that of constants which
# are truly arbitrary about one in twenty looks round.
MARGIN = 2.5
# The same for multiples of pi, which nobody expects without a reason: of 20,000 arbitrary constants that were
# known to 2 to 5 digits 0.2 % looked like one, with a margin of 2.5 bits 2 %.
MARGIN_OF_PI = 6.0

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def snap(
    candidate: Candidate, task: Task, clock: Clock = Clock(), places: Sequence[int] | None = None
) -> Candidate | None:
    """The candidate with as many round constants as the data allow.

    Constants are tried one by one, the cheapest first; the others are fitted again each time.

    Args:
        candidate: A refined candidate.
        task: What it explains.
        clock: Once it is over no further constant is tried.
        places: Which of its constants may become round; all by default.

    Returns:
        The snapped candidate, or None where no constant snaps, or where there are too many of them.
    """
    program = Program([candidate.expression])
    values = program.constants[0, : program.n_constants[0]].copy()
    places = range(len(values)) if places is None else places
    if not 0 < len(places) <= _MOST_CONSTANTS or not math.isfinite(candidate.loss):
        return None
    may_be_round = np.isin(np.arange(len(values)), places)
    fixed = np.zeros(len(values), dtype=np.bool_)
    current = candidate
    if not task.is_exact(candidate.loss):
        # Constants that are round already are fitted, too: kept, they would hold the others where they are.
        values, loss = gauss_newton(program, values, ~fixed, task, _STEPS)
        current = _with_constants(candidate, values, loss, task)
    likeliest = current.loss
    told = _told(program, values, task, fixed)
    errors, reach = told.errors, told.reach
    test = RoundTest(task, likeliest, told.n)
    is_near_exact = task.is_exact(likeliest) | (errors <= _NEAR_EXACT * np.abs(values))
    accepted = True
    refused: set[tuple[tuple[int, float], ...]] = set()
    while accepted:  # what was refused may be allowed once other constants are round
        accepted = False
        for given in _trials(values, errors, reach, is_near_exact, fixed | ~may_be_round, task):
            if clock.is_over:
                break
            trial, trial_fixed = values.copy(), fixed.copy()
            own = tuple(given.items())
            if fixed[list(given)].any() or own in refused:
                continue
            refused.add(own)
            trial[list(given)], trial_fixed[list(given)] = list(given.values()), True
            trial, loss = gauss_newton(program, trial, ~trial_fixed, task, _STEPS)
            # Some of them may be such as only another one makes up for.
            n_given = told.n - told.n_of(np.flatnonzero(~trial_fixed))
            if not (is_near_exact[trial_fixed].all() or test.allows(loss, n_given)):
                continue
            snapped = _with_constants(candidate, trial, loss, task)
            if snapped.bits <= current.bits:  # as many where it was round already, and now stays so
                values, fixed, current, accepted = trial, trial_fixed, snapped, True
                refused.clear()
                if np.isinf(errors[list(given)]).any():
                    break  # now the data may fix what only this one had left open
        if accepted and not is_near_exact.all():
            errors = _told(program, values, task, fixed).errors
    return current if current.bits < candidate.bits else None


def all_snapped(candidates: Sequence[Candidate], task: Task, clock: Clock) -> list[Candidate]:
    """Those of the candidates whose constants may be round, with round ones; the clock hears of the work."""
    clock.spend(_SECONDS * len(candidates))
    return [one for candidate in candidates if (one := snap(candidate, task, clock)) is not None]


def _with_constants(candidate: Candidate, values: Array, loss: float, task: Task) -> Candidate:
    expression = candidate.expression.with_constants(values.tolist())
    bits = description_length(expression, loss, task, candidate.name)
    return replace(candidate, expression=expression, loss=loss, bits=bits)


@dataclass(frozen=True)
class RoundTest:
    """Likelihood-ratio test of an equation with some constants given against the one with all of them fitted.

    Attributes:
        task: What they explain.
        likeliest: Loss of the one with all constants fitted.
        n_constants: How many it has that the data can tell apart.
    """

    task: Task
    likeliest: float
    n_constants: int

    def allows(self, loss: float, n_given: int) -> bool:
        """Whether a loss with this many constants given is no more than chance would leave (an F test).

        Twice the logarithm of the ratio is a chi-square in large samples (Wilks 1938); as a ratio of sums of
        squares it is exact for normal noise in linear equations (Seber and Wild 1989, section 5.3).
        """
        task, spare = self.task, self.task.n_rows - self.n_constants
        if spare <= 0:
            return False
        if n_given == 0:
            return loss <= (1 + _ROUNDING) * self.likeliest
        bits = [task.loss.bits(value, task.null_loss, task.n_rows) for value in (loss, self.likeliest)]
        logarithm = 2 * math.log(2) * max(bits[0] - bits[1], 0.0) / task.n_rows
        ratio = math.expm1(min(logarithm, 100.0)) * spare / n_given
        return bool(stats.f.sf(ratio, n_given, spare) >= _LEVEL)


def _trials(
    values: Array, errors: Array, reach: Array, is_near_exact: Flags, fixed: Flags, task: Task
) -> list[dict[int, float]]:
    """Round values by place, to be tried together: first one for each constant, then one alone at a time.

    Alone, one of several constants that are truly round is refused more often than all of them: what chance
    has moved them by, together, is more for one than for many. Of those that the data leave open only the
    cheapest is among them, as it may be what the others make up for.
    """
    proposals = []
    for place in np.flatnonzero(~fixed).tolist():
        value, error = float(values[place]), float(errors[place])
        for nice in _round_values(value, bool(is_near_exact[place])):
            is_near = abs(nice - value) <= max(float(reach[place]), _ROUNDING * abs(value))
            if is_near and (is_near_exact[place] or _is_telling(nice, value, error)):
                proposals.append((constant_bits(nice, task.n_rows), place, nice))
    alone = [{place: nice} for _, place, nice in sorted(proposals)]
    is_open = np.isinf(errors) & ~is_near_exact
    first_open = [place for _, place, _ in sorted(proposals) if is_open[place]][:1]
    together = {
        place: nice
        for _, place, nice in sorted(proposals, reverse=True)
        if not is_open[place] or place in first_open
    }
    return [together, *alone] if len(together) > 1 else alone


def _round_values(value: float, is_near_exact: bool) -> set[float]:
    if not math.isfinite(value) or abs(value) > 1e12:
        return set()
    result = {0.0, float(round(value)), math.copysign(1.0, value)}
    if not is_near_exact:
        result |= {round(value * q) / q for q in _SIMPLE_DENOMINATORS}
    for factor in (1.0, math.pi, 1 / math.pi) if is_near_exact else (math.pi, 1 / math.pi):
        numerator, denominator = nearest_fraction(value / factor)
        result.add(numerator / denominator * factor)
        result.add(round(value / factor * 2) / 2 * factor)
    return result


def _is_telling(nice: float, value: float, error: float) -> bool:
    """Whether it is hardly by chance that a round value is this near, or it leaves something out."""
    if nice == 0:
        return True
    is_fraction = multiple_of_pi(nice) is None
    if not error < abs(value):
        return is_fraction and math.isinf(error)  # what the data leave open may have any value
    margin = MARGIN if is_fraction else MARGIN_OF_PI
    return round_bits(nice) + margin <= digit_bits(value, error)


def is_by_chance(nice: float, error: float) -> bool:
    """Whether a round constant may well be an arbitrary one; what is said of others must then allow for it.

    Of 644 arbitrary constants in noisy equations 9 % were rounded, and intervals that took these for known
    held 59 % of the other constants instead of 95 %. A value that is shorter than its digits by as much as
    multiples of pi must be is beyond doubt.

    Args:
        nice: The constant.
        error: The standard error that it has if it is fitted.
    """
    return round_bits(nice) + MARGIN_OF_PI > digit_bits(nice, error)


class _Told(NamedTuple):
    """What the data say about constants.

    Attributes:
        n: How many of those that are not fixed they can tell apart.
        errors: Standard errors, 0 of fixed ones, infinite where the data leave a constant open; shape (K,).
        reach: How far from the constants round values are looked for, shape (K,).
        directions: What they tell apart, the more the longer, a direction in each row; shape (n, K).
    """

    n: int
    errors: Array
    reach: Array
    directions: Array

    def n_of(self, places: NDArray[np.intp]) -> int:
        """How many of some constants the data can tell apart where the others are given."""
        if self.n == self.directions.shape[1] or not np.all(np.isfinite(self.directions)):
            return min(len(places), self.n)
        return int(np.linalg.matrix_rank(self.directions[:, places], rtol=_COLLINEAR)) if len(places) else 0


def _told(program: Program, values: Array, task: Task, fixed: Flags) -> _Told:
    places = np.flatnonzero(~fixed)
    found = uncertainty(program.expressions[0], task, places, values)
    errors, reach = np.zeros(len(values)), np.zeros(len(values))
    if found is None:
        errors[places], reach[places] = np.inf, WITHIN
        return _Told(len(places), errors, reach, np.empty((0, len(values))))
    errors[places] = found.errors
    reach[places] = WITHIN * np.minimum(found.errors, _OPEN * found.noise / found.scale)
    directions = np.zeros((found.n_fixed, len(values)))
    inverse = found.root * found.scale[:, None]
    directions[:, places] = (inverse / np.sum(inverse**2, axis=0)).T
    return _Told(found.n_fixed, errors, reach, directions)
