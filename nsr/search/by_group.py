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
from nsr.evaluate.shape_checks import surely_allowed
from nsr.expressions.expression import Expression, apply, constant, is_variable, variable
from nsr.expressions.rewriting import rewritten, tidied
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import Candidate, ranked, scored
from nsr.refinement.choice import Front, chosen_front, without_twins
from nsr.refinement.conditioning import with_sure_digits
from nsr.refinement.constrained import fitted_to_shape
from nsr.refinement.groups import ByGroup, Layout, by_group, of_each_group
from nsr.refinement.safety import without_needless_poles
from nsr.refinement.selection import pareto_front
from nsr.refinement.snapping import snap
from nsr.refinement.uncertainty import Uncertainty, most_likely, uncertainty
from nsr.search.engine import Ending
from nsr.search.noise import with_noise_around
from nsr.search.sharing import Form, Groups, Sharing, fitted_forms
from nsr.search.solve import LimitsError, Solver, counted_on
from nsr.task import ROWS, Task

Codes = NDArray[np.intp]

# Shares of the time: for a search of all rows, for each of the largest groups, and for the choice at the end;
# forms are fitted to the groups in what is left.
_OF_ALL, _OF_GROUPS, _OF_CHOICE = 0.15, (0.3, 0.15), 0.3
# Forms of each search that are fitted to the groups, and that are also tried with a factor and an addend.
_MOST_FORMS, _MOST_VARIED = 150, 15
# Forms that are looked at in any case, and after one was exact.
_AT_A_TIME = 5
# A form that cannot come within this many bits of the best is not looked at; a guess within them is as good.
_HOPELESS = 30.0
# Stage of the user's own forms; a form with nearly its loss is taken for the same one.
_GUESSED, _SAME = "guesses", 1e-4
# Candidates whose constants are looked at, and standard errors by which one is told from zero.
_MOST_DETERMINED, _TOLD = 60, 2.0
# Candidates whose shared constants are rounded, and whose constants are fitted again to a shape.
_MOST_ROUNDED, _MOST_BENT = 8, 24


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
    layout = Layout(task.n_variables, n_groups)
    settled, found, ended = _explored(solver, task, codes, n_groups, guesses, clock)
    if ended in ("interrupted", "stopped"):
        clock = Clock.of(min(clock.left, solver.settings.finishing.after_interruption))
    groups, candidates = _groups(settled, codes, layout), list[Candidate]()
    forms = [*scored(list(guesses), task, _GUESSED), *found]
    try:
        groups, judged = _judged_with_their_noise(forms, groups, solver, clock.reserving(_OF_CHOICE))
        for new in judged:
            candidates += new
            enough = [candidate for candidate in new if solver.is_enough(candidate, groups.whole)]
            if any(_keeps_limits(candidate, task, layout) for candidate in enough):
                ended = "stopped"
                break
    except KeyboardInterrupt:
        ended = "interrupted"
    told = _with_noise_told(groups, candidates, solver)
    if told is not groups:
        best = sorted(candidates, key=lambda candidate: candidate.bits)[:_MOST_DETERMINED]
        groups, candidates = told, [_likeliest(one, told) for one in best]
    candidates += _levels(groups)
    usable = [candidate for candidate in candidates if candidate.bits < math.inf]
    allowed = [candidate for candidate in usable if _keeps_limits(candidate, task, layout)]
    if task.space.shape is not None:
        bent = _bent([candidate for candidate in usable if candidate not in allowed], groups)
        allowed += [candidate for candidate in bent if _keeps_limits(candidate, task, layout)]
    if not allowed:
        raise LimitsError(
            "no equation by group that was tried keeps to all limits: loosen one of them, or give the search "
            "more time with time_limit"
        )
    solver.ended, solver.found = ended, allowed
    sure = _determined([*allowed, *_rounded(allowed, groups, clock)], groups) or allowed
    worded = without_needless_poles(_in_the_user_s_words(sure), groups.whole, clock)
    chosen = chosen_front(worded, groups.whole, solver.rule, clock)
    front = solver.with_enough(chosen, [*worded, *allowed], groups.whole)
    rows = [_positive(_without_zeros(_likeliest(row, groups), groups), groups) for row in front.candidates]
    solver.note_time(clock)
    front = with_sure_digits(replace(front, candidates=rows), groups.whole)
    return without_twins(front, groups.whole), groups.whole


