"""The last look: the best candidates, in the user's units, are fitted to all rows, reworded and rounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.evaluate.shape_checks import surely_allowed
from nsr.expressions.expression import Expression, constant
from nsr.expressions.factoring import with_fewer_factors, with_fewer_ratios
from nsr.expressions.rewriting import rewritten, without_idle_abs
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import (
    Candidate,
    as_found_by,
    fitted,
    named,
    ranked,
    scored,
    with_shape,
    within_bounds,
)
from nsr.refinement.constrained import with_limits
from nsr.refinement.description import n_fitted
from nsr.refinement.pruning import pruned
from nsr.refinement.rounding import rounded
from nsr.refinement.snapping import snap
from nsr.refinement.uncertainty import most_likely
from nsr.search.curves.table import without_offset
from nsr.search.settings import FinishingSettings
from nsr.task import Task


def unscaled(candidates: Iterable[Candidate], scaler: Scaler, task: Task) -> list[Candidate]:
    """Candidates for the scaled task as candidates for the user's own.

    Args:
        candidates: What a search found.
        scaler: How it saw the variables and the target.
        task: The user's.
    """
    found = list(candidates)
    expressions = [_plain(scaler.undo(c.expression), task) for c in found]
    return as_found_by(found, scored(expressions, task), task)


def _plain(expression: Expression, task: Task) -> Expression:
    """An equation in the user's units in its shortest form that the task's space allows."""
    for change in (
        simplify,
        with_fewer_factors,
        with_fewer_ratios,
        lambda form: without_idle_abs(form, task.X),
    ):
        expression = task.space.kept(expression, change(expression))
    return with_limits(expression, task.space.shape)


def constants(task: Task, settings: FinishingSettings) -> list[Candidate]:
    """The best constant, or the round value that it may stand for."""
    level_value = task.level
    if task.space.constant_bounds is not None:
        level_value = float(np.clip(level_value, *task.space.constant_bounds))
    (level,) = scored([constant(level_value)], task)
    snapped = snap(level, task)
    return [snapped if snapped and snapped.loss <= (1 + settings.rounded) * task.null_loss else level]


def finished(
    pool: Sequence[Candidate], task: Task, clock: Clock, settings: FinishingSettings
) -> list[Candidate]:
    """The pool with the best of it polished and rounded as well.

    Args:
        pool: Candidates for the user's own task.
        task: What they explain.
        clock: Once it is over nothing further is begun.
        settings: How many are worth it.
    """
    result = within_bounds(pool, task)
    if not any(task.is_exact(candidate.loss) for candidate in pool):
        result += with_shape(polished(result, task, clock, settings), task)
        result += with_shape(_pruned(result, task, clock, settings), task)
    return result + _rounded(result, task, clock, settings)


def likeliest(front: Sequence[Candidate], task: Task) -> list[Candidate]:
    """A front with its fitted constants where all rows together are most likely; round ones stay.

    Where something is exact nothing is gained: what is not is shown for comparison.
    """
    if any(task.is_exact(candidate.loss) for candidate in front):
        return list(front)
    likely = scored([most_likely(c.expression, task) for c in front], task)
    is_allowed = surely_allowed([new.expression for new in likely], task.space).tolist()
    moved = [
        new if is_free or not task.space.is_limited else own
        for own, new, is_free in zip(front, as_found_by(front, likely, task), is_allowed, strict=True)
    ]
    for place in range(len(front) - 2, -1, -1):
        if moved[place].loss <= moved[place + 1].loss and front[place].loss > front[place + 1].loss:
            moved[place] = front[place]  # so that no row is worse than a simpler one
    return moved


def polished(
    pool: Sequence[Candidate], task: Task, clock: Clock, settings: FinishingSettings
) -> list[Candidate]:
    """The best candidates with their constants fitted to all rows, as the search fits them to some."""
    best = ranked(pool)[: settings.n_polished]
    origins = {candidate.expression.skeleton(): candidate for candidate in best}
    found = fitted([candidate.expression for candidate in best], task, settings.polished, clock)
    own = [origins.get(c.expression.skeleton(), c) for c in found]
    plain = [task.space.kept(c.expression, simplify(c.expression)) for c in found]
    return as_found_by(own, scored(plain, task), task)


def _pruned(
    pool: Sequence[Candidate], task: Task, clock: Clock, settings: FinishingSettings
) -> list[Candidate]:
    """The best candidates without parts that they do not need, as tanh(x) where it is 1 on all rows.

    What a curve is without one of its constants, as oscillations without their damping, has not its name.
    """
    found: list[Candidate] = []
    for candidate in ranked(pool)[: settings.n_pruned]:
        best = candidate
        while not clock.is_over:
            forms = [form for form in pruned(best.expression, task.X) if task.space.allows(form)]
            worth = ranked(scored(forms, task))[: settings.n_shorter]
            shorter = fitted([one.expression for one in worth], task, settings.polished, clock)
            if not shorter or shorter[0].bits >= best.bits:
                break
            n_lost = _n_constants(best) - _n_constants(shorter[0])
            is_plain = n_lost == 1 and _has_lost_offset(best, shorter[0])
            rest = without_offset(best.name) if is_plain else ""
            own = best if n_lost == 0 else replace(best, name=rest)
            (best,) = as_found_by([own], shorter[:1], task)
            found.append(best)
    return found


def _n_constants(candidate: Candidate) -> int:
    return len(candidate.expression.free_positions)


def _rounded(
    pool: Sequence[Candidate], task: Task, clock: Clock, settings: FinishingSettings
) -> list[Candidate]:
    """The best candidates in other words and with round constants; as many as there is time for.

    Where other words have constants more, as a factor of all terms that is taken out and stands in each of
    them again, these are free of each other from there on, and the curve is another one.
    """
    best = ranked(pool)[: settings.n_snapped]
    exact = [c for c in best if task.is_exact(c.loss)]
    forms: list[Candidate] = []
    for place, candidate in enumerate(exact[: settings.n_rewritten] or best):
        if forms and clock.is_over:
            break
        others = rewritten(candidate.expression) if place < settings.n_rewritten else []
        reworded = scored([with_limits(e, task.space.shape) for e in (candidate.expression, *others)], task)
        n_own, nameless = n_fitted(candidate.expression), replace(candidate, name="")
        owners = [candidate if n_fitted(form.expression) <= n_own else nameless for form in reworded]
        for form in as_found_by(owners, reworded, task):
            # The best one is rounded even if polishing has taken all the time.
            round_one = rounded(form, task, clock if forms else Clock())
            forms += [form] if round_one is None else [form, _by_its_own_name(form, round_one, task)]
    return forms


def _by_its_own_name(form: Candidate, round_one: Candidate, task: Task) -> Candidate:
    """The rounded form, by the name of a curve without an offset if that is what it has become."""
    if not _has_lost_offset(form, round_one):
        return round_one
    return named(round_one, without_offset(round_one.name), task)


def _has_lost_offset(before: Candidate, after: Candidate) -> bool:
    return _has_offset(before.expression) and not _has_offset(after.expression)


def _has_offset(expression: Expression) -> bool:
    """Whether a constant is a summand of the whole."""
    if expression.tokens[0] not in {"add", "sub"}:
        return False
    return any(not isinstance(child.tokens[0], str) or _has_offset(child) for child in expression.children)
