"""How sure the constants of a system are: standard errors from the simulation's derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from nsr.ode.motion import System
from nsr.ode.paths import Paths
from nsr.ode.shooting import FittedSystem, Shooting
from nsr.ode.task import OdeTask
from nsr.refinement.description import is_round
from nsr.refinement.reported import LEVEL

Array = NDArray[np.float64]

# Share of the largest eigenvalue of the scaled normal matrix below which the observations say nothing of a
# direction, and part of a constant in such directions from which on its error is unknown.
_NOTHING, _LEAST_PART = 1e-10, 1e-3
COLUMNS = ["state", "name", "value", "error", "low", "high"]
# Scatter of a state in its deviations, at least: that of one that never moves.
_LEAST_SCATTER = 1e-9


def constants_of(
    system: System, fitted: FittedSystem, task: OdeTask, states: tuple[str, ...]
) -> pd.DataFrame:
    """`constants_table` of a system by all observations, or by pieces where its simulation goes astray.

    Of components that follow from others there are no rows, as their constants are those of these; and there
    are none where the system is exact: what it leaves then are errors of integration, which say nothing.
    """
    if fitted.is_exact:
        return pd.DataFrame(columns=COLUMNS)
    system = task.left_open(system)
    if np.any(fitted.unexplained > task.settings.astray):
        return constants_table(system, task.pieces, task.pieces.initials, states)
    return constants_table(system, task.all_observations, fitted.initials, states)


def constants_table(system: System, paths: Paths, initials: Array, states: tuple[str, ...]) -> pd.DataFrame:
    """The fitted constants of a system with standard errors, as `ODERegressor.constants_` has them.

    Errors follow from the linearised simulation (Bard, Nonlinear Parameter Estimation, 1974, chapter 7),
    with the initial coordinates of all paths fitted, too, and with scatter that each state has of its own.

    Args:
        system: As it is reported.
        paths: What it was fitted to.
        initials: Fitted initial coordinates, shape (S, C).
        states: What the states are called.
    """
    problem = Shooting(system, paths)
    covariance, n_left = _covariance(problem, problem.joined(initials))
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