def _explored(
    solver: Solver, task: Task, codes: Codes, n_groups: int, guesses: Sequence[Expression], clock: Clock
) -> tuple[Task, list[Candidate], Ending]:
    """Forms from a search of all rows and from searches of groups, and the task with the loss of a group."""
    seconds, deadline, spent = clock.left, clock.deadline, 0.0
    found: list[Candidate] = []
    settled, ended = task, solver.ended
    search = replace(solver, stop_when=None, n_tried=0)
    search.watch = counted_on(solver.watch, search)
    for rows, share in _searches(codes, n_groups):
        spent += share
        own = replace(clock, deadline=deadline - (1 - spent) * seconds).within(share * seconds)
        search.is_loss_open = solver.is_loss_open and rows is not None  # laws that differ look like noise
        part, new = search.explored(task if rows is None else task.of_rows(rows), guesses, own)
        found += _best(new)
        ended = search.ended
        is_exact = any(part.is_exact(candidate.loss) for candidate in new)
        if settled is task and (rows is not None or is_exact):
            settled = replace(task, loss=part.loss)
        if ended in ("interrupted", "stopped") or (rows is None and is_exact):
            break
    solver.n_tried = search.n_tried
    return settled, found, ended


def _groups(task: Task, codes: Codes, layout: Layout) -> Groups:
    whole = replace(task, X=np.hstack((task.X, layout.columns(codes))))
    return Groups(task, codes, layout, whole)


def _judged_with_their_noise(
    forms: Sequence[Candidate], groups: Groups, solver: Solver, clock: Clock
) -> tuple[Groups, Iterator[list[Candidate]]]:
    """The groups with the noise that the best of the first laws says, where it is open, and `_judged`."""
    judged = _judged(forms, groups, clock)
    first = list(itertools.islice(judged, _AT_A_TIME))
    told = _with_noise_told(groups, list(itertools.chain(*first)), solver)
    if told is not groups:
        first = [[_likeliest(one, told) for one in choices] for choices in first]
        judged = _judged(forms, told, clock)
    return told, itertools.chain(first, judged)


def _with_noise_told(groups: Groups, candidates: Sequence[Candidate], solver: Solver) -> Groups:
    """The groups with the noise that the best law says, where it is open; themselves where it says none."""
    best = min(candidates, key=lambda candidate: candidate.bits, default=None)
    is_open = solver.is_loss_open and groups.task.loss.is_quadratic
    if best is None or not is_open or best.bits == math.inf or groups.task.is_exact(best.loss):
        return groups
    rows = [groups.rows(group) for group in range(groups.layout.n_groups)]
    task = with_noise_around(best.expression, groups.whole, groups.task, rows, solver.settings.noise)
    return groups if task is groups.task else _groups(task, groups.codes, groups.layout)


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
    found = [candidate for candidate in found if candidate.stage != _GUESSED]
    best = list(dict.fromkeys((*pareto_front(found), *ranked(found)[:_MOST_FORMS])))
    varied = []
    for candidate in best[:_MOST_VARIED]:
        multiple = apply("mul", constant(math.e), candidate.expression)
        for form in (multiple, apply("add", candidate.expression, constant(math.e))):
            varied.append(replace(candidate, expression=simplify(form), name=""))
    return [*best, *varied]


def _judged(found: Sequence[Candidate], groups: Groups, clock: Clock) -> Iterator[list[Candidate]]:
    """Forms fitted to all groups, each with the best choices of constants that differ."""
    skeletons: dict[Expression, Candidate] = {}
    for candidate in found:
        skeleton = candidate.expression.skeleton()
        first = skeletons.setdefault(skeleton, candidate)
        skeletons[skeleton] = replace(first, name=first.name or candidate.name)
    forms = fitted_forms(list(skeletons.values()), groups, clock)
    hopes = sorted(((_hope(form, groups.task), place) for place, form in enumerate(forms)))
    ordered = _simple_first([forms[place] for _, place in hopes], groups)
    best, n_after = math.inf, 0
    for place, form in enumerate(ordered):
        if place and (clock.is_over or n_after > _AT_A_TIME):
            break
        if place > _AT_A_TIME and _hope(form, groups.task) > best + _HOPELESS:
            continue
        choices = Sharing(form, groups, clock).choices()
        best = min([best, *(candidate.bits for candidate in choices)])
        is_exact = any(groups.task.is_exact(candidate.loss) for candidate in choices)
        n_after += n_after > 0 or is_exact
        yield choices


