"""Noise told from the data: what a smooth fit leaves says which loss, of which scale, and with which weights.

The smooth fit is the polynomial of `nsr.search.surrogate`. It knows nothing of equations, so that the loss is
settled before the search has gone far, and every stage works with the same one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.data.notes import tell
from nsr.evaluate.program import Program
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.refinement.likelihood import weighted
from nsr.refinement.losses import AUTO, GAMMA, loss_for
from nsr.search.residuals import has_structure
from nsr.search.settings import MANY_ROWS, ROWS
from nsr.search.surrogate import PLAIN, ROUGH, Output, Response, Surrogate, fit_surrogates, outputs
from nsr.task import Task

Array = NDArray[np.float64]

# Rows that the kind of noise is told from, and with fewer it is not told.
_MOST_ROWS, _LEAST_ROWS = 500, 30
# A near-exact fit is one of all rows where none is this many times as large as most.
_FEW_DECADES = 100.0
# Standard errors by which proportional noise must be the likelier one.
_SURE = 4.0
# Errors of more than this share of the value are no errors of measurement: something is missing, and it need
# not be small where the target is.
_LARGEST_SHARE = 0.5
# A fit of all rows that leaves less than one of a few, by more than this factor, leaves more than noise.
_STILL_LEARNS = 1.1
# A polynomial that its highest degree made better by more than this factor leaves more than noise.
_STILL_GAINS = 1.05
# Bits that a row may be worth to an equation: those of a few nodes.
_MOST_BITS = 32.0
# Rounds in which the smooth fit is weighted as it says itself, at most; the last changes its residuals by
# less than this share.
_ROUNDS, _SETTLED = 10, 0.02


def with_noise_model(task: Task, loss: str | Callable[[Array, Array], Array]) -> Task:
    """A task with the loss that was asked for and what it needs to know of the noise.

    Args:
        task: In the user's units, with squared error.
        loss: A name of `nsr.refinement.losses.LOSSES`, or the user's own. `auto` is squared error to begin
            with; see `with_noise_told`.

    Raises:
        ValueError: If there is no such loss, or it cannot be one of this target.
    """
    if isinstance(loss, str) and loss == AUTO:
        return task
    task = replace(task, loss=loss_for(loss, task.y))
    return task if task.loss.is_quadratic else _with_expected(task)


def with_noise_told(task: Task) -> Task:
    """A task with the loss that its data ask for: its own, or an error proportional to the value.

    Args:
        task: In the user's units, with squared error.
    """
    if not is_proportional(task):
        return task
    tell(
        "errors grow in proportion to the target: what matters is their ratio to it (loss='gamma'; "
        "loss='squared_error' if it should not be so)"
    )
    return with_noise_model(task, GAMMA.name)


def with_doubts(task: Task, expected: Array, weights: Array | None) -> Task:
    """The task with rows that count the less the further they are off, so that none is worth an equation.

    Losses that know their scale have exponential tails, in which a row that is a thousand scales off is worth
    more bits than a peak of its own has. Its influence is bounded (Hampel et al., Robust Statistics, Wiley
    1986) while equations are looked for and chosen.

    Args:
        task: With the scale of the noise.
        expected: What is expected of its target, shape (P,).
        weights: Those of the user.
    """
    worth = task.loss.bits(1.0, 0.0, 1)  # nothing where the scale is not known
    with np.errstate(all="ignore"):
        share = np.minimum(1.0, _MOST_BITS / (worth * task.loss.elementwise(expected, task.y)))
    if not worth > 0 or np.all(share == 1):
        return replace(task, weights=weights)
    return replace(task, weights=weighted(weights, share / np.mean(share)))


def with_noise_of_best(
    task: Task, found: list[Candidate], weights: Array | None
) -> tuple[Task, list[Candidate]]:
    """A task whose loss has the scale of what the best equation leaves, and the candidates scored by it.

    A smooth fit may leave more than noise. With a smaller scale, another equation may be the best one.

    Args:
        task: As the candidates were found for.
        found: In the task's units.
        weights: Those of the user.
    """
    for _ in range(_ROUNDS if found else 0):
        best = min(found, key=lambda candidate: candidate.bits).expression
        values = Program([best]).values(task.X)[0]
        loss = task.loss.with_scale_of(task.y - values)
        if loss == task.loss:
            break
        task = with_doubts(replace(task, loss=loss), values, weights)
        anew = scored([candidate.expression for candidate in found], task)
        found = as_found_by(found, anew, task)
    return task, found


def is_proportional(task: Task) -> bool:
    """Whether errors proportional to a positive target are clearly likelier than errors of one size.

    Two smooth fits, of the target and of its logarithm, are compared row by row by their likelihoods (Vuong,
    "Likelihood ratio tests for model selection and non-nested hypotheses", Econometrica 57, 1989), and what
    the latter leaves must be noise. Where either is near-exact squared error is as good.
    """
    some = task.first(_MOST_ROWS)
    X, y = some.X, some.y
    if some.n_rows < _LEAST_ROWS or np.min(task.y) <= 0 or np.any(np.ptp(X, axis=0) == 0) or np.ptp(y) == 0:
        return False
    plain = fit_surrogates(X, Response.of(some))[0]
    if plain.error < ROUGH and np.max(y) < _FEW_DECADES * np.median(y):  # else few rows decide on the error
        return False
    of_log = replace(task, y=np.log(task.y))
    relative = _Smooth.of(of_log.first(_MOST_ROWS))
    if not ROUGH < relative.size < _LARGEST_SHARE or relative.surrogate.gain > _STILL_GAINS:
        return False
    weights = np.ones_like(y) if some.weights is None else some.weights / np.mean(some.weights)
    one_size = _log_likelihoods(y - plain.targets(X, y), weights)
    proportional = _log_likelihoods(relative.residuals, weights) - np.log(y)
    gains = proportional - one_size
    is_likelier = np.mean(gains) > _SURE * np.std(gains) / np.sqrt(len(gains))
    return bool(is_likelier) and _is_noise(relative, of_log)


@dataclass(frozen=True)
class _Smooth:
    """A smooth fit and what it leaves.

    Attributes:
        surrogate: The fit.
        residuals: Of the target, shape (P,).
        size: Standard deviation of those of weight one, the fit's degrees of freedom considered.
    """

    surrogate: Surrogate
    residuals: Array
    size: float

    @classmethod
    def of(cls, task: Task) -> _Smooth:
        """The best polynomial of a task, whose rows all vary."""
        surrogate = fit_surrogates(task.X, Response.of(task))[0]
        off = task.y - surrogate.targets(task.X, task.y)
        spare = max(task.n_rows - len(surrogate.coefficients), 1)
        return cls(surrogate, off, math.sqrt(float(np.sum((task.root_weights * off) ** 2)) / spare))


def _is_noise(of_some: _Smooth, task: Task) -> bool:
    """Whether what a smooth fit leaves is noise: no more rows make it smaller, and nothing predicts it.

    A law that no polynomial of so few rows follows leaves residuals that look like noise.

    Args:
        of_some: The fit of the first rows.
        task: All rows.
    """
    of_all = of_some if task.n_rows <= _MOST_ROWS else _Smooth.of(task.first(MANY_ROWS))
    if of_some.size > _STILL_LEARNS * of_all.size:
        return False
    seen = task.first(len(of_all.residuals))
    return not has_structure(seen.X, seen.root_weights * of_all.residuals)


def _log_likelihoods(residuals: Array, weights: Array) -> Array:
    """Logarithms of normal densities of the likeliest scale, up to a constant, shape (P,)."""
    squares = weights * np.square(residuals)
    variance = max(float(np.mean(squares)), np.finfo(np.float64).tiny)
    return np.asarray(-0.5 * (squares / variance + np.log(variance)))


def _with_expected(task: Task) -> Task:
    """The task with a smooth fit and the noise around it: of several, the likeliest for its number of terms.

    Polynomials of the target itself are sure to come to rest, whatever is far off, and say how much noise
    there is; those of its transforms follow it over decades.
    """
    some = task.first(ROWS)
    if np.any(np.ptp(some.X, axis=0) == 0) or np.ptp(some.y) == 0:
        return _around(task, np.full_like(task.y, task.level))
    plain = list(_smooth_fits(some, [PLAIN]))[-1]
    known = _around(task, plain.smoothed(task.X, task.y))
    choices = [
        (known, len(plain.coefficients)),
        *(
            (_around(task, fit.smoothed(task.X, known.centre)), len(fit.coefficients))
            for fit in _smooth_fits(some, outputs())
        ),
    ]

    def bits(centre: Array, n_terms: int) -> float:
        """As in the Bayesian information criterion (Schwarz 1978)."""
        loss = float(known.mean_loss(centre[None])[0])
        return known.loss.bits(loss, known.null_loss, task.n_rows) + 0.5 * n_terms * math.log2(task.n_rows)

    return min(choices, key=lambda choice: bits(choice[0].centre, choice[1]))[0]


def _smooth_fits(task: Task, choice: Sequence[Output]) -> Iterator[Surrogate]:
    """Polynomials, each weighted as the one before says, until the noise around them settles."""
    with np.errstate(all="ignore"):
        is_known = bool(np.all(np.isfinite(task.curvature(task.y))))  # not where counts are 0
    response = Response.of(task) if is_known else Response.plain(task.y)
    size = np.inf
    for _ in range(_ROUNDS):
        fit = fit_surrogates(task.X, response, choice)[0]
        yield fit
        task = _around(task, fit.smoothed(task.X, response.centre))
        response = Response.of(task)
        before, size = size, float(np.median(np.abs(task.y - task.centre)))
        if abs(before - size) <= _SETTLED * size:
            break


def _around(task: Task, expected: Array) -> Task:
    """The task with what is expected of its target, where that is possible, and the noise that it says."""
    with np.errstate(all="ignore"):
        known = np.clip(np.where(np.isfinite(expected), expected, task.y), np.min(task.y), np.max(task.y))
        possible = task.loss.possible(known, task.y)
    return replace(task, expected=possible, loss=task.loss.with_scale_of(task.y - possible))
