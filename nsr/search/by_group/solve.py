"""One law for several groups whose constants may differ: from a task and groups to a front.

Forms come from a search of all rows, as if there were no groups, and from searches of the largest groups by
themselves. Each is then fitted to all groups together, and which of its constants differ is chosen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import Expression, apply, constant
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, ranked, scored
from nsr.refinement.choice import Front, chosen_front, without_twins
from nsr.refinement.conditioning import with_sure_digits
from nsr.refinement.groups import Layout
from nsr.refinement.safety import without_needless_poles
from nsr.refinement.selection import pareto_front
from nsr.search.by_group.judging import GUESSED
from nsr.search.by_group.noise import judged_with_their_noise, seen_by_group, with_noise_told
from nsr.search.by_group.wording import (
    bent,
    determined,
    in_the_user_s_words,
    keeps_limits,
    likeliest,
    positive,
    rounded,
    without_zeros,
)
from nsr.search.engine import Ending
from nsr.search.sharing import Groups, Sharing, fitted_forms
from nsr.search.solve import LimitsError, Solver, counted_on
from nsr.task import Task

Codes = NDArray[np.intp]

# Shares of the time: for a search of all rows, for each of the largest groups, and for the choice at the end;
# forms are fitted to the groups in what is left.
_OF_ALL, _OF_GROUPS, _OF_CHOICE = 0.15, (0.3, 0.15), 0.3
# Forms of each search that are fitted to the groups, and that are also tried with a factor and an addend.
_MOST_FORMS, _MOST_VARIED = 150, 15


def solve_by_group(
    solver: Solver, task: Task, codes: Codes, n_groups: int, guesses: Sequence[Expression], clock: Clock
) -> tuple[Front, Task]:
    """Searches until the clock is over, or nothing is left to fit.

    Args:
        solver: Searches the parts.
        task: Over the columns, in the user's units.
        codes: Group of each row, shape (P,).
        n_groups: How many groups there are, each with a row.
        guesses: The user's own forms.
        clock: For everything.

    Returns:
        The front, and the task, both over columns and groups (`nsr.refinement.groups`).

    Raises:
        LimitsError: If limits rule out every equation that was tried.
    """
    layout, weights = Layout(task.n_variables, n_groups), task.weights
    settled, found, ended = _explored(solver, task, codes, n_groups, guesses, clock)
    if ended in ("interrupted", "stopped"):
        clock = Clock.of(min(clock.left, solver.settings.finishing.after_interruption))
    groups, candidates = Groups.of(settled, codes, layout), list[Candidate]()
    forms = [*scored(list(guesses), task, GUESSED), *found]
    try:
        in_time = clock.reserving(_OF_CHOICE)
        groups, batches = judged_with_their_noise(forms, groups, weights, solver, in_time)
        for new in batches:
            candidates += new
            enough = [candidate for candidate in new if solver.is_enough(candidate, groups.whole)]
            if any(keeps_limits(candidate, task, layout) for candidate in enough):
                ended = "stopped"
                break
    except KeyboardInterrupt:
        ended = "interrupted"
    groups, candidates = with_noise_told(groups, candidates, weights, solver)
    candidates += _levels(groups)
    usable = [candidate for candidate in candidates if candidate.bits < math.inf]
    allowed = [candidate for candidate in usable if keeps_limits(candidate, task, layout)]
    if task.space.shape is not None:
        others = bent([candidate for candidate in usable if candidate not in allowed], groups)
        allowed += [candidate for candidate in others if keeps_limits(candidate, task, layout)]
    if not allowed:
        raise LimitsError(
            "no equation by group that was tried keeps to all limits: loosen one of them, or give the search "
            "more time with time_limit"
        )
    solver.ended, solver.found = ended, allowed
    sure = determined([*allowed, *rounded(allowed, groups, clock)], groups) or allowed
    worded = without_needless_poles(in_the_user_s_words(sure), groups.whole, clock)
    chosen = chosen_front(worded, groups.whole, solver.rule, clock)
    front = solver.with_enough(chosen, [*worded, *allowed], groups.whole)
    groups = groups.with_task(replace(groups.task, weights=weights))
    rows = [positive(without_zeros(likeliest(row, groups), groups), groups) for row in front.candidates]
    solver.note_time(clock)
    front = with_sure_digits(replace(front, candidates=rows), groups.whole)
    return without_twins(front, groups.whole), groups.whole


def _explored(
    solver: Solver, task: Task, codes: Codes, n_groups: int, guesses: Sequence[Expression], clock: Clock
) -> tuple[Task, list[Candidate], Ending]:
    """Forms from a search of all rows and from searches of groups, and the task with the loss of a group."""
    seconds, deadline, spent = clock.left, clock.deadline, 0.0
    found: list[list[Candidate]] = []
    seen = settled = seen_by_group(task, codes, solver.settings.noise)
    ended = solver.ended
    search = replace(solver, stop_when=None, n_tried=0)
    search.watch = counted_on(solver.watch, search)
    for rows, share in _searches(codes, n_groups):
        spent += share
        own = replace(clock, deadline=deadline - (1 - spent) * seconds).within(share * seconds)
        search.is_loss_open = solver.is_loss_open and rows is not None  # laws that differ look like noise
        part, new = search.explored(task if rows is None else seen.of_rows(rows), guesses, own)
        found.append(_best(new))
        ended = search.ended
        is_exact = any(part.is_exact(candidate.loss) for candidate in new)
        if settled is seen and (rows is not None or is_exact):
            settled = replace(seen, loss=part.loss)
        if ended in ("interrupted", "stopped") or (rows is None and is_exact):
            break
    solver.n_tried = search.n_tried
    in_turns = [one for ones in itertools.zip_longest(*found) for one in ones if one is not None]
    return settled, in_turns, ended


def _levels(groups: Groups) -> list[Candidate]:
    """The best constant, for all groups and for each, and limits that the user states."""
    (level,) = scored([constant(groups.task.level)], groups.task)
    (form,) = fitted_forms([level], groups, Clock())
    shape = groups.task.space.shape
    stated = [] if shape is None else scored([constant(value) for value in shape.levels], groups.whole)
    return [*Sharing(form, groups, Clock()).choices(), *stated]


def _searches(codes: Codes, n_groups: int) -> Iterator[tuple[Codes | None, float]]:
    """What to search, and for which share of the time: all rows, and the largest groups."""
    yield None, _OF_ALL
    sizes = np.bincount(codes, minlength=n_groups)
    for group, share in zip(np.argsort(-sizes, kind="stable").tolist(), _OF_GROUPS, strict=False):
        yield np.flatnonzero(codes == group), share


def _best(found: Sequence[Candidate]) -> list[Candidate]:
    """The best forms that a search has found beside guesses, of some of them also multiples and sums."""
    found = [candidate for candidate in found if candidate.stage != GUESSED]
    best = list(dict.fromkeys((*pareto_front(found), *ranked(found)[:_MOST_FORMS])))
    varied = []
    for candidate in best[:_MOST_VARIED]:
        multiple = apply("mul", constant(math.e), candidate.expression)
        for form in (multiple, apply("add", candidate.expression, constant(math.e))):
            varied.append(replace(candidate, expression=simplify(form), name=""))
    return [*best, *varied]
