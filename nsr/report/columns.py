"""Checks of the columns: which the equation needs, which could stand for each other, which say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from nsr.data.notes import listed
from nsr.evaluate.program import values_of
from nsr.refinement.crossvalidation import is_mostly_more
from nsr.report.finding import LEAST_ROWS, Finding

if TYPE_CHECKING:
    from collections.abc import Collection

    from nsr.report.fitted import Fitted

Array = NDArray[np.float64]

_N_SHUFFLES = 5
# What is lost counts if it is this many times its standard error, or if ranks say surely that most rows lose.
_SURE, _SURE_BY_RANKS = 2.0, 3.0
# Ranks of columns that could stand for each other are correlated at least as much.
_ALIKE = 0.9
_DEGREE = 3
# Columns depend on each other linearly if what is left of one is this part of its deviation.
_DEPENDENT = 1e-6


@dataclass(frozen=True)
class Columns:
    """What the columns are to the equation.

    Attributes:
        gains: How much more of the target is unexplained (a share of the loss of the best constant) when a
            column of the equation is shuffled; infinity where the equation then has no value.
        idle: Columns that are not in the equation, and what is left does not vary with.
        gainless: Columns that are in the equation, and could be shuffled without loss.
        alike: Columns of the equation, each with another that could take its place.
        dependent: Columns of which each is a sum of multiples of the others.
    """

    gains: Mapping[str, float]
    idle: tuple[str, ...]
    gainless: tuple[str, ...]
    alike: tuple[tuple[str, str], ...]
    dependent: tuple[str, ...]


def columns(fitted: Fitted, missed: Collection[int]) -> Columns:
    """Looks at each of the columns.

    Args:
        fitted: The equation and its table.
        missed: Columns that what is left varies with.
    """
    names, used = fitted.names, fitted.used
    gains = {place: _gain(fitted, place) for place in used}
    return Columns(
        gains={names[place]: gain for place, (gain, _) in gains.items()},
        idle=tuple(names[i] for i in range(len(names)) if i not in used and i not in missed),
        gainless=tuple(names[place] for place, (_, is_sure) in gains.items() if not is_sure),
        alike=tuple((names[one], names[other]) for one, other in _alike(fitted)),
        dependent=tuple(names[place] for place in _dependent(fitted)),
    )


def said(found: Columns) -> list[Finding]:
    """What there is to say about the columns."""
    findings = []
    ordered = sorted(found.gains, key=lambda name: -found.gains[name])
    used = listed(ordered) or "none"
    idle = f"; idle: {listed(found.idle)}" if found.idle else ""
    findings.append(Finding("columns", f"in the equation, most needed first: {used}{idle}"))
    if found.gainless:
        text = f"in the equation, but nothing is gained from: {listed(found.gainless)}"
        findings.append(Finding("gainless", text, True))
    if found.alike:
        pairs = listed([f"{one} and {other}" for one, other in found.alike])
        findings.append(Finding("alike", f"cannot be told apart by these data: {pairs}", True))
    if len(found.dependent) > 2:  # two are alike
        text = f"each is a sum of multiples of the others: {listed(found.dependent)}"
        findings.append(Finding("dependent", text, True))
    return findings


def _gain(fitted: Fitted, place: int) -> tuple[float, bool]:
    """What a column is worth (Breiman's permutation importance, in the loss), and whether that is sure."""
    task, rng = fitted.task, fitted.rng
    own = _losses(fitted, task.X)
    more = np.zeros(task.n_rows)
    for shuffled in shuffles(task.X, place, _N_SHUFFLES, rng):
        more += (_losses(fitted, shuffled) - own) / _N_SHUFFLES
    return float(np.mean(more)) / max(task.null_loss, 1e-300), _is_loss(more)


def shuffles(X: Array, place: int, n: int, rng: np.random.Generator) -> Iterator[Array]:
    """A table n times, shape (P, D), each time with one of its columns shuffled."""
    for _ in range(n):
        shuffled = X.copy()
        shuffled[:, place] = rng.permutation(shuffled[:, place])
        yield shuffled


def _losses(fitted: Fitted, X: Array) -> Array:
    """Loss of each row, infinity where the equation has no value."""
    with np.errstate(all="ignore"):
        predicted = values_of(fitted.expression, X)
        losses = fitted.task.elementwise(predicted)
    if fitted.task.weights is not None:
        losses = losses * fitted.task.weights / np.mean(fitted.task.weights)
    return np.where(np.isfinite(losses), losses, np.inf)


def _is_loss(more: Array) -> bool:
    """Whether rows lose surely, on average.

    Where few rows have nearly all of the loss, by their weights or by decades of ratios, they have nearly all
    of its standard error, too, and no mean is sure; but most rows lose.
    """
    if not np.all(np.isfinite(more)):
        return True
    is_sure = np.mean(more) > _SURE * np.std(more) / np.sqrt(len(more))
    return bool(is_sure or is_mostly_more(more, _SURE_BY_RANKS))


def _alike(fitted: Fitted) -> list[tuple[int, int]]:
    """Columns of the equation, each with one from which it can be computed without loss to the equation."""
    task, found = fitted.task, []
    if task.n_rows < LEAST_ROWS:
        return []
    own = _losses(fitted, task.X)
    for place in fitted.used:
        for other in fitted.varying:
            if other == place or (other, place) in found or not _are_near(task.X, place, other):
                continue
            replaced = task.X.copy()
            replaced[:, place] = _computed_from(task.X[:, other], task.X[:, place])
            if not _is_loss(_losses(fitted, replaced) - own):
                found.append((place, other))
    return found


def _are_near(X: Array, one: int, other: int) -> bool:
    if np.ptp(X[:, one]) == 0:
        return False
    ranks = scipy.stats.rankdata(X[:, [one, other]], axis=0)  # whose correlation is Spearman's
    return bool(abs(np.asarray(np.corrcoef(ranks.T))[0, 1]) >= _ALIKE)


def _computed_from(column: Array, wanted: Array) -> Array:
    """A smooth function of one column that comes near another."""
    centred = (column - column.mean()) / column.std()
    design = np.polynomial.chebyshev.chebvander(centred, min(_DEGREE, len(np.unique(column)) - 1))
    return np.asarray(design @ np.linalg.lstsq(design, wanted, rcond=None)[0], dtype=np.float64)


def _dependent(fitted: Fitted) -> list[int]:
    """Columns that are a combination of others, where rows are enough to tell; values of text are none."""
    X = fitted.task.X[:, fitted.varying]
    if len(X) < X.shape[1] + 2:
        return []
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    idle = directions[singular < _DEPENDENT * np.sqrt(len(X))]
    involved = np.max(np.abs(idle), axis=0, initial=0.0) > np.sqrt(_DEPENDENT)
    if np.isin(X[:, involved], (0, 1)).all() and np.ptp(X[:, involved].sum(axis=1)) == 0:
        return []  # each row has one of the values
    return [place for place, is_in in zip(fitted.varying, involved, strict=True) if is_in]