def _hope(form: Form, task: Task) -> float:
    """Bits of a form if nothing had to be said of how its constants differ."""
    loss = min(form.pooled_loss, form.alone_loss)
    if not math.isfinite(loss):
        return math.inf
    (candidate,) = scored([form.expression], task)
    own = candidate.bits - task.loss.bits(candidate.loss, task.null_loss, task.n_rows)
    return own + task.loss.bits(loss, task.null_loss, task.n_rows) if math.isfinite(own) else math.inf


def _simple_first(forms: Sequence[Form], groups: Groups) -> list[Form]:
    """Forms by rising bits, but early the user's own, and those that no simpler one comes near."""
    front, least = [], math.inf
    for form in sorted(forms, key=lambda form: groups.task.space.complexity(form.expression)):
        loss = min(form.pooled_loss, form.alone_loss)
        if loss < 0.5 * least:
            front.append(form)
            least = loss
    own = [form for form in forms if form.stage == _GUESSED]
    return list(dict.fromkeys((*own, *forms[:_AT_A_TIME], *front, *forms)))


def _keeps_limits(candidate: Candidate, task: Task, layout: Layout) -> bool:
    """Whether the equation of each group may be looked at, and all together, with constants that differ."""
    if task.space.units is None and not task.space.is_limited:
        return True
    if task.space.max_complexity is not None and candidate.complexity > task.space.max_complexity:
        return False
    # What is shown has no constants that have vanished, nor what these are factors of.
    forms = [tidied(e) if 0.0 in e.constants else e for e in of_each_group(candidate.expression, layout)]
    return bool(np.all(surely_allowed(forms, task.space)))


def _bent(candidates: Sequence[Candidate], groups: Groups) -> list[Candidate]:
    """The best few with constants that give the equation of each group the shape that is asked for."""
    space, result = groups.task.space, []
    assert space.shape is not None
    shape = replace(space.shape, n_groups=groups.layout.n_groups)
    whole = replace(groups.whole, space=replace(space, shape=shape))
    for candidate in ranked(candidates)[:_MOST_BENT]:
        form = fitted_to_shape(candidate.expression, whole, ROWS)
        if form is not None:
            (own,) = scored([form], groups.whole)
            result.append(_as_found(candidate, ByGroup.of(form, groups.layout), own.loss, groups))
    return result


def _rounded(candidates: Sequence[Candidate], groups: Groups, clock: Clock) -> list[Candidate]:
    """The best candidates with round constants where all groups share them, and in other words."""
    result: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.bits)[:_MOST_ROUNDED]:
        if result and clock.is_over:
            break
        found = ByGroup.of(candidate.expression, groups.layout)
        (plain,) = scored([candidate.expression], groups.whole, candidate.stage)
        snapped = snap(plain, groups.whole, places=found.shared_places) or plain
        is_same = ByGroup.of(snapped.expression, groups.layout).skeleton == found.skeleton
        is_own = candidate.stage == _GUESSED and is_same  # which stays as the user has written it
        for form in [snapped.expression] if is_own else _reworded(snapped.expression, groups.layout):
            new = _likeliest(replace(snapped, expression=form, name=candidate.name), groups)
            if new.bits <= candidate.bits and _keeps_limits(new, groups.task, groups.layout):
                result.append(new)
    return result


def _reworded(expression: Expression, layout: Layout) -> list[Expression]:
    """An equation in other words that have each of the constants that differ once, and as it is.

    A factor that all groups share may be part of one that differs: each is tried as one.
    """
    found = ByGroup.of(expression, layout)
    places = range(len(found.form.constants))
    without = [
        found.form.with_constants(np.where(np.arange(len(places)) == k, 1.0, found.form.constants).tolist())
        for k in places
    ]
    forms = [tidied(form) for form in (found.form, *without)] + rewritten(found.form)
    own = _differing(found.form, layout)
    same = [form for form in forms if _differing(form, layout) == own]
    return [expression, *(replace(found, form=form).expression for form in same)]


