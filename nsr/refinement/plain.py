"""Plainer forms of equations that the data cannot tell from them.

Of a column with two values every function is a straight line; a saturated function is a constant, and one of a
narrow range a straight line, too; on evenly spaced values a wave looks like waves of much higher frequencies. What
is kept is the plainest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, subtree_end, variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, fitted, scored
from nsr.refinement.refine import Effort
from nsr.refinement.selection import pareto_front
from nsr.refinement.snapping import snap
from nsr.task import Task

Array = NDArray[np.float64]

# Values that agree to this share of the largest are the same.
_SAME = 1e-9
# A function is worth trying as a constant, or as a straight line, where it differs by less than this share of its
# size, or of what it varies.
_NEARLY = 0.05
# Probability with which a plainer form is given up although it is the right one.
_LEVEL = 0.05
# Whole numbers of steps apart, to this share of a step.
_EVEN = 1e-6
# What refitting a plainer form may cost.
_EFFORT = Effort(restarts=1, points=4_000, iterations=30)
# Fronts that are looked at, and plainer forms of a form.
_N_ROUNDS = 4
_PERIODS = {"sin": 2 * math.pi, "cos": 2 * math.pi, "tan": math.pi}


class _Change(NamedTuple):
    """A part to replace: its place, what comes there, and whether values on the rows stay as they are."""

    start: int
    new: Expression
    is_same: bool


def plain(pool: Sequence[Candidate], task: Task) -> list[Candidate]:
    """The candidates with plainer forms in place of those at the front, where the data cannot tell them apart.

    Args:
        pool: What a front is to be made of.
        task: What they explain.
    """
    kept = list(pool)
    seen: set[Candidate] = set()
    for _ in range(_N_ROUNDS):
        new = [candidate for candidate in pareto_front(kept) if candidate not in seen]
        seen.update(new)
        plainer = {c: form for c in new if (form := plainest(c, task)) != c}
        if not plainer:
            break
        kept = list(dict.fromkeys(plainer.get(candidate, candidate) for candidate in kept))
    return kept


def plainest(candidate: Candidate, task: Task) -> Candidate:
    """The candidate, or a plainer form of it that is not significantly worse.

    Args:
        candidate: With a finite loss.
        task: What it explains.
    """
    for _ in range(len(candidate.expression)):
        plainer = next(_plainer(candidate, task), None)
        if plainer is None:
            break
        candidate = plainer
    return candidate


def _plainer(candidate: Candidate, task: Task) -> Iterator[Candidate]:
    """Forms with one function less, or with a lower frequency, that explain as much."""
    expression = candidate.expression
    is_exact = task.is_exact(candidate.loss)
    for change in _changes(expression, task.X):
        if is_exact and not change.is_same:
            continue
        stop = subtree_end(expression.tokens, change.start)
        tokens = (*expression.tokens[: change.start], *change.new.tokens, *expression.tokens[stop:])
        form = simplify(Expression(tokens))
        if form == expression or len(form.free_positions) > len(expression.free_positions):
            continue
        forms = scored([form], task, candidate.stage)
        if not change.is_same:
            forms += fitted([form], task, _EFFORT, Clock(), candidate.stage)
        best = min(forms, key=lambda c: c.loss)
        if _is_as_good(best, candidate, task):
            rounded = snap(best, task) if is_exact else None
            yield rounded or best


def _is_as_good(plainer: Candidate, candidate: Candidate, task: Task) -> bool:
    """Whether a likelihood-ratio test does not tell the plainer form from the other."""
    if task.is_exact(candidate.loss):
        return task.is_exact(plainer.loss)
    lost = task.loss.bits(plainer.loss, task.null_loss, task.n_rows) - task.loss.bits(
        candidate.loss, task.null_loss, task.n_rows
    )
    n_less = len(candidate.expression.free_positions) - len(plainer.expression.free_positions)
    return bool(2 * math.log(2) * lost <= chi2.isf(_LEVEL, max(n_less, 1)))


@np.errstate(all="ignore")
def _changes(expression: Expression, X: Array) -> list[_Change]:
    """What may stand in place of an expression's functions, the plainest first."""
    places = [i for i, token in enumerate(expression.tokens) if _is_bent(expression, i)]
    if not places:
        return []
    parts = [_part(expression, place) for place in places]
    arguments = [part.children[0] for part in parts]
    values = Program([*parts, *arguments]).values(X)
    found: list[_Change] = []
    for place, part, argument, v, u in zip(
        places, parts, arguments, values[: len(parts)], values[len(parts) :], strict=True
    ):
        if np.all(np.isfinite(v)) and np.all(np.isfinite(u)) and argument.variables:
            found += _straightened(place, argument, v, u)
            found += _slowed(place, part, u, X)
    return found


