"""Observed paths and how far simulations are off them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression
from nsr.ode.conserved import Conserved
from nsr.ode.description import description_bits, losses
from nsr.ode.inputs import StackedInputs
from nsr.ode.integrate import Systems
from nsr.ode.motion import System
from nsr.ode.positivity import Positivity
from nsr.ode.settings import OdeSettings
from nsr.ode.ties import Tie
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Errors beyond this many deviations are all the same.
_LARGEST_ERROR = 1e3
# A state this many times as large as any observed one has left for infinity.
_FAR = 1e12


class Paths:
    """Observed paths side by side, so that one call integrates them all.

    Attributes:
        motion: What their equations are to say; they have C coordinates.
        initials: Smoothed initial coordinates of the S paths, shape (S, C).
        observed: The same with the states as observed, shape (S, C).
        size: Standard deviation of each state over all paths, 1 for those that stand still; shape (D,).
        settings: How exactly simulations are, and when they are given up.
        n_counted: Observations that count, of a state on average.
        n_anew: Paths that begin where another one ends.
        held: Sizes of constants that are known, and not fitted.
        conserved: Sums that stay constant; systems leave the derived components open.
    """

    def __init__(
        self,
        trajectories: Sequence[Trajectory],
        settings: OdeSettings,
        n_threads: int = 1,
        held: frozenset[float] = frozenset(),
        conserved: Conserved | None = None,
        n_anew: int = 0,
    ) -> None:
        """Takes paths of any lengths; threads share simulations."""
        longest = max(len(trajectory.times) for trajectory in trajectories)
        # Shorter ones wait at their end.
        self._times = np.stack([_lengthened(t.times, longest) for t in trajectories])
        self._states = np.stack([_lengthened(t.states, longest) for t in trajectories])
        lengths = np.array([len(trajectory.times) for trajectory in trajectories])
        self._is_seen = np.arange(longest) < lengths[:, None]
        self.initials = np.stack([trajectory.initial for trajectory in trajectories])
        self.motion = trajectories[0].motion
        self._inputs = StackedInputs.of([trajectory.inputs for trajectory in trajectories])
        n_states = self._states.shape[2]
        self.observed = np.concatenate((self._states[:, 0], self.initials[:, n_states:]), axis=1)
        deviation = np.std(self._states[self._is_seen], axis=0)
        self.size = np.where(deviation > 0, deviation, 1.0)
        scatters = [np.ones_like(t.states) if t.scatter is None else t.scatter for t in trajectories]
        scatter = np.stack([_lengthened(own, longest) for own in scatters])
        counts = np.isfinite(scatter) & self._is_seen[..., None]
        self._scatter = np.where(counts, scatter, 1.0)
        n_counted = np.maximum(np.sum(counts, axis=(0, 1)), 1)
        # Means over all observations are those over what counts.
        self._share = counts * np.sqrt(self._is_seen.sum() / n_counted)
        # What one path ends with and another begins with counts once.
        self.n_counted, self.n_anew = round(float(np.mean(n_counted))) - n_anew, n_anew
        self._largest = _FAR * max(1.0, float(np.abs(self._states).max()))
        self.settings, self._n_threads = settings, n_threads
        self.held, self.conserved = held, conserved
        self._positivity = Positivity(trajectories)

    @property
    def scatter(self) -> Array:
        """How far each observation scatters relative to the typical one, shape (N, D)."""
        return self._scatter[self._is_seen]

    @property
    def first_scatter(self) -> Array:
        """How far each path's first observation scatters relative to the typical one, shape (S, D)."""
        return np.asarray(self._scatter[:, 0])

    @property
    def is_never_negative(self) -> NDArray[np.bool_]:
        """Which states no observation of is below 0, shape (D,)."""
        return np.asarray(np.all(self._states >= 0, axis=(0, 1)))

    @property
    def owner(self) -> NDArray[np.intp]:
        """Which path each of the N observations belongs to, shape (N,)."""
        return np.nonzero(self._is_seen)[0]

    @property
    def n_observations(self) -> int:
        """N."""
        return int(self._is_seen.sum())

    def compiled(self, systems: Sequence[System]) -> Systems:
        """Systems of right-hand sides as `errors` takes them."""
        motion, conserved = self.motion, self.conserved
        whole = systems if conserved is None else [conserved.completed(one) for one in systems]
        return Systems([motion.integrable(one) for one in whole], motion.n_outer, motion.is_discrete)

    def sources(self, system: System) -> tuple[NDArray[np.int64], Array]:
        """Where the constants of what was compiled come from, as `Conserved.sources` says."""
        if self.conserved is not None:
            return self.conserved.sources(system)
        return np.arange(sum(len(component.constants) for component in system)), np.empty(0)

    def ties(self, system: System) -> list[Tie]:
        """Which constants are others times a number, as `Conserved.ties` says."""
        return [] if self.conserved is None else self.conserved.ties(system)

    @property
    def rates(self) -> Array:
        """Constant left-hand sides that come closest to the observations of all paths, shape (D,).

        By least squares, the initial coordinates of each path being free. Not for maps.
        """
        power = self._passed**self.motion.order / math.factorial(self.motion.order)
        curve, states = self._without_free_motion(power[..., None]), self._without_free_motion(self._states)
        return np.asarray(np.sum(curve * states, axis=(0, 1)) / np.sum(curve**2, axis=(0, 1)))

    def starts_at(self, rates: Array) -> Array:
        """Initial coordinates from which constant left-hand sides (D,) come closest, shape (S, C).

        Not for maps.
        """
        order = self.motion.order
        states = self._states - rates * self._passed[..., None] ** order / math.factorial(order)
        found = [
            np.linalg.lstsq(np.vander(passed[seen], order, increasing=True), own[seen])[0].ravel()
            for passed, own, seen in zip(self._passed, states, self._is_seen, strict=True)
        ]
        return np.stack(found)

    @property
    def _passed(self) -> Array:
        """Times since the beginning of each path, shape (S, T)."""
        return self._times - self._times[:, :1]

    def _without_free_motion(self, values: Array) -> Array:
        """What left-hand sides of 0 leave of values (S, T, n); 0 where nothing was seen."""
        left = np.zeros((*self._is_seen.shape, values.shape[2]))
        for place, seen in enumerate(self._is_seen):
            basis = np.linalg.qr(np.vander(self._passed[place, seen], self.motion.order))[0]
            own = values[place, seen]
            left[place, seen] = own - basis @ (basis.T @ own)
        return left

    def errors(
        self,
        systems: Systems,
        initials: Array | None = None,
        constants: Array | None = None,
        index: NDArray[np.int64] | None = None,
        is_rough: bool = False,
    ) -> Array:
        """Simulated minus observed states in units of each state's size and scatter, shape (R, N, D).

        Args:
            systems: The systems.
            initials: Initial coordinates of each row on each path, shape (R, S, C); the smoothed ones by
                default.
            constants: As in `nsr.ode.integrate.Systems.integrate`, shape (R, K).
            index: As there, shape (R,).
            is_rough: Whether a few digits are enough, and what takes many steps may be given up.
        """
        n_paths, n_points, n_states = self._states.shape
        width = self.initials.shape[1]
        rows = np.arange(systems.n_systems) if index is None else index
        begin = np.broadcast_to(self.initials if initials is None else initials, (len(rows), n_paths, width))
        s = self.settings
        rtol, steps_a_point = (s.rough_rtol, s.rough_steps_a_point) if is_rough else (s.rtol, s.steps_a_point)
        with np.errstate(all="ignore"):
            states = systems.integrate(
                begin.reshape(-1, width),
                np.tile(self._times, (len(rows), 1)),
                None if constants is None else np.repeat(constants, n_paths, axis=0),
                np.repeat(rows, n_paths),
                rtol=rtol,
                atol=rtol * 1e-3 * float(self.size.min()),
                max_steps=steps_a_point * n_points,
                largest=self._largest,
                n_threads=self._n_threads,
                inputs=self._inputs,
                which=np.tile(np.arange(n_paths), len(rows)),
            ).reshape(len(rows), n_paths, n_points, width)[..., :n_states]
            off = ((states - self._states) / (self.size * self._scatter) * self._share)[:, self._is_seen]
        return np.where(np.isfinite(off), np.clip(off, -_LARGEST_ERROR, _LARGEST_ERROR), s.broken)

    def unexplained(self, errors: Array) -> Array:
        """Share of each state's variance that errors (..., N, D) leave unexplained, shape (..., D)."""
        return losses(errors * self.scatter)

    def bits(self, system: System, errors: Array) -> float:
        """Description length of the observations by a system, of the system, and of what begins anew.

        Args:
            system: Its equations.
            errors: Of its simulation, shape (N, D).
        """
        return self.bits_of_shares(system, losses(errors))

    def fewest_bits(self, system: System) -> float:
        """`bits` with errors no larger than those of integration, and constants of all digits."""
        return self._bits([component.skeleton() for component in system], np.zeros(len(system)))

    def rough_bits(self, systems: Sequence[System]) -> Array:
        """`bits` of each system, simulated roughly from smoothed initial values, shape (R,)."""
        errors = self.errors(self.compiled(systems), is_rough=True)
        return np.array([self.bits(system, off) for system, off in zip(systems, errors, strict=True)])

    def is_exact(self, errors: Array) -> bool:
        """Whether errors (N, D) are no larger than those of integration."""
        return bool(np.all(losses(errors) <= self.settings.exact_fvu))

    def bits_of_shares(self, system: System, unexplained: Array) -> float:
        """`bits` of a system that leaves shares of each state's variance unexplained, shape (D,).

        One that takes states below 0 that never were needs more.
        """
        described = system if self.conserved is None else self.conserved.described(system)
        crossing = self.settings.crossing_bits * self._positivity.n_crossing(system)
        return self._bits(described, unexplained) + crossing

    def _bits(self, written: Sequence[Expression], unexplained: Array) -> float:
        s = self.settings
        left = unexplained.tolist()
        n_initials = self.n_anew * self.initials.shape[1]
        return description_bits(written, left, self.n_counted, s.exact_fvu, s.equation_weight, n_initials)


def _lengthened(values: Array, length: int) -> Array:
    """Values with the last one repeated."""
    return np.concatenate((values, np.repeat(values[-1:], length - len(values), axis=0)))
