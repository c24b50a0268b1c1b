"""Constants snapped to round values: integers, simple fractions, and their multiples of pi.

A value is accepted by description length: when the bits it saves outweigh what the fit loses. The
snapped form is one more candidate and never replaces the refined one.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.round_numbers import nearest_fraction
from nsr.refinement.selection import EXACT_FVU, Candidate, constant_bits, description_length

# A round value must lie within this many standard errors of the refined one.
_WITHIN = 4.0
_ROUNDING = 1e-9
_GAUSS_NEWTON_STEPS = 3
# An equation with more constants is no law, and fitting the rest again and again takes seconds.
_MOST_CONSTANTS = 16

Array = NDArray[np.float64]


def snap(candidate: Candidate, X: Array, y: Array, deadline: float = math.inf) -> Candidate | None:
    """The candidate with as many round constants as the data allow.

    Constants are tried one by one, the cheapest first; the others are fitted again each time.

    Args:
        candidate: A refined candidate.
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        deadline: Of `time.monotonic`, after which no further constant is tried.

    Returns:
        The snapped candidate, or None where no constant snaps, or where there are too many of them.
    """
    program = Program([candidate.expression])
    values = program.constants[0, : program.n_constants[0]].copy()
    if not 0 < len(values) <= _MOST_CONSTANTS or not math.isfinite(candidate.loss):
        return None
    variance = float(np.var(y))
    fixed = np.zeros(len(values), dtype=np.bool_)
    current = candidate
    for place, value in _proposals(program, values, X, y):
        if time.monotonic() > deadline:
            break
        if fixed[place]:
            continue
        trial_fixed = fixed.copy()
        trial_fixed[place] = True
        trial = values.copy()
        trial[place] = value
        trial, loss = _refitted(program, trial, trial_fixed, X, y)
        snapped = Candidate(candidate.expression.with_constants(trial.tolist()), loss)
        if description_length(snapped, len(y), variance) < description_length(current, len(y), variance):
            values, fixed, current = trial, trial_fixed, snapped
    return current if fixed.any() else None


def _proposals(program: Program, values: Array, X: Array, y: Array) -> list[tuple[int, float]]:
    """Places and round values near the refined ones, the cheapest first."""
    errors = _standard_errors(program, values, X, y)
    proposals = []
    for place, (value, error) in enumerate(zip(values, errors, strict=True)):
        reach = max(_WITHIN * error, _ROUNDING * abs(value))
        for nice in _round_values(float(value)):
            if abs(nice - value) <= reach:
                proposals.append((constant_bits(nice, len(y)), place, nice))
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
def _standard_errors(program: Program, values: Array, X: Array, y: Array) -> Array:
    """Standard errors of the constants; directions that the data leave open have large ones."""
    predicted, jacobian = program.jacobian(X, values[None])
    J = jacobian[0][: len(values)]
    residual = predicted[0] - y
    # Below the precision of the data, residuals are rounding and tell nothing about the constants.
    variance = max(float(residual @ residual) / max(len(y) - len(values), 1), EXACT_FVU * float(np.var(y)))
    norms = np.sqrt(np.sum(J**2, axis=1))
    norms[~(norms > 0)] = 1.0
    scaled = J / norms[:, None]
    eigenvalues, vectors = np.linalg.eigh(np.nan_to_num(scaled @ scaled.T))
    inverse = (vectors**2) @ (1.0 / np.maximum(eigenvalues, 1e-14))
    return np.asarray(np.sqrt(variance * inverse) / norms)


@np.errstate(all="ignore")
def _refitted(
    program: Program, values: Array, fixed: NDArray[np.bool_], X: Array, y: Array
) -> tuple[Array, float]:
    """Gauss-Newton steps of the constants that are not fixed; the best values and their loss."""
    best, best_loss = values, _loss(program, values, X, y)
    for _ in range(_GAUSS_NEWTON_STEPS):
        if fixed.all():
            break
        predicted, jacobian = program.jacobian(X, best[None])
        J = jacobian[0][: len(values)][~fixed].T
        if not (np.all(np.isfinite(J)) and np.all(np.isfinite(predicted))):
            break
        step = np.linalg.lstsq(J, y - predicted[0], rcond=1e-12)[0]
        trial = best.copy()
        trial[~fixed] += step
        loss = _loss(program, trial, X, y)
        if not loss < best_loss:
            break
        best, best_loss = trial, loss
    return best, best_loss


def _loss(program: Program, values: Array, X: Array, y: Array) -> float:
    with np.errstate(all="ignore"):
        loss = float(np.mean((program.values(X, values[None])[0] - y) ** 2))
    return loss if math.isfinite(loss) else math.inf