def _part(expression: Expression, start: int) -> Expression:
    return Expression(expression.tokens[start : subtree_end(expression.tokens, start)])


def _is_bent(expression: Expression, place: int) -> bool:
    """Whether at a place there is a function of one argument other than a straight line."""
    token = expression.tokens[place]
    operator = OPERATORS.get(token) if isinstance(token, str) else None
    if operator is None or operator.weights:
        return False
    if operator.name == "pow":
        return not _part(expression, place).children[1].variables
    return operator.arity == 1


def _straightened(place: int, argument: Expression, v: Array, u: Array) -> Iterator[_Change]:
    """A constant, or a straight line, in place of a function with values v at arguments u."""
    size, spread = float(np.max(np.abs(v))), float(np.ptp(v))
    if spread <= _NEARLY * size:
        level = _whole(float(np.mean(v)))
        yield _Change(place, constant(level), bool(np.max(np.abs(v - level)) <= _SAME * size))
    low, high = int(np.argmin(u)), int(np.argmax(u))
    if u[low] == u[high]:
        return
    slope = float((v[high] - v[low]) / (u[high] - u[low]))
    offset = float(v[low] - slope * u[low])
    is_same = bool(np.max(np.abs(v - offset - slope * u)) <= _SAME * spread)
    if not is_same:
        shift = float(np.mean(u))
        slope = float((u - shift) @ v / np.sum(np.square(u - shift)))
        offset = float(np.mean(v)) - slope * shift
    if is_same or np.max(np.abs(v - offset - slope * u)) <= _NEARLY * spread:
        offset = 0.0 if abs(offset) <= _SAME * size else offset
        line = apply("add", apply("mul", constant(slope), argument), constant(offset))
        yield _Change(place, line, is_same)


def _whole(value: float) -> float:
    """The whole number that is meant, where a function only comes close to it."""
    return float(round(value)) if abs(value - round(value)) <= _EVEN * abs(value) else value


def _slowed(place: int, part: Expression, u: Array, X: Array) -> Iterator[_Change]:
    """The lowest of the frequencies that evenly spaced values of a variable cannot tell apart."""
    name, variables = str(part.tokens[0]), part.children[0].variables
    if name not in _PERIODS or len(variables) != 1:
        return
    x = X[:, variables[0]]
    step = spacing(x)
    first, last = int(np.argmin(x)), int(np.argmax(x))
    if step is None:
        return
    rate = float((u[last] - u[first]) / (x[last] - x[first]))
    is_straight = np.max(np.abs(u - u[first] - rate * (x - x[first]))) <= _SAME * np.max(np.abs(u))
    turns = round(rate * step / _PERIODS[name])
    if not is_straight or turns == 0:
        return
    slower = rate - turns * _PERIODS[name] / step
    phase = math.remainder(float(u[first]) - slower * float(x[first]), _PERIODS[name])
    if abs(phase) <= _SAME * np.max(np.abs(u)):
        phase = 0.0
    argument = apply("add", apply("mul", constant(slower), variable(variables[0])), constant(phase))
    yield _Change(place, apply(name, argument), True)


def spacing(x: Array) -> float | None:
    """The step of which all differences of a variable's values, shape (P,), are multiples, if there is one.

    It must be met by at least two neighbours, so that it is not just their greatest common divisor.
    """
    gaps = np.diff(np.unique(x))
    if len(gaps) < 2:
        return None
    step = float(np.min(gaps))
    steps = gaps / step
    return step if np.all(np.abs(steps - np.round(steps)) <= _EVEN * np.round(steps)) else None
