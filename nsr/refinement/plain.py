"""Plainer forms of equations that the data cannot tell from them.

Of a column with two values every function is a straight line, as it is of the columns that one text becomes,
and of noisy data its numbers are fitted, whatever few constants the function has: there are more functions
than levels, and one of them comes close. A saturated function is a constant, and one of a narrow range a
straight line, too; on evenly spaced values a wave looks like waves of much higher frequencies, and few values
of any kind do not resolve them. What is kept is the plainest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import surely_allowed
from nsr.expressions.expression import Expression, apply, constant, subtree_end, variable
from nsr.expressions.factoring import with_fewer_factors
from nsr.expressions.monomials import ONE, linear_combination
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, fitted, scored
from nsr.refinement.choice import rows_of
from nsr.refinement.refine import Effort
from nsr.refinement.rounding import rounded
from nsr.refinement.significance import is_likelier
from nsr.refinement.snapping import snap
from nsr.task import Task

Array = NDArray[np.float64]

# Values that agree to this share of the largest are the same.
_SAME = 1e-9
# A function is worth trying as a constant, or as a straight line, where it differs by less than this share of
# its size, or of what it varies.
_NEARLY = 0.15
# A wave with more than half a period between neighbours stays only if the loss would be this many times as
# large without it: there are more such waves than rows, and one of them fits any noise.
_WILD = 4.0
# Rows that most columns with many values are told by.
_FIRST = 100
# Whole numbers of steps apart, to this share of a step.
_EVEN = 1e-6
# What refitting a plainer form may cost.
_EFFORT = Effort(restarts=1, points=4_000, iterations=30)
# Constants that a plainer form of exact data, and of noisy ones, may have more: the phase of a slower wave.
# The numbers that functions of few values stood for are as many as they are.
_MORE_IN_EXACT = {"slower": 1}
_MORE_IN_NOISY = {"slower": 1, "same": 1}
# Fronts that are looked at, and plainer forms of a form.
_N_ROUNDS = 10


class _Change(NamedTuple):
    """A part to replace.

    Attributes:
        start: Its place.
        new: What comes there.
        kind: Whether values on the rows stay the `same` or are `near` what they were; whether it is a
            `slower` wave with the same values, or the two `levels` that a part has; or takes the place of a
            `wild` one, not to be believed.
    """

    start: int
    new: Expression
    kind: Literal["same", "near", "slower", "levels", "wild"]


def plain(pool: Sequence[Candidate], task: Task, clock: Clock = Clock()) -> list[Candidate]:
    """The candidates with plainer forms in place of those at the front that the data cannot tell from them.

    Args:
        pool: What a front is to be made of.
        task: What they explain.
        clock: Once it is over constants are not fitted again.
    """
    kept = list(pool)
    seen: set[Candidate] = set()
    for _ in range(_N_ROUNDS):
        new = [candidate for candidate in rows_of(kept, task) if candidate not in seen]
        seen.update(new)
        plainer = {c: form for c in new if (form := plainest(c, task, clock)) != c}
        if not plainer:
            break
        kept = [plainer.get(candidate, candidate) for candidate in kept]
        kept = list(dict.fromkeys([*kept, *_with_round_constants(plainer.values(), task, clock)]))
    return kept


def _with_round_constants(forms: Iterable[Candidate], task: Task, clock: Clock) -> list[Candidate]:
    """Noisy forms with the round constants that they may have: what they replace had others."""
    fitted_ones = (form for form in dict.fromkeys(forms) if not task.is_exact(form.loss))
    return [one for form in fitted_ones if (one := rounded(form, task, clock)) is not None]


def plainest(candidate: Candidate, task: Task, clock: Clock = Clock()) -> Candidate:
    """The candidate, or a plainer form of it that is not significantly worse.

    Args:
        candidate: With a finite loss.
        task: What it explains.
        clock: Once it is over constants are not fitted again.
    """
    for _ in range(len(candidate.expression)):
        plainer = next(_plainer(candidate, task, clock), None)
        if plainer is None:
            break
        candidate = plainer
    return candidate


def _plainer(candidate: Candidate, task: Task, clock: Clock) -> Iterator[Candidate]:
    """Forms with one function less, or with a lower frequency, that explain as much."""
    expression = candidate.expression
    is_exact = task.is_exact(candidate.loss)
    for change in _changes(expression, task.X, bool(candidate.name)):
        has_same_values = change.kind in {"same", "slower", "levels"}
        if is_exact and not has_same_values:
            continue
        stop = subtree_end(expression.tokens, change.start)
        tokens = (*expression.tokens[: change.start], *change.new.tokens, *expression.tokens[stop:])
        form = simplify(Expression(tokens))
        if change.kind == "levels":  # a factor beside the line would be one constant too many
            form = with_fewer_factors(form)
        n_more = len(form.free_positions) - len(expression.free_positions)
        n_allowed = (_MORE_IN_EXACT if is_exact else _MORE_IN_NOISY).get(change.kind, 0)
        if change.kind == "levels" and not is_exact:
            n_allowed = len(change.new.free_positions)
        if form == expression or n_more > n_allowed or not task.space.allows(form):
            continue
        forms = scored([form], task, candidate.stage)
        if not has_same_values or (change.kind == "levels" and not is_exact):
            forms += fitted([form], task, _EFFORT, clock, candidate.stage)
        best = min(forms, key=lambda c: c.loss)
        is_incredible = change.kind == "wild" and best.loss < _WILD * candidate.loss
        if math.isfinite(best.bits) and (is_incredible or _is_as_good(best, candidate, task)):
            plainer = (snap(best, task) if is_exact else None) or best
            if not task.space.is_limited or surely_allowed([plainer.expression], task.space)[0]:
                yield plainer


def _is_as_good(plainer: Candidate, candidate: Candidate, task: Task) -> bool:
    """Whether a likelihood-ratio test does not tell the plainer form from the other."""
    if task.is_exact(candidate.loss):
        return task.is_exact(plainer.loss)
    lost = task.loss.bits(plainer.loss, task.null_loss, task.n_rows) - task.loss.bits(
        candidate.loss, task.null_loss, task.n_rows
    )
    n_less = len(candidate.expression.free_positions) - len(plainer.expression.free_positions)
    return not is_likelier(lost, max(n_less, 1))


@np.errstate(all="ignore")
def _changes(expression: Expression, X: Array, is_named: bool) -> list[_Change]:
    """What may stand in place of an expression's functions, the plainest first."""
    levels = list(_levelled(expression, X, is_named))
    places = [i for i, token in enumerate(expression.tokens) if _is_bent(expression, i)]
    if not places:
        return levels
    parts = [_part(expression, place) for place in places]
    arguments = [part.children[0] for part in parts]
    values = Program([*parts, *arguments]).values(X)
    found = levels
    for place, part, argument, v, u in zip(
        places, parts, arguments, values[: len(parts)], values[len(parts) :], strict=True
    ):
        if np.all(np.isfinite(v)) and np.all(np.isfinite(u)) and argument.variables:
            found += _straightened(place, argument, v, u)
            found += _slowed(place, part, v, u, X)
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


