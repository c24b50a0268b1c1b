"""Simulation against observations: scores of systems, and their constants fitted by shooting."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nsr.expressions.expression import Expression
from nsr.ode.integrate import Systems
from nsr.ode.trajectories import Trajectory
from nsr.refinement.description import expression_bits

Array = NDArray[np.float64]
System = tuple[Expression, ...]

# Where a simulation breaks off, it counts as off by this many deviations of the state.
_BROKEN = 3.0
# Share of a state's variance that integration itself may be off by.
_EXACT_FVU = 1e-8
# A bit of an equation counts as so many of the observations: chosen on generated systems.
_WEIGHT = 0.5
# Relative tolerance of the integrator. What takes more steps from one observation to the next, on average, is
# too stiff to be worth the time.
_RTOL, _STEPS_A_POINT = 1e-6, 25
# The same where systems are only compared before their constants are fitted.
_ROUGH_RTOL, _ROUGH_STEPS = 1e-4, 6
# Relative steps of difference quotients.
_STEP, _SMALLEST_STEP = 1e-5, 1e-8
_MAX_EVALUATIONS = 20
# A fit ends when it gains less than this share: the bits that are left to gain are fewer than one.
_LEAST_GAIN = 1e-4


class Paths:
    """Observed paths side by side, so that one call integrates them all.

    Attributes:
        initials: Smoothed initial values of the S paths, shape (S, D).
        observed: Their initial values as observed, shape (S, D).
        size: Standard deviation of each state over all paths, 1 for those that stand still; shape (D,).
    """

    def __init__(self, trajectories: Sequence[Trajectory]) -> None:
        """Takes paths of any lengths."""
        longest = max(len(trajectory.times) for trajectory in trajectories)
        # Shorter ones wait at their end.
        self._times = np.stack([_lengthened(t.times, longest) for t in trajectories])
        self._states = np.stack([_lengthened(t.states, longest) for t in trajectories])
        lengths = np.array([len(trajectory.times) for trajectory in trajectories])
        self._is_seen = np.arange(longest) < lengths[:, None]
        self.initials = np.stack([trajectory.initial for trajectory in trajectories])
        self.observed = self._states[:, 0]
        deviation = np.std(self._states[self._is_seen], axis=0)
        self.size = np.where(deviation > 0, deviation, 1.0)
        scatters = [np.ones_like(t.states) if t.scatter is None else t.scatter for t in trajectories]
        self._scatter = np.stack([_lengthened(scatter, longest) for scatter in scatters])
        self._n_threads = joblib.cpu_count()

    @property
    def scatter(self) -> Array:
        """How far each observation scatters relative to the typical one, shape (N, D)."""
        return self._scatter[self._is_seen]

    @property
    def owner(self) -> NDArray[np.intp]:
        """Which path each of the N observations belongs to, shape (N,)."""
        return np.nonzero(self._is_seen)[0]

    def errors(
        self,
        systems: Systems,
        initials: Array | None = None,
        constants: Array | None = None,
        index: NDArray[np.int64] | None = None,
        rough: bool = False,
    ) -> Array:
        """Simulated minus observed states in units of each state's size and scatter, shape (R, N, D).

        Args:
            systems: The systems.
            initials: Initial values of each row on each path, shape (R, S, D); the smoothed ones by default.
            constants: As in `nsr.ode.integrate.Systems.integrate`, shape (R, K).
            index: As there, shape (R,).
            rough: Whether a few digits are enough, and what takes many steps may be given up.
        """
        n_paths, n_points, width = self._states.shape
        rows = np.arange(systems.n_systems) if index is None else index
        begin = np.broadcast_to(self.initials if initials is None else initials, (len(rows), n_paths, width))
        rtol, steps_a_point = (_ROUGH_RTOL, _ROUGH_STEPS) if rough else (_RTOL, _STEPS_A_POINT)
        with np.errstate(all="ignore"):
            states = systems.integrate(
                begin.reshape(-1, width),
                np.tile(self._times, (len(rows), 1)),
                None if constants is None else np.repeat(constants, n_paths, axis=0),
                np.repeat(rows, n_paths),
                rtol=rtol,
                atol=rtol * 1e-3 * float(self.size.min()),
                max_steps=steps_a_point * n_points,
                n_threads=self._n_threads,
            ).reshape(len(rows), n_paths, n_points, width)
            off = ((states - self._states) / (self.size * self._scatter))[:, self._is_seen]
        return np.where(np.isfinite(off), np.clip(off, -1e3, 1e3), _BROKEN)


def bits(system: System, errors: Array) -> float:
    """Description length of the observations by a system.

    Args:
        system: Its equations are described too.
        errors: Of its simulation, as `Paths.errors` gives them, shape (N, D).
    """
    unexplained = np.maximum(np.mean(errors**2, axis=0), _EXACT_FVU)
    fit = 0.5 * len(errors) * float(np.sum(np.log2(unexplained)))
    return fit + _WEIGHT * sum(expression_bits(component, len(errors)) for component in system)


def scores(systems: Sequence[System], paths: Paths) -> Array:
    """Description length of each system, simulated from smoothed initial values."""
    errors = paths.errors(Systems(systems), rough=True)
    return np.array([bits(system, off) for system, off in zip(systems, errors, strict=True)])


@dataclass(frozen=True)
class Shot:
    """A system whose constants and initial values were fitted to trajectories.

    Attributes:
        system: With the fitted constants.
        bits: Its description length.
        initials: Fitted initial values of each path, shape (S, D).
        is_exact: Whether errors are no larger than those of integration.
    """

    system: System
    bits: float
    initials: Array
    is_exact: bool


def shot(system: System, paths: Paths, initials: Array | None = None, deadline: float = math.inf) -> Shot:
    """Fits constants and initial values so that the simulation meets the observations.

    Args:
        system: The system, with constants to begin with.
        paths: What was observed.
        initials: Initial values to begin with, shape (S, D); the smoothed ones by default.
        deadline: Of `time.monotonic`, after which the best values so far are taken.
    """
    problem = _Shooting(system, paths, deadline)
    begin = problem.joined(paths.initials if initials is None else initials)
    with contextlib.suppress(_TimeIsUpError):
        least_squares(
            problem.residuals,
            begin,
            jac=problem.jacobian,
            x_scale="jac",
            ftol=_LEAST_GAIN,
            max_nfev=_MAX_EVALUATIONS,
        )
    values, errors = problem.best
    constants, fitted = problem.split(values)
    refined = _with_constants(system, constants)
    table = errors.reshape(-1, problem.width)
    is_exact = bool(np.all(np.mean(table**2, axis=0) <= _EXACT_FVU))
    return Shot(refined, bits(refined, table), fitted, is_exact)


class _TimeIsUpError(Exception):
    """Ends a fit from within."""


class _Shooting:
    """Errors as a function of constants and initial values, joined in one vector.

    Attributes:
        best: The vector with the smallest errors so far, and these errors.
    """

    best: tuple[Array, Array]

    def __init__(self, system: System, paths: Paths, deadline: float) -> None:
        self.paths = paths
        self._deadline = deadline
        self._least = math.inf
        self.compiled = Systems([system])
        self.n_constants = int(self.compiled.n_constants[0])
        self.n_paths, self.width = paths.initials.shape

    def joined(self, initials: Array) -> Array:
        return np.concatenate([self.compiled.constants[0, : self.n_constants], initials.ravel()])

    def split(self, values: Array) -> tuple[Array, Array]:
        """Constants (K,) and initial values (S, D)."""
        return values[: self.n_constants], values[self.n_constants :].reshape(self.n_paths, self.width)

    def residuals(self, values: Array) -> Array:
        if math.isfinite(self._least) and time.monotonic() > self._deadline:
            raise _TimeIsUpError
        constants, initials = self.split(values)
        flat: Array = self._errors(constants[None], initials[None])[0].ravel()
        if (squares := float(flat @ flat)) < self._least:
            self._least, self.best = squares, (values.copy(), flat)
        return flat

    def jacobian(self, values: Array) -> Array:
        """Difference quotients, shape (N * D, K + S * D).

        A path knows its own initial values alone, so those of all paths move together.
        """
        if time.monotonic() > self._deadline:
            raise _TimeIsUpError
        constants, initials = self.split(values)
        n_constants, width = self.n_constants, self.width
        steps = np.maximum(_STEP * np.abs(constants), _SMALLEST_STEP)
        moves = np.maximum(_STEP * np.abs(initials), _SMALLEST_STEP)
        n_rows = 1 + n_constants + width
        all_constants = np.tile(constants, (n_rows, 1))
        all_initials = np.tile(initials, (n_rows, 1, 1))
        all_constants[1 + np.arange(n_constants), np.arange(n_constants)] += steps
        for state in range(width):
            all_initials[1 + n_constants + state, :, state] += moves[:, state]
        errors = self._errors(all_constants, all_initials)
        change = errors[1:] - errors[0]
        result = np.zeros((*errors[0].shape, len(values)))
        result[..., :n_constants] = np.moveaxis(change[:n_constants], 0, -1) / steps
        owner = self.paths.owner
        for state in range(width):
            column = n_constants + owner * width + state
            quotient = change[n_constants + state] / moves[owner, state, None]
            result[np.arange(len(owner))[:, None], np.arange(width), column[:, None]] = quotient
        return result.reshape(-1, len(values))

    def _errors(self, constants: Array, initials: Array) -> Array:
        table = constants if self.n_constants else np.zeros((len(constants), 1))
        return self.paths.errors(self.compiled, initials, table, np.zeros(len(table), dtype=np.int64))


def _lengthened(values: Array, length: int) -> Array:
    """Values with the last one repeated."""
    return np.concatenate((values, np.repeat(values[-1:], length - len(values), axis=0)))


def _with_constants(system: System, values: Array) -> System:
    result, taken = [], 0
    for component in system:
        count = len(component.constants)
        result.append(component.with_constants(values[taken : taken + count].tolist()))
        taken += count
    return tuple(result)
