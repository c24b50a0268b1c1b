"""Forms fitted to all groups together, the promising ones first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nsr.clock import Clock
from nsr.expressions.expression import Expression
from nsr.refinement.candidates import Candidate, scored
from nsr.search.sharing import Form, Groups, Sharing, fitted_forms
from nsr.task import Task

# Forms that are looked at in any case, and after one was exact.
AT_A_TIME = 6
# A form that cannot come within this many bits of the best is not looked at; a guess within them is as good.
HOPELESS = 30.0
# Forms that are fitted between two looks at the time, and the share of it that is left for their choices.
_FITTED_AT_A_TIME, _OF_CHOICES = 25, 0.5
# Stage of the user's own forms.
GUESSED = "guesses"


def judged(found: Sequence[Candidate], groups: Groups, clock: Clock) -> Iterator[list[Candidate]]:
    """Forms fitted to all groups, each with the best choices of constants that differ.

    Args:
        found: The forms, over the columns, the promising ones first.
        groups: The table.
        clock: Once it is over no further form is fitted.

    Yields:
        The choices of one form.
    """
    skeletons: dict[Expression, Candidate] = {}
    for candidate in found:
        skeleton = candidate.expression.skeleton()
        first = skeletons.setdefault(skeleton, candidate)
        skeletons[skeleton] = replace(first, name=first.name or candidate.name)
    forms = _fitted(list(skeletons.values()), groups, clock.reserving(_OF_CHOICES))
    hopes = sorted(((_hope(form, groups.task), place) for place, form in enumerate(forms)))
    ordered = _simple_first([forms[place] for _, place in hopes], groups)
    best, n_after = math.inf, 0
    for place, form in enumerate(ordered):
        if place and (clock.is_over or n_after > AT_A_TIME):
            break
        if place > AT_A_TIME and _hope(form, groups.task) > best + HOPELESS:
            continue
        choices = Sharing(form, groups, clock).choices()
        best = min([best, *(candidate.bits for candidate in choices)])
        is_exact = any(groups.task.is_exact(candidate.loss) for candidate in choices)
        n_after += n_after > 0 or is_exact
        yield choices


def _fitted(found: Sequence[Candidate], groups: Groups, clock: Clock) -> list[Form]:
    """Those that there is time to fit to every group, the first ones in any case."""
    forms: list[Form] = []
    for start in range(0, len(found), _FITTED_AT_A_TIME):
        if forms and clock.is_over:
            break
        forms += fitted_forms(found[start : start + _FITTED_AT_A_TIME], groups, clock)
    return forms


def _hope(form: Form, task: Task) -> float:
    """Bits of a form if nothing had to be said of how its constants differ."""
    loss = min(form.pooled_loss, form.alone_loss)
    if not math.isfinite(loss):
        return math.inf
    (candidate,) = scored([form.expression], task)
    own = candidate.bits - task.loss.bits(candidate.loss, task.null_loss, task.n_rows)
    return own + task.loss.bits(loss, task.null_loss, task.n_rows) if math.isfinite(own) else math.inf


def _simple_first(forms: Sequence[Form], groups: Groups) -> list[Form]:
    """Forms by rising bits, but early the user's own, and those that no simpler one comes near.

    The first few take turns, as forms of many constants are hopeful until these differ.
    """
    front, least = [], math.inf
    for form in sorted(forms, key=lambda form: groups.task.space.complexity(form.expression)):
        loss = min(form.pooled_loss, form.alone_loss)
        if loss < 0.5 * least:
            front.append(form)
            least = loss
    own = [form for form in forms if form.stage == GUESSED]
    turns = itertools.chain(*itertools.zip_longest(forms[:AT_A_TIME], front))
    return list(dict.fromkeys((*own, *(form for form in turns if form is not None), *forms)))
