"""Noise of tables with groups, told from each group by itself and then from the law that the groups share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.notes import tell
from nsr.evaluate.program import Program
from nsr.refinement.candidates import Candidate, scored
from nsr.refinement.groups import ByGroup
from nsr.refinement.losses import GAMMA
from nsr.search.by_group.judging import AT_A_TIME, judged
from nsr.search.by_group.wording import MOST_DETERMINED, as_found, likeliest
from nsr.search.noise import OF_RATIOS, may_be_relative, with_doubts, with_expected
from nsr.search.noise_settings import NoiseSettings
from nsr.search.proportional import is_law_of_ratios
from nsr.search.sharing import Groups
from nsr.search.solve import Solver
from nsr.task import Task

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def seen_by_group(task: Task, codes: Codes, settings: NoiseSettings) -> Task:
    """A task with what a smooth fit of its own group expects of each row, and the noise around these fits.

    A fit of all rows takes differences between groups for noise.

    Args:
        task: Over the columns.
        codes: Group of each row, shape (P,).
        settings: Of smooth fits, and of how much a row that is far off may be worth.
    """
    if task.loss.is_quadratic:
        return task
    expected = np.empty_like(task.y)
    for group in np.unique(codes):
        rows = np.flatnonzero(codes == group)
        expected[rows] = with_expected(replace(task.of_rows(rows), expected=None), settings).centre
    own = replace(task, expected=expected, loss=task.loss.with_scale_of(task.y - expected))
    return with_doubts(own, expected, task.weights, settings)


def judged_with_their_noise(
    forms: Sequence[Candidate], groups: Groups, weights: Array | None, solver: Solver, clock: Clock
) -> tuple[Groups, Iterator[list[Candidate]]]:
    """The groups with the noise that the best of the first laws says, and `judged` with it.

    Where the loss is open, forms are fitted with errors of one size and with relative ones: over decades the
    law that is best in one is a poor one in the other.

    Args:
        forms: Over the columns.
        groups: The table.
        weights: Those of the user.
        solver: What is searched for.
        clock: For the forms.
    """
    others = judged(forms, groups, clock)
    first = list(itertools.chain(*itertools.islice(others, AT_A_TIME)))
    if _is_open(groups, solver, first):
        of_ratios = _of_ratios(groups)
        their_others = judged(forms, of_ratios, clock)
        theirs = list(itertools.chain(*itertools.islice(their_others, AT_A_TIME)))
        if _are_likelier(theirs, first, groups, solver.settings.noise):
            return of_ratios, itertools.chain([theirs], their_others)
    told, known = with_noise_of_law(groups, first, weights, solver.settings.noise)
    if told is not groups:
        others = itertools.islice(judged(forms, told, clock), AT_A_TIME, None)
    return told, itertools.chain([known], others)


def with_noise_told(
    groups: Groups, candidates: Sequence[Candidate], weights: Array | None, solver: Solver
) -> tuple[Groups, list[Candidate]]:
    """The groups with the noise that the best law of all says, and the best laws fitted to them anew.

    Args:
        groups: The table.
        candidates: Over columns and groups.
        weights: Those of the user.
        solver: What is searched for.

    Returns:
        Both as they are where nothing new is said.
    """
    if _is_open(groups, solver, candidates):
        of_ratios = _of_ratios(groups)
        theirs = _fitted_anew(candidates, of_ratios)
        if _are_likelier(theirs, candidates, groups, solver.settings.noise):
            return of_ratios, theirs
    return with_noise_of_law(groups, candidates, weights, solver.settings.noise)


def with_noise_of_law(
    groups: Groups, candidates: Sequence[Candidate], weights: Array | None, settings: NoiseSettings
) -> tuple[Groups, list[Candidate]]:
    """The groups whose loss has the scale of what the best law leaves, and the best laws fitted to them anew.

    As `nsr.search.noise.with_noise_of_best`.

    Args:
        groups: The table.
        candidates: Over columns and groups.
        weights: Those of the user.
        settings: How often the scale is told, and how much a row may be worth.

    Returns:
        Both as they are where the loss has no scale.
    """
    told, known = groups, list(candidates)
    for _ in range(settings.rounds):
        best = _best(known)
        if best is None:
            break
        values = Program([best.expression]).values(told.whole.X)[0]
        loss = told.task.loss.with_scale_of(told.task.y - values)
        if loss == told.task.loss:
            break
        told = told.with_task(with_doubts(replace(told.task, loss=loss), values, weights, settings))
        losses = [one.loss for one in scored([one.expression for one in known], told.whole)]
        known = [
            as_found(one, ByGroup.of(one.expression, told.layout), own, told)
            for one, own in zip(known, losses, strict=True)
        ]
    return (groups, known) if told is groups else (told, _fitted_anew(known, told))


def _is_open(groups: Groups, solver: Solver, candidates: Sequence[Candidate]) -> bool:
    """Whether the data may still say that errors are relative."""
    return solver.is_loss_open and may_be_relative(_best(candidates), groups.task)


def _of_ratios(groups: Groups) -> Groups:
    return groups.with_task(replace(groups.task, loss=GAMMA))


def _are_likelier(
    theirs: Sequence[Candidate], candidates: Sequence[Candidate], groups: Groups, settings: NoiseSettings
) -> bool:
    """Whether relative errors are clearly likelier, each kind around the best law with it; says so."""
    of_ratios, best = _best(theirs), _best(candidates)
    if of_ratios is None or best is None:
        return False
    plain, relative = Program([best.expression, of_ratios.expression]).values(groups.whole.X)
    rows = [groups.rows(group) for group in range(groups.layout.n_groups)]
    is_likelier = is_law_of_ratios(plain, relative, groups.task, rows, settings)
    if is_likelier:
        tell(OF_RATIOS)
    return is_likelier


def _fitted_anew(candidates: Sequence[Candidate], groups: Groups) -> list[Candidate]:
    best = sorted(candidates, key=lambda candidate: candidate.bits)[:MOST_DETERMINED]
    return [likeliest(one, groups) for one in best]


def _best(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one of the shortest description, if any has one."""
    best = min(candidates, key=lambda candidate: candidate.bits, default=None)
    return None if best is None or best.bits == math.inf else best
