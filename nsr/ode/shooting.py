"""Constants and initial values of a system, fitted by shooting: so that simulations meet the observations."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.ode.description import losses
from nsr.ode.motion import System, all_constants, with_all_constants
from nsr.ode.paths import Paths
from nsr.ode.ties import Tie
from nsr.refinement import batched

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# Relative steps of difference quotients.
_STEP, _SMALLEST_STEP = 1e-5, 1e-8
# States' errors that differ by this factor are weighted by their sizes.
_UNLIKE = 2.0
# States that are simulated at observations between two looks at the clock: a few hundredths of a second.
_N_STATES_AT_A_TIME = 40_000
# Seconds of work for a simulation, and for a state of it at an observation.
_SECONDS, _SECONDS_A_STATE = 2e-4, 1e-6


@dataclass(frozen=True)
class FittedSystem:
    """A system whose constants and initial values were fitted to paths.

    Attributes:
        system: With the fitted constants.
        bits: Its description length.
        initials: Fitted initial coordinates of each path, shape (S, C).
        unexplained: Share of each state's variance that its simulation leaves unexplained, shape (D,).
        is_exact: Whether errors are no larger than those of integration.
        unexplained_on_pieces: `unexplained` of simulations of pieces, if these were fitted before.
    """

    system: System
    bits: float
    initials: Array
    unexplained: Array
    is_exact: bool
    unexplained_on_pieces: Array


def shoot(
    system: System, paths: Paths, initials: Array | None = None, clock: Clock | None = None
) -> FittedSystem:
    """Fits constants and initial values so that the simulation meets the observations.

    First the errors of all states count alike; where they turn out to differ, those of each state then count
    by how large they are, which is where the observations are likeliest.

    Args:
        system: The system, with constants to begin with.
        paths: What was observed.
        initials: Initial coordinates to begin with, shape (S, C); the smoothed ones by default.
        clock: When it is over the best values so far are taken; is told of the work.
    """
    found, left = _least_squares(system, paths, paths.initials if initials is None else initials, clock)
    sizes = np.sqrt(np.maximum(left, paths.settings.exact_fvu))
    if found.is_exact or sizes.max() < _UNLIKE * sizes.min() or (clock is not None and clock.is_over):
        return found
    again, _ = _least_squares(found.system, paths, found.initials, clock, sizes.min() / sizes)
    return min(found, again, key=lambda one: one.bits)


def _least_squares(
    system: System, paths: Paths, initials: Array, clock: Clock | None, weights: Array | None = None
) -> tuple[FittedSystem, Array]:
    """A fit with weights of the states' errors (D,), the same of all by default; and its losses (D,)."""
    problem = Shooting(system, paths, clock, weights)
    with contextlib.suppress(_TimeIsUpError):
        batched.levenberg_marquardt(
            problem,
            problem.joined(initials)[None],
            batched.SCALED,
            max_iterations=paths.settings.most_shots,
            least_gain=paths.settings.least_gain,
        )
    values, flat = problem.best
    constants, fitted = problem.split(values)
    found, errors = (
        with_all_constants(system, problem.all_constants(constants)),
        flat.reshape(-1, len(system)),
    )
    unexplained = paths.unexplained(errors)
    bits, is_exact = paths.bits(found, errors), paths.is_exact(errors)
    return FittedSystem(found, bits, fitted, unexplained, is_exact, unexplained), losses(errors)


class _TimeIsUpError(Exception):
    """Ends a fit from within."""