def _determined(candidates: Sequence[Candidate], groups: Groups) -> list[Candidate]:
    """The candidates without those that have a constant which could as well be zero, in every group.

    Such a constant only makes an equation that has one constant less a little more flexible.
    """
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.bits):
        found = ByGroup.of(candidate.expression, groups.layout)
        known = None
        if len(kept) < _MOST_DETERMINED:
            known = uncertainty(candidate.expression, groups.whole)
        if known is None or not np.any(_are_vague(found, known)):
            kept.append(candidate)
    return kept


def _positive(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate with other signs of constants that are negative in each group, where that is no longer."""
    if candidate.stage == _GUESSED:
        return candidate
    for place in range(ByGroup.of(candidate.expression, groups.layout).table.shape[1]):
        found = ByGroup.of(candidate.expression, groups.layout)
        if np.all(found.table[:, place] < 0):
            own = groups.layout.n_columns + place
            form = tidied(found.form.substitute({own: apply("neg", variable(own))}))
            table = np.where(np.arange(found.table.shape[1]) == place, -found.table, found.table)
            new = _as_found(candidate, replace(found, form=form, table=table), candidate.loss, groups)
            is_same = _differing(form, groups.layout) == _differing(found.form, groups.layout)
            is_short = new.complexity <= candidate.complexity
            if is_same and is_short and _keeps_limits(new, groups.task, groups.layout):
                candidate = new
    return candidate


def _without_zeros(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate in its shortest form where a constant has vanished that all groups share."""
    found = ByGroup.of(candidate.expression, groups.layout)
    if candidate.stage == _GUESSED or 0.0 not in found.form.constants:
        return candidate
    form = tidied(found.form)
    if _differing(form, groups.layout) != _differing(found.form, groups.layout):
        return candidate
    new = _as_found(candidate, replace(found, form=form), candidate.loss, groups)
    return new if _keeps_limits(new, groups.task, groups.layout) else candidate


def _in_the_user_s_words(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without those that are another form of a guess."""
    own = [candidate for candidate in candidates if candidate.stage == _GUESSED]
    return [
        candidate
        for candidate in candidates
        if candidate.stage == _GUESSED
        or not any(
            abs(guess.loss - candidate.loss) <= _SAME * candidate.loss
            and guess.bits <= candidate.bits + _HOPELESS
            for guess in own
        )
    ]


def _are_vague(found: ByGroup, known: Uncertainty) -> NDArray[np.bool_]:
    """For each constant whether it is told from zero in no group."""
    sizes = np.full(len(found.expression.constants), np.inf)  # round ones are not fitted
    with np.errstate(all="ignore"):
        sizes[known.places] = np.abs(known.values) / known.errors
    n_groups = found.layout.n_groups
    ends = np.cumsum([n_groups if differs else 1 for differs in found.differs])
    return np.array([np.all(own < _TOLD) for own in np.split(sizes, ends[:-1])], dtype=np.bool_)


def _as_found(candidate: Candidate, found: ByGroup, loss: float, groups: Groups) -> Candidate:
    """Another form of a candidate, which keeps its name unless a column has gone."""
    before = ByGroup.of(candidate.expression, groups.layout)
    columns = [
        {place for place in one.form.variables if place < groups.layout.n_columns} for one in (before, found)
    ]
    name = candidate.name if columns[0] == columns[1] else ""
    return by_group(found, loss, groups.whole, candidate.stage, name)


def _differing(form: Expression, layout: Layout) -> list[str]:
    """The constants that differ, as often as they occur."""
    names = [token for token in form.tokens if isinstance(token, str) and is_variable(token)]
    return sorted(name for name in names if int(name[2:]) >= layout.n_columns)


def _likeliest(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate with its constants, but for round ones, where all rows together are most likely."""
    forms = [candidate.expression, most_likely(candidate.expression, groups.whole)]
    before, after = (
        _as_found(candidate, ByGroup.of(one.expression, groups.layout), one.loss, groups)
        for one in scored(forms, groups.whole)
    )
    is_better = after.loss <= before.loss and _keeps_limits(after, groups.task, groups.layout)
    return after if is_better else before
