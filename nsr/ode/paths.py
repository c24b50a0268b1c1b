"""Observed paths and how far simulations are off them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression
from nsr.ode.description import description_bits, losses
from nsr.ode.integrate import Systems
from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]
System = tuple[Expression, ...]

# Errors beyond this many deviations are all the same.
_LARGEST_ERROR = 1e3
# A state this many times as large as any observed one has left for infinity.
_FAR = 1e12


class Paths:
    """Observed paths side by side, so that one call integrates them all.

    Attributes:
        initials: Smoothed initial values of the S paths, shape (S, D).
        observed: Their initial values as observed, shape (S, D).
        size: Standard deviation of each state over all paths, 1 for those that stand still; shape (D,).
        settings: How exactly simulations are, and when they are given up.
    """

    def __init__(self, trajectories: Sequence[Trajectory], settings: OdeSettings, n_threads: int = 1) -> None:
        """Takes paths of any lengths; threads share simulations."""
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
        self._largest = _FAR * max(1.0, float(np.abs(self._states).max()))
        self.settings, self._n_threads = settings, n_threads

    @property
    def scatter(self) -> Array:
        """How far each observation scatters relative to the typical one, shape (N, D)."""
        return self._scatter[self._is_seen]

    @property
    def owner(self) -> NDArray[np.intp]:
        """Which path each of the N observations belongs to, shape (N,)."""
        return np.nonzero(self._is_seen)[0]

    @property
    def n_observations(self) -> int:
        """N."""
        return int(self._is_seen.sum())

    @property
    def rates(self) -> Array:
        """Constant rates that come closest to the observations of all paths by least squares, shape (D,)."""
        seen = self._is_seen[..., None]
        times = self._times[..., None] - np.mean(self._times[..., None], axis=1, keepdims=True, where=seen)
        products = np.sum(times * self._states, axis=(0, 1), where=seen)
        return np.asarray(products / np.sum(times**2, axis=(0, 1), where=seen))

    def starts_of_lines(self, rates: Array) -> Array:
        """Initial values from which states at constant rates (D,) come closest, shape (S, D)."""
        passed = (self._times - self._times[:, :1])[..., None]
        return np.asarray(np.mean(self._states - rates * passed, axis=1, where=self._is_seen[..., None]))

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
            initials: Initial values of each row on each path, shape (R, S, D); the smoothed ones by default.
            constants: As in `nsr.ode.integrate.Systems.integrate`, shape (R, K).
            index: As there, shape (R,).
            is_rough: Whether a few digits are enough, and what takes many steps may be given up.
        """
        n_paths, n_points, width = self._states.shape
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
            ).reshape(len(rows), n_paths, n_points, width)
            off = ((states - self._states) / (self.size * self._scatter))[:, self._is_seen]
        return np.where(np.isfinite(off), np.clip(off, -_LARGEST_ERROR, _LARGEST_ERROR), s.broken)

    def unexplained(self, errors: Array) -> Array:
        """Share of each state's variance that errors (..., N, D) leave unexplained, shape (..., D)."""
        return losses(errors * self.scatter)

    def bits(self, system: System, errors: Array) -> float:
        """Description length of the observations by a system, and of the system itself.

        Args:
            system: Its equations.
            errors: Of its simulation, shape (N, D).
        """
        return self._bits(system, losses(errors))

    def fewest_bits(self, system: System) -> float:
        """`bits` with errors no larger than those of integration, and constants of all digits."""
        return self._bits([component.skeleton() for component in system], np.zeros(len(system)))

    def rough_bits(self, systems: Sequence[System]) -> Array:
        """`bits` of each system, simulated roughly from smoothed initial values, shape (R,)."""
        errors = self.errors(Systems(systems), is_rough=True)
        return np.array([self.bits(system, off) for system, off in zip(systems, errors, strict=True)])

    def is_exact(self, errors: Array) -> bool:
        """Whether errors (N, D) are no larger than those of integration."""
        return bool(np.all(losses(errors) <= self.settings.exact_fvu))

    def _bits(self, system: Sequence[Expression], unexplained: Array) -> float:
        s = self.settings
        left = unexplained.tolist()
        return description_bits(system, left, self.n_observations, s.exact_fvu, s.equation_weight)


def _lengthened(values: Array, length: int) -> Array:
    """Values with the last one repeated."""
    return np.concatenate((values, np.repeat(values[-1:], length - len(values), axis=0)))
