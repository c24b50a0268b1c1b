"""Noise told from the data: what a smooth fit leaves says which loss, of which scale, and with which weights.

The smooth fit is the polynomial of `nsr.search.surrogate`. It knows nothing of equations, so that the loss is
settled before the search has gone far, and every stage works with the same one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.data.notes import tell
from nsr.evaluate.program import Program
from nsr.refinement.candidates import Candidate, as_found_by, scored
from nsr.refinement.likelihood import weighted
from nsr.refinement.losses import AUTO, GAMMA, loss_for
from nsr.search.noise_settings import NoiseSettings
from nsr.search.polynomials import Polynomial, fit_surrogates
from nsr.search.proportional import is_proportional, relative_weights
from nsr.search.response import PLAIN, Output, Response, outputs
from nsr.task import ROWS, Task

Array = NDArray[np.float64]

_GROW = "errors grow in proportion to the target"
# What users are told where errors are relative.
OF_RATIOS = (
    f"{_GROW}: what matters is their ratio to it (loss='gamma'; loss='squared_error' if it should not be so)"
)


def with_noise_model(
    task: Task, loss: str | Callable[[Array, Array], Array], settings: NoiseSettings = NoiseSettings()
) -> Task:
    """A task with the loss that was asked for and what it needs to know of the noise.

    Args:
        task: In the user's units, with squared error.
        loss: A name of `nsr.refinement.losses.LOSSES`, or the user's own. `auto` is squared error to begin
            with; see `with_noise_told`.
        settings: Of the smooth fit that says what is expected.

    Raises:
        ValueError: If there is no such loss, or it cannot be one of this target.
    """
    if isinstance(loss, str) and loss == AUTO:
        return task
    task = replace(task, loss=loss_for(loss, task.y))
    return task if task.loss.is_quadratic else with_expected(task, settings)


def with_noise_told(task: Task, settings: NoiseSettings = NoiseSettings()) -> Task:
    """A task with what its data say of their noise: nothing, or that errors are proportional to the value.

    Where such errors have made some of a positive target negative, no deviance is defined, and rows have
    weights instead.

    Args:
        task: In the user's units, with squared error.
        settings: What is clear.
    """
    if is_proportional(task, settings):
        tell(OF_RATIOS)
        return with_noise_model(task, GAMMA.name, settings)
    weights = relative_weights(task, settings)
    if weights is None:
        return task
    tell(
        f"{_GROW}: rows count by the inverse square of what a smooth curve expects of them "
        "(loss='squared_error' if it should not be so)"
    )
    return replace(task, weights=weighted(task.weights, weights))


def may_be_relative(best: Candidate | None, task: Task) -> bool:
    """Whether errors may be relative: squares matter so far, targets are positive, and nothing is exact.

    Args:
        best: What was found; None where nothing was.
        task: With squared error.
    """
    is_exact = best is not None and task.is_exact(best.loss)
    return task.loss.is_quadratic and bool(np.min(task.y) > 0) and not is_exact


def with_doubts(
    task: Task, expected: Array, weights: Array | None, settings: NoiseSettings = NoiseSettings()
) -> Task:
    """The task with rows that count the less the further they are off, so that none is worth an equation.

    Losses that know their scale have exponential tails, in which a row that is a thousand scales off is worth
    more bits than a peak of its own has. Its influence is bounded (Hampel et al., Robust Statistics, Wiley
    1986) while equations are looked for and chosen.

    Args:
        task: With the scale of the noise.
        expected: What is expected of its target, shape (P,).
        weights: Those of the user.
        settings: How much a row may be worth.
    """
    worth = task.loss.bits(1.0, 0.0, 1)  # nothing where the scale is not known
    with np.errstate(all="ignore"):
        share = np.minimum(1.0, settings.most_bits / (worth * task.loss.elementwise(expected, task.y)))
    if not worth > 0 or np.all(share == 1):
        return replace(task, weights=weights)
    return replace(task, weights=weighted(weights, share / np.mean(share)))


def with_noise_of_best(
    task: Task,
    found: list[Candidate],
    weights: Array | None,
    settings: NoiseSettings = NoiseSettings(),
) -> tuple[Task, list[Candidate]]:
    """A task whose loss has the scale of what the best equation leaves, and the candidates scored by it.

    A smooth fit may leave more than noise. With a smaller scale, another equation may be the best one.

    Args:
        task: As the candidates were found for.
        found: In the task's units.
        weights: Those of the user.
        settings: How often, and how much a row may be worth.
    """
    for _ in range(settings.rounds if found else 0):
        best = min(found, key=lambda candidate: candidate.bits).expression
        values = Program([best]).values(task.X)[0]
        loss = task.loss.with_scale_of(task.y - values)
        if loss == task.loss:
            break
        task = with_doubts(replace(task, loss=loss), values, weights, settings)
        anew = scored([candidate.expression for candidate in found], task)
        found = as_found_by(found, anew, task)
    return task, found


def with_expected(task: Task, settings: NoiseSettings) -> Task:
    """A task with what a smooth fit expects of its target, and the noise around it.

    Args:
        task: With a loss that is not quadratic.
        settings: Of the fit, which sees the columns that vary; constants of nature do not.
    """
    varying = np.ptp(task.X, axis=0) > 0
    if varying.all() or not varying.any():
        return _smooth(task, settings)
    return replace(_smooth(replace(task, X=task.X[:, varying]), settings), X=task.X)


def _smooth(task: Task, settings: NoiseSettings) -> Task:
    """The task with a smooth fit and the noise around it: of several, the likeliest for its number of terms.

    Polynomials of the target itself are sure to come to rest, whatever is far off, and say how much noise
    there is; those of its transforms follow it over decades.
    """
    some = task.first(ROWS)
    if np.any(np.ptp(some.X, axis=0) == 0) or np.ptp(some.y) == 0:
        return _around(task, np.full_like(task.y, task.level))
    plain = list(_smooth_fits(some, [PLAIN], settings))[-1]
    known = _around(task, plain.smoothed(task.X, task.y))
    choices = [
        (known, len(plain.coefficients)),
        *(
            (_around(task, fit.smoothed(task.X, known.centre)), len(fit.coefficients))
            for fit in _smooth_fits(some, outputs(), settings)
        ),
    ]

    def bits(centre: Array, n_terms: int) -> float:
        """As in the Bayesian information criterion (Schwarz 1978)."""
        loss = float(known.mean_loss(centre[None])[0])
        return known.loss.bits(loss, known.null_loss, task.n_rows) + 0.5 * n_terms * math.log2(task.n_rows)

    return min(choices, key=lambda choice: bits(choice[0].centre, choice[1]))[0]


def _smooth_fits(task: Task, choice: Sequence[Output], settings: NoiseSettings) -> Iterator[Polynomial]:
    """Polynomials, each weighted as the one before says, until the noise around them settles."""
    with np.errstate(all="ignore"):
        is_known = bool(np.all(np.isfinite(task.curvature(task.y))))  # not where counts are 0
    response = Response.of(task) if is_known else Response.plain(task.y)
    size = np.inf
    for _ in range(settings.rounds):
        fit = fit_surrogates(task.X, response, choice)[0]
        yield fit
        task = _around(task, fit.smoothed(task.X, response.centre))
        response = Response.of(task)
        before, size = size, float(np.median(np.abs(task.y - task.centre)))
        if abs(before - size) <= settings.settled * size:
            break


def _around(task: Task, expected: Array) -> Task:
    """The task with what is expected of its target, where that is possible, and the noise that it says."""
    with np.errstate(all="ignore"):
        known = np.clip(np.where(np.isfinite(expected), expected, task.y), np.min(task.y), np.max(task.y))
        possible = task.loss.possible(known, task.y)
    return replace(task, expected=possible, loss=task.loss.with_scale_of(task.y - possible))
