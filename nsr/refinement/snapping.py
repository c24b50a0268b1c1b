"""Constants snapped to round values: integers, simple fractions, and their multiples of pi.

A value is accepted by description length: when the bits it saves outweigh what the fit loses. The
snapped form is one more candidate and never replaces the refined one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.round_numbers import nearest_fraction
from nsr.refinement.candidates import Candidate
from nsr.refinement.description import constant_bits, description_length
from nsr.task import Task

# A round value must lie within this many standard errors of the refined one.
_WITHIN = 4.0
_ROUNDING = 1e-9
_GAUSS_NEWTON_STEPS = 3
# An equation with more constants is not a law, and fitting the rest again and again takes seconds.
_MOST_CONSTANTS = 16

Array = NDArray[np.float64]


def snap(candidate: Candidate, task: Task, clock: Clock = Clock()) -> Candidate | None:
    """The candidate with as many round constants as the data allow.

    Constants are tried one by one, the cheapest first; the others are fitted again each time.

    Args:
        candidate: A refined candidate.
        task: What it explains.
        clock: Once it is over no further constant is tried.

    Returns:
        The snapped candidate, or None where no constant snaps, or where there are too many of them.
    """
    program = Program([candidate.expression])
    values = program.constants[0, : program.n_constants[0]].copy()
    if not 0 < len(values) <= _MOST_CONSTANTS or not math.isfinite(candidate.loss):
        return None
    fixed = np.zeros(len(values), dtype=np.bool_)
    current = candidate
    for place, value in _proposals(program, values, task):
        if clock.is_over:
            break
        if fixed[place]:
            continue
        trial_fixed = fixed.copy()
        trial_fixed[place] = True
        trial = values.copy()
        trial[place] = value
        trial, loss = _refitted(program, trial, trial_fixed, task)
        expression = candidate.expression.with_constants(trial.tolist())
        bits = description_length(expression, loss, task)
        if bits < current.bits:
            values, fixed = trial, trial_fixed
            current = Candidate(expression, loss, bits, candidate.stage)
    return current if fixed.any() else None


def _proposals(program: Program, values: Array, task: Task) -> list[tuple[int, float]]:
    """Places and round values near the refined ones, the cheapest first."""
    errors = _standard_errors(program, values, task)
    proposals = []
    for place, (value, error) in enumerate(zip(values, errors, strict=True)):
        reach = max(_WITHIN * error, _ROUNDING * abs(value))
        for nice in _round_values(float(value)):
            if abs(nice - value) <= reach:
                proposals.append((constant_bits(nice, task.n_rows), place, nice))
    return [(place, nice) for _, place, nice in sorted(proposals)]


def _round_values(value: float) -> set[float]:
    if not math.isfinite(value) or abs(value) > 1e12:
        return set()
    result = {0.0, float(round(value)), math.copysign(1.0, value)}
    for factor in (1.0, math.pi, 1 / math.pi):
        numerator, denominator = nearest_fraction(value / factor)
        result.add(numerator / denominator * factor)
        result.add(round(value / factor * 2) / 2 * factor)
    return result


@np.errstate(all="ignore")
def _standard_errors(program: Program, values: Array, task: Task) -> Array:
    """Standard errors of the constants; directions that the data leave open have large ones."""
    predicted, jacobian = program.jacobian(task.X, values[None])
    J = jacobian[0][: len(values)] * task.root_weights
    residual = (predicted[0] - task.y) * task.root_weights
    # Below the precision of the data, residuals are rounding and tell nothing about the constants.
    spread = float(np.var(task.y * task.root_weights))
    variance = max(
        float(residual @ residual) / max(task.n_rows - len(values), 1), task.loss.rounding * spread
    )
    norms = np.sqrt(np.sum(J**2, axis=1))
    norms[~(norms > 0)] = 1.0
    scaled = J / norms[:, None]
    eigenvalues, vectors = np.linalg.eigh(np.nan_to_num(scaled @ scaled.T))
    inverse = (vectors**2) @ (1.0 / np.maximum(eigenvalues, 1e-14))
    return np.asarray(np.sqrt(variance * inverse) / norms)


@np.errstate(all="ignore")
def _refitted(program: Program, values: Array, fixed: NDArray[np.bool_], task: Task) -> tuple[Array, float]:
    """Gauss-Newton steps of the constants that are not fixed; the best values and their loss."""
    best, best_loss = values, _loss(program, values, task)
    for _ in range(_GAUSS_NEWTON_STEPS):
        if fixed.all():
            break
        predicted, jacobian = program.jacobian(task.X, best[None])
        J = jacobian[0][: len(values)][~fixed].T
        if not (np.all(np.isfinite(J)) and np.all(np.isfinite(predicted))):
            break
        weights = task.root_weights
        step = np.linalg.lstsq(J * weights[:, None], (task.y - predicted[0]) * weights, rcond=1e-12)[0]
        trial = best.copy()
        trial[~fixed] += step
        loss = _loss(program, trial, task)
        if not loss < best_loss:
            break
        best, best_loss = trial, loss
    return best, best_loss


def _loss(program: Program, values: Array, task: Task) -> float:
    with np.errstate(all="ignore"):
        return float(task.mean_loss(program.values(task.X, values[None]))[0])