def _levelled(expression: Expression, X: Array, is_named: bool) -> Iterator[_Change]:
    """Straight lines in place of the largest parts that are functions of columns with as few values as lines.

    What divides by one is a factor that is one of them.
    """
    end = 0
    for place, token in enumerate(expression.tokens):
        part = _part(expression, place)
        if place < end or not part.variables:
            continue
        lines = _lines_of_levels(part, X, is_named)
        if lines:
            end = place + len(part)
            yield from (_Change(place, line, "levels") for line in lines if line != part)
        elif token == "div" and part.children[1].variables:
            divided, divisor = part.children
            lines = _lines_of_levels(apply("div", constant(1.0), divisor), X, is_named)
            yield from (_Change(place, apply("mul", divided, line), "levels") for line in lines)


def _lines_of_levels(part: Expression, X: Array, is_named: bool) -> list[Expression]:
    """The straight lines that a function of columns with two values may be, the plainest first.

    It is one line if it is of one column, or of several of which no two are ever off their common value
    together, as the columns of one text. If it is of two columns that take all four pairs of values it is
    one with their product, and perhaps one without; what has a name is left as it is there. There is none for
    other columns.

    Returns:
        The part alone if it is a line as it stands.
    """
    columns = list(part.variables)
    if not all(has_two_values(X[:, column]) for column in columns):
        return []
    levels = np.unique(X[:, columns], axis=0)
    is_crossed = len(levels) == 4 and len(columns) == 2
    terms = [ONE, *map(variable, columns)]
    if is_crossed:
        terms.append(apply("mul", *terms[1:]))
    design = _design_of_levels(levels, is_crossed)
    if len(levels) != design.shape[1] or np.linalg.matrix_rank(design) < len(levels):
        return []
    unevenly = np.average(levels, axis=0, weights=np.arange(1, len(levels) + 1))
    between = np.vstack((levels.mean(axis=0), unevenly))
    at = np.zeros((len(levels) + 2, X.shape[1]))
    at[:, columns] = np.vstack((levels, between))
    values = Program([part]).values(at)[0]
    if not np.all(np.isfinite(values[:-2])):
        return [part]
    factors = np.linalg.solve(design, values[:-2])
    off = values[-2:] - _design_of_levels(between, is_crossed) @ factors
    if np.max(np.abs(off)) <= _SAME * np.ptp(values[:-2]) or (is_crossed and is_named):
        return [part]
    solved = [factors]
    if is_crossed:
        solved.insert(0, np.linalg.lstsq(design[:, :-1], values[:-2])[0])
    return [linear_combination(list(zip(own.tolist(), terms[: len(own)], strict=True))) for own in solved]