class Shooting:
    """Errors as a function of constants and initial values, joined in one vector: the one row of a problem.

    Attributes:
        best: The vector with the smallest weighted errors so far, and the errors without weights.
        is_held: Which free constants stay as they are, shape (K,).
        owners: Of each constant of the system, which of the free ones it is,
        ratios: and times what.
    """

    best: tuple[Array, Array]

    def __init__(
        self, system: System, paths: Paths, clock: Clock | None = None, weights: Array | None = None
    ) -> None:
        """Takes weights of the states' errors (D,), the same of all by default."""
        self.paths = paths
        self._weights = np.ones(len(system)) if weights is None else weights
        self._clock = clock or Clock()
        self._least = math.inf
        self.n_states = len(system)
        self.compiled = paths.compiled([system])
        own = all_constants(system)
        free, self.owners, self.ratios = _free(len(own), paths.ties(system))
        self._begin, self.n_constants = own[free], len(free)
        self._sources, self._numbers = paths.sources(system)
        self.n_paths, self.width = paths.initials.shape
        self.is_held = np.array([abs(value) in paths.held for value in self._begin], dtype=np.bool_)

    def joined(self, initials: Array) -> Array:
        """The system's free constants and initial coordinates (S, C) as one vector."""
        return np.concatenate([self._begin, initials.ravel()])

    def split(self, values: Array) -> tuple[Array, Array]:
        """Free constants (K,) and initial coordinates (S, C)."""
        return values[: self.n_constants], values[self.n_constants :].reshape(self.n_paths, self.width)

    def all_constants(self, free: Array) -> Array:
        """Constants of the system, in the order in which it has them, by the free ones, (..., K)."""
        return np.asarray(free[..., self.owners] * self.ratios)

    def residuals(self, values: Array, rows: Rows) -> Array:  # noqa: ARG002 (there is one row)
        """As `LeastSquares` says."""
        if math.isfinite(self._least) and self._clock.is_over:
            raise _TimeIsUpError
        constants, initials = self.split(values[0])
        errors = self._errors(constants[None], initials[None])
        weighted: Array = (errors * self._weights).reshape(1, -1)
        if (squares := float(weighted[0] @ weighted[0])) < self._least:
            self._least, self.best = squares, (values[0].copy(), errors.ravel())
        return weighted

    def normal_equations(self, values: Array, rows: Rows, residuals: Array) -> tuple[Array, Array]:  # noqa: ARG002
        """As `LeastSquares` says."""
        errors = residuals[0].reshape(-1, self.n_states) / self._weights
        A, g = self._normal_equations(values[0], errors.ravel(), self._weights)
        return A[None], g[None]

    def normal_matrix(self, values: Array, residuals: Array, weights: Array) -> Array:
        """J^T W^2 J at some values, with weights of the states (D,)."""
        return self._normal_equations(values, residuals, weights)[0]

    def _normal_equations(self, values: Array, residuals: Array, weights: Array) -> tuple[Array, Array]:
        """A path knows its own initial values alone, so most blocks are zero."""
        errors = residuals.reshape(-1, self.n_states)
        derivatives = self._derivatives(values, errors) * weights[:, None]
        n, n_constants = len(values), self.n_constants
        A, g = np.zeros((n, n)), np.zeros(n)
        owner = self.paths.owner
        starts = np.searchsorted(owner, np.arange(self.n_paths + 1))
        errors = errors * weights
        for path, (start, stop) in enumerate(itertools.pairwise(starts.tolist())):
            J = derivatives[start:stop].reshape(-1, derivatives.shape[2])
            own = n_constants + path * self.width + np.arange(self.width)
            places = np.concatenate((np.arange(n_constants), own))
            A[np.ix_(places, places)] += J.T @ J
            g[places] += J.T @ errors[start:stop].ravel()
        return A, g

    def _derivatives(self, values: Array, errors: Array) -> Array:
        """Difference quotients (N, D, K + C) by the constants and by each path's own initial coordinates.

        Initial values of all paths move together.
        """
        constants, initials = self.split(values)
        n_constants, width = self.n_constants, self.width
        steps = np.maximum(_STEP * np.abs(constants), _SMALLEST_STEP)
        moves = np.maximum(_STEP * np.abs(initials), _SMALLEST_STEP)
        all_constants = np.tile(constants, (n_constants + width, 1))
        all_initials = np.tile(initials, (n_constants + width, 1, 1))
        all_constants[np.arange(n_constants), np.arange(n_constants)] += steps
        for place in range(width):
            all_initials[n_constants + place, :, place] += moves[:, place]
        result = np.empty((*errors.shape, n_constants + width))
        n_rows = max(1, _N_STATES_AT_A_TIME // errors.size)
        for first in range(0, n_constants + width, n_rows):
            if self._clock.is_over:
                raise _TimeIsUpError
            rows = slice(first, first + n_rows)
            change = self._errors(all_constants[rows], all_initials[rows]) - errors
            result[..., rows] = np.moveaxis(change, 0, -1)
        result[..., :n_constants] /= steps
        result[..., :n_constants][..., self.is_held] = 0.0
        result[..., n_constants:] /= moves[self.paths.owner][:, None, :]
        return result

    def _errors(self, constants: Array, initials: Array) -> Array:
        self._clock.spend(
            _SECONDS + _SECONDS_A_STATE * len(constants) * self.paths.n_observations * self.width
        )
        constants = self.all_constants(constants)
        entire = np.concatenate((constants, np.tile(self._numbers, (len(constants), 1))), axis=1)
        table = entire[:, self._sources] if len(self._sources) else np.zeros((len(constants), 1))
        return self.paths.errors(self.compiled, initials, table, np.zeros(len(table), dtype=np.int64))


def _free(n_constants: int, ties: Sequence[Tie]) -> tuple[Rows, Rows, Array]:
    """Places of the free constants, and for each constant which of them it is, and times what."""
    tied = {tie.tied: tie for tie in ties}
    free = [place for place in range(n_constants) if place not in tied]
    owners = [free.index(tied[place].free if place in tied else place) for place in range(n_constants)]
    ratios = [tied[place].ratio if place in tied else 1.0 for place in range(n_constants)]
    return np.array(free, dtype=np.int64), np.array(owners, dtype=np.int64), np.array(ratios)
