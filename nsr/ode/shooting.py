"""Simulation against observations: scores of systems, and their constants fitted by shooting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nsr.expression import Expression
from nsr.integrate import Systems
from nsr.ode.trajectories import Trajectory
from nsr.selection import expression_bits

Array = NDArray[np.float64]
System = tuple[Expression, ...]

# Where a simulation breaks off, it counts as off by this many deviations of the state.
_BROKEN = 3.0
# Share of a state's variance that integration itself may be off by.
_EXACT_FVU = 1e-10
_RTOL, _MAX_STEPS = 1e-6, 4_000
_STEP = 1e-6
_MAX_EVALUATIONS = 20


def residuals(
    systems: Sequence[System],
    trajectory: Trajectory,
    size: Array,
    initial: Array | None = None,
    constants: Array | None = None,
    index: NDArray[np.int64] | None = None,
) -> Array:
    """Simulated minus observed states in units of each state's size, shape (R, T, D).

    Args:
        systems: The systems.
        trajectory: What was observed.
        size: Size of each state, shape (D,).
        initial: Initial values of each row, shape (R, D); the trajectory's smoothed ones by default.
        constants: As in `nsr.integrate.Systems.integrate`.
        index: As there.
    """
    compiled = Systems(systems)
    n_rows = len(systems) if index is None else len(index)
    start = np.tile(trajectory.initial, (n_rows, 1)) if initial is None else initial
    with np.errstate(all="ignore"):
        states = compiled.integrate(
            start, trajectory.times, constants, index, rtol=_RTOL, atol=_RTOL * 1e-3, max_steps=_MAX_STEPS
        )
        off = (states - trajectory.states) / size
    return np.where(np.isfinite(off), np.clip(off, -1e3, 1e3), _BROKEN)


def bits(system: System, errors: Sequence[Array]) -> float:
    """Description length of the observations by a system.

    Args:
        system: Its equations are described too.
        errors: What `residuals` gave for it on each trajectory, each (T, D).
    """
    off = np.concatenate(errors)
    unexplained = np.maximum(np.mean(off**2, axis=0), _EXACT_FVU)
    fit = 0.5 * len(off) * float(np.sum(np.log2(unexplained)))
    return fit + sum(expression_bits(component, len(off)) for component in system)


def deviations(trajectories: Sequence[Trajectory]) -> Array:
    """Standard deviation of each state over all trajectories, 1 for those that stand still; shape (D,)."""
    size = np.std(np.concatenate([trajectory.states for trajectory in trajectories]), axis=0)
    return np.where(size > 0, size, 1.0)


def scores(systems: Sequence[System], trajectories: Sequence[Trajectory]) -> Array:
    """Description length of each system, simulated from smoothed initial values."""
    size = deviations(trajectories)
    errors = [residuals(systems, trajectory, size) for trajectory in trajectories]
    return np.array([bits(system, [e[row] for e in errors]) for row, system in enumerate(systems)])


@dataclass(frozen=True)
class Shot:
    """A system whose constants and initial values were fitted to trajectories.

    Attributes:
        system: With the fitted constants.
        bits: Its description length.
        initials: Fitted initial values of each trajectory, each (D,).
    """

    system: System
    bits: float
    initials: tuple[Array, ...]


def shot(system: System, trajectories: Sequence[Trajectory]) -> Shot:
    """Fits constants and initial values so that the simulation meets the observations."""
    compiled = Systems([system])
    size = deviations(trajectories)
    n_constants = int(compiled.n_constants[0])
    begin = np.concatenate([compiled.constants[0, :n_constants], *(t.initial for t in trajectories)])
    width = trajectories[0].states.shape[1]

    def all_residuals(rows: Array) -> list[Array]:
        index = np.zeros(len(rows), dtype=np.int64)
        result = []
        for place, trajectory in enumerate(trajectories):
            at = n_constants + place * width
            constants = rows[:, :n_constants] if n_constants else np.zeros((len(rows), 1))
            result.append(residuals([system], trajectory, size, rows[:, at : at + width], constants, index))
        return result

    def flat(rows: Array) -> Array:
        return np.concatenate([r.reshape(len(rows), -1) for r in all_residuals(rows)], axis=1)

    def jacobian(values: Array) -> Array:
        steps = _STEP * np.maximum(np.abs(values), 1e-3)
        rows = flat(np.concatenate((values + np.diag(steps), values - np.diag(steps))))
        half = len(values)
        return ((rows[:half] - rows[half:]) / (2 * steps[:, None])).T

    def residual(values: Array) -> Array:
        first: Array = flat(values[None])[0]
        return first

    found = least_squares(
        residual,
        begin,
        jac=jacobian,
        x_scale="jac",
        max_nfev=_MAX_EVALUATIONS,
    )
    refined = _with_constants(system, found.x[:n_constants])
    errors = [r[0] for r in all_residuals(found.x[None])]
    initials = found.x[n_constants:].reshape(len(trajectories), width)
    return Shot(refined, bits(refined, errors), tuple(initials))


def _with_constants(system: System, values: Array) -> System:
    result, taken = [], 0
    for component in system:
        count = len(component.constants)
        result.append(component.with_constants(values[taken : taken + count].tolist()))
        taken += count
    return tuple(result)
