"""How sure the constants of a system are: standard errors from the simulation's derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from nsr.ode.motion import System, all_constants, with_all_constants
from nsr.ode.shooting import FittedSystem, Shooting
from nsr.ode.task import OdeTask
from nsr.refinement.description import is_round
from nsr.refinement.reported import LEVEL

Array = NDArray[np.float64]

# Share of the largest eigenvalue of the scaled normal matrix below which the observations say nothing of a
# direction, and part of a constant in such directions from which on its error is unknown.
_NOTHING, _LEAST_PART = 1e-10, 1e-3
# Relative step of differences of constants.
_STEP = 1e-6
COLUMNS = ["state", "name", "value", "error", "low", "high"]
# Scatter of a state in its deviations, at least: that of one that never moves.
_LEAST_SCATTER = 1e-9


@dataclass(frozen=True)
class Uncertain:
    """How sure the constants of a system are.

    Attributes:
        table: As `ODERegressor.constants_` has it.
        covariance: Of all constants of the system as it is reported, shape (K, K).
    """

    table: pd.DataFrame
    covariance: Array


def uncertain(system: System, fitted: FittedSystem, task: OdeTask, states: tuple[str, ...]) -> Uncertain:
    """How sure constants are by all observations, or by pieces where the simulation goes astray.

    Errors follow from the linearised simulation (Bard, Nonlinear Parameter Estimation, 1974, chapter 7),
    with the initial coordinates of all paths fitted, too, and with scatter that each state has of its own.

    Of components that follow from others there are no rows, as their constants are those of these; and there
    are none where the system is exact: what it leaves then are errors of integration, which say nothing.

    Args:
        system: As it is reported.
        fitted: As it was fitted.
        task: What it was fitted to.
        states: What the states are called.
    """
    if fitted.is_exact:
        return Uncertain(pd.DataFrame(columns=COLUMNS), np.zeros((len(all_constants(system)),) * 2))
    own, paths, initials = task.left_open(system), task.all_observations, fitted.initials
    if np.any(fitted.unexplained > task.settings.astray):
        paths, initials = task.pieces, task.pieces.initials
    problem = Shooting(own, paths)
    values = problem.joined(initials)
    covariance, n_left = _covariance(problem, values)
    of_free = covariance[: problem.n_constants, : problem.n_constants]
    free, _ = problem.split(values)
    is_known = problem.is_held | np.array([is_round(value) for value in free], dtype=np.bool_)
    of_free = np.where(is_known[:, None] | is_known, 0.0, of_free)

    def written(values: Array) -> System:
        return task.reported(with_all_constants(own, problem.all_constants(values)))

    return Uncertain(
        _table(own, problem, covariance, n_left, states), _between(of_free, _by_free(written, free))
    )


def unknown(system: System) -> Uncertain:
    """What is said of a system if nothing was found out."""
    n = len(all_constants(system))
    return Uncertain(pd.DataFrame(), np.full((n, n), np.inf))


def _table(
    system: System, problem: Shooting, covariance: Array, n_left: int, states: tuple[str, ...]
) -> pd.DataFrame:
    errors = np.sqrt(np.diagonal(covariance))[problem.owners] * np.abs(problem.ratios)
    is_held = problem.is_held[problem.owners]
    reach = float(student.ppf((1 + LEVEL) / 2, n_left)) if n_left > 0 else np.inf
    rows, taken = [], 0
    for state, component in zip(states, system, strict=True):
        were_fitted = [
            place
            for place, value in enumerate(component.constants)
            if not (is_round(value) or is_held[taken + place])
        ]
        for number, place in enumerate(were_fitted):
            value, error = component.constants[place], float(errors[taken + place])
            rows.append((state, f"c{number}", value, error, value - reach * error, value + reach * error))
        taken += len(component.constants)
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_free(written: Callable[[Array], System], free: Array) -> Array:
    """Derivatives of the constants that are written (K) by those that were fitted (F), shape (K, F).

    Differences; where another constant would change the form, they are not known.
    """
    system = written(free)
    at, form = all_constants(system), [one.skeleton() for one in system]
    found = np.full((len(at), len(free)), np.nan)
    for place, step in enumerate(np.maximum(_STEP * np.abs(free), _STEP)):
        moved = free.copy()
        moved[place] += step
        other = written(moved)
        if [one.skeleton() for one in other] == form:
            found[:, place] = (all_constants(other) - at) / step
    return found


def _between(of_free: Array, by_free: Array) -> Array:
    """Covariance of constants that depend on others, infinite where nothing is known."""
    is_open = ~np.isfinite(np.diagonal(of_free))
    known = np.where(is_open[:, None] | is_open, 0.0, of_free)
    found = by_free @ known @ by_free.T
    unknown = ~np.isfinite(np.diagonal(found)) | np.any(by_free[:, is_open] != 0, axis=1)
    found[unknown[:, None] | unknown] = np.inf
    return np.asarray(found)


def _covariance(problem: Shooting, values: Array) -> tuple[Array, int]:
    """Of constants and initial coordinates, infinite where nothing is known; and degrees of freedom."""
    residuals = problem.residuals(values[None], np.zeros(1, np.int64))
    errors = residuals.reshape(-1, problem.n_states)
    n_left = len(errors) - -(-len(values) // problem.n_states)
    scatter = np.sqrt(np.sum(errors**2, axis=0) / max(n_left, 1))
    normal = problem.normal_matrix(values, residuals[0], 1 / np.maximum(scatter, _LEAST_SCATTER))
    size = np.sqrt(np.diagonal(normal))
    size = np.where(size > 0, size, 1.0)
    eigenvalues, vectors = np.linalg.eigh(normal / np.outer(size, size))
    is_known = eigenvalues > _NOTHING * eigenvalues[-1]
    known = vectors[:, is_known] / np.sqrt(eigenvalues[is_known])
    covariance = known @ known.T / np.outer(size, size)
    is_open = np.sum(vectors[:, ~is_known] ** 2, axis=1) > _LEAST_PART
    covariance[is_open, is_open] = np.inf
    return covariance, n_left
