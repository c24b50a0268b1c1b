"""Equations by group as they are shown: within limits, told from zero, rounded, in the plainest words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.shape_checks import surely_allowed
from nsr.expressions.expression import Expression, apply, is_variable, variable
from nsr.expressions.rewriting import rewritten, tidied
from nsr.refinement.candidates import Candidate, ranked, scored
from nsr.refinement.constrained import fitted_to_shape
from nsr.refinement.groups import ByGroup, Layout, by_group, of_each_group
from nsr.refinement.snapping import snap
from nsr.refinement.uncertainty import Uncertainty, most_likely, uncertainty
from nsr.search.by_group.judging import GUESSED, HOPELESS
from nsr.search.sharing import Groups
from nsr.task import ROWS, Task

# A form with nearly the loss of the user's own is taken for the same one.
_SAME = 1e-4
# Candidates whose constants are looked at, and standard errors by which one is told from zero.
MOST_DETERMINED, _TOLD = 60, 2.0
# Candidates whose shared constants are rounded, and whose constants are fitted again to a shape.
_MOST_ROUNDED, _MOST_BENT = 8, 24


def keeps_limits(candidate: Candidate, task: Task, layout: Layout) -> bool:
    """Whether the equation of each group may be looked at, and all together, with constants that differ."""
    if task.space.units is None and not task.space.is_limited:
        return True
    if task.space.max_complexity is not None and candidate.complexity > task.space.max_complexity:
        return False
    # What is shown has no constants that have vanished, nor what these are factors of.
    forms = [tidied(e) if 0.0 in e.constants else e for e in of_each_group(candidate.expression, layout)]
    return bool(np.all(surely_allowed(forms, task.space)))


def likeliest(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate with its constants, but for round ones, where all rows together are most likely."""
    forms = [candidate.expression, most_likely(candidate.expression, groups.whole)]
    before, after = (
        as_found(candidate, ByGroup.of(one.expression, groups.layout), one.loss, groups)
        for one in scored(forms, groups.whole)
    )
    is_better = after.loss <= before.loss and keeps_limits(after, groups.task, groups.layout)
    return after if is_better else before


def as_found(candidate: Candidate, found: ByGroup, loss: float, groups: Groups) -> Candidate:
    """Another form of a candidate, which keeps its name unless a column has gone."""
    before = ByGroup.of(candidate.expression, groups.layout)
    columns = [
        {place for place in one.form.variables if place < groups.layout.n_columns} for one in (before, found)
    ]
    name = candidate.name if columns[0] == columns[1] else ""
    return by_group(found, loss, groups.whole, candidate.stage, name)


def bent(candidates: Sequence[Candidate], groups: Groups) -> list[Candidate]:
    """The best few with constants that give the equation of each group the shape that is asked for."""
    space, result = groups.task.space, []
    assert space.shape is not None
    shape = replace(space.shape, n_groups=groups.layout.n_groups)
    whole = replace(groups.whole, space=replace(space, shape=shape))
    for candidate in ranked(candidates)[:_MOST_BENT]:
        form = fitted_to_shape(candidate.expression, whole, ROWS)
        if form is not None:
            (own,) = scored([form], groups.whole)
            result.append(as_found(candidate, ByGroup.of(form, groups.layout), own.loss, groups))
    return result


def rounded(candidates: Sequence[Candidate], groups: Groups, clock: Clock) -> list[Candidate]:
    """The best candidates with round constants where all groups share them, and in other words."""
    result: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.bits)[:_MOST_ROUNDED]:
        if result and clock.is_over:
            break
        found = ByGroup.of(candidate.expression, groups.layout)
        (plain,) = scored([candidate.expression], groups.whole, candidate.stage)
        snapped = snap(plain, groups.whole, places=found.shared_places) or plain
        is_same = ByGroup.of(snapped.expression, groups.layout).skeleton == found.skeleton
        is_own = candidate.stage == GUESSED and is_same  # which stays as the user has written it
        for form in [snapped.expression] if is_own else _reworded(snapped.expression, groups.layout):
            new = likeliest(replace(snapped, expression=form, name=candidate.name), groups)
            if new.bits <= candidate.bits and keeps_limits(new, groups.task, groups.layout):
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


def positive(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate with other signs of constants that are negative in each group, where that is no longer."""
    if candidate.stage == GUESSED:
        return candidate
    for place in range(ByGroup.of(candidate.expression, groups.layout).table.shape[1]):
        found = ByGroup.of(candidate.expression, groups.layout)
        if np.all(found.table[:, place] < 0):
            own = groups.layout.n_columns + place
            form = tidied(found.form.substitute({own: apply("neg", variable(own))}))
            table = np.where(np.arange(found.table.shape[1]) == place, -found.table, found.table)
            new = as_found(candidate, replace(found, form=form, table=table), candidate.loss, groups)
            is_same = _differing(form, groups.layout) == _differing(found.form, groups.layout)
            is_short = new.complexity <= candidate.complexity
            if is_same and is_short and keeps_limits(new, groups.task, groups.layout):
                candidate = new
    return candidate


def without_zeros(candidate: Candidate, groups: Groups) -> Candidate:
    """A candidate in its shortest form where a constant has vanished that all groups share."""
    found = ByGroup.of(candidate.expression, groups.layout)
    if candidate.stage == GUESSED or 0.0 not in found.form.constants:
        return candidate
    form = tidied(found.form)
    if _differing(form, groups.layout) != _differing(found.form, groups.layout):
        return candidate
    new = as_found(candidate, replace(found, form=form), candidate.loss, groups)
    return new if keeps_limits(new, groups.task, groups.layout) else candidate


def in_the_user_s_words(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without those that are another form of a guess."""
    own = [candidate for candidate in candidates if candidate.stage == GUESSED]
    return [
        candidate
        for candidate in candidates
        if candidate.stage == GUESSED
        or not any(
            abs(guess.loss - candidate.loss) <= _SAME * candidate.loss
            and guess.bits <= candidate.bits + HOPELESS
            for guess in own
        )
    ]


def determined(candidates: Sequence[Candidate], groups: Groups) -> list[Candidate]:
    """The candidates without those that have a constant which could as well be zero, in every group.

    Such a constant only makes an equation that has one constant less a little more flexible.
    """
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.bits):
        found = ByGroup.of(candidate.expression, groups.layout)
        known = None
        if len(kept) < MOST_DETERMINED:
            known = uncertainty(candidate.expression, groups.whole)
        if known is None or not np.any(_are_vague(found, known)):
            kept.append(candidate)
    return kept


def _are_vague(found: ByGroup, known: Uncertainty) -> NDArray[np.bool_]:
    """For each constant whether it is told from zero in no group."""
    sizes = np.full(len(found.expression.constants), np.inf)  # round ones are not fitted
    with np.errstate(all="ignore"):
        sizes[known.places] = np.abs(known.values) / known.errors
    n_groups = found.layout.n_groups
    ends = np.cumsum([n_groups if differs else 1 for differs in found.differs])
    return np.array([np.all(own < _TOLD) for own in np.split(sizes, ends[:-1])], dtype=np.bool_)


def _differing(form: Expression, layout: Layout) -> list[str]:
    """The constants that differ, as often as they occur."""
    names = [token for token in form.tokens if isinstance(token, str) and is_variable(token)]
    return sorted(name for name in names if int(name[2:]) >= layout.n_columns)