def _design_of_levels(points: Array, is_crossed: bool) -> Array:
    """A constant, the columns of points, shape (P, D), and their product if two are crossed."""
    product = [np.prod(points, axis=1)] if is_crossed else []
    return np.column_stack((np.ones(len(points)), points, *product))


def has_two_values(x: Array) -> bool:
    """Whether a column, shape (n_rows,), is of two values."""
    if len(np.unique(x[:_FIRST])) > 2:  # which spares most columns a look at all rows
        return False
    low, high = x.min(), x.max()
    return bool(low < high and np.all((x == low) | (x == high)))


def _straightened(place: int, argument: Expression, v: Array, u: Array) -> Iterator[_Change]:
    """A constant, or a straight line, in place of a function with values v at arguments u."""
    size, spread = float(np.max(np.abs(v))), float(np.ptp(v))
    if spread <= _NEARLY * size:
        level = _whole(float(np.mean(v)))
        yield _Change(place, constant(level), "same" if np.max(np.abs(v - level)) <= _SAME * size else "near")
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
        yield _Change(place, line, "same" if is_same else "near")


def _whole(value: float) -> float:
    """The whole number that is meant, where a function only comes close to it."""
    return float(round(value)) if abs(value - round(value)) <= _EVEN * abs(value) else value


def _slowed(place: int, part: Expression, v: Array, u: Array, X: Array) -> Iterator[_Change]:
    """A wave, with values v at angles u, without what the values of its variables cannot show.

    Of the frequencies that evenly spaced values cannot tell apart it gets the lowest; a constant may take its
    place where more than half a period lies between neighbours.
    """
    name, variables = str(part.tokens[0]), part.variables
    operator = OPERATORS.get(name)
    if operator is None or operator.period is None:
        return
    slower = _slower(operator.period, u, X[:, variables[0]]) if len(variables) == 1 else None
    if slower is not None:
        rate, phase = slower
        argument = apply("add", apply("mul", constant(rate), variable(variables[0])), constant(phase))
        yield _Change(place, apply(name, argument), "slower")
        return
    x = X[:, variables[0]] if len(variables) == 1 else u
    gaps = np.abs(np.diff(u[np.unique(x, return_index=True)[1]]))
    if len(gaps) and np.median(gaps) > operator.period / 2:
        yield _Change(place, constant(float(np.mean(v))), "wild")


def _slower(period: float, u: Array, x: Array) -> tuple[float, float] | None:
    """The lowest rate, and its phase, with which a wave has the values it has at angles u, if that is less.

    Args:
        period: Of the wave.
        u: Its angles, shape (P,).
        x: Of what they are a straight line, if they are one, shape (P,).
    """
    step = spacing(x)
    first, last = int(np.argmin(x)), int(np.argmax(x))
    size = np.max(np.abs(u))
    rate = float((u[last] - u[first]) / (x[last] - x[first]))
    if step is None or np.max(np.abs(u - u[first] - rate * (x - x[first]))) > _SAME * size:
        return None
    turns = round(rate * step / period)
    if turns == 0:
        return None
    rate -= turns * period / step
    phase = math.remainder(float(u[first]) - rate * float(x[first]), period)
    return rate, 0.0 if abs(phase) <= _SAME * size else phase


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
