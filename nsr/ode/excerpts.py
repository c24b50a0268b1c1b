"""What a search looks at of long tables: parts that hold a few oscillations, and not too many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Deviations from its mean that a state has to reach on either side before it counts as having crossed it.
_SWING = 0.5
# Half oscillations beyond which a long table is cut; those of a part, and parts at most.
_MOST_CROSSINGS, _CROSSINGS_OF_A_PART, _MOST_PARTS = 60, 20, 6
# Rows of all parts of a trajectory.
_MOST_ROWS = 20_000
# Share of a state's variance that third differences of noise have, and not those of smooth curves of many
# rows.
_LEAST_NOISE = 1e-9
_LEAST_ROWS = 50


def excerpts(trajectory: Trajectory, settings: OdeSettings) -> list[Trajectory]:
    """Parts of a trajectory that together hold what it says; the whole one if it is short.

    One that oscillates often is cut into a few parts, of which the first begins where it does. Of too many
    rows some are taken, or means where there is noise.

    Args:
        trajectory: As it was observed.
        settings: Say what is short.
    """
    n = len(trajectory.times)
    if n <= settings.most_points:
        return [trajectory]
    if trajectory.motion.is_discrete:
        length, n_parts = settings.most_points, 1
    elif (n_crossings := crossings(trajectory.states)) <= _MOST_CROSSINGS:
        length, n_parts = n, 1
    else:
        length = min(n, max(_LEAST_ROWS, n * _CROSSINGS_OF_A_PART // n_crossings))
        n_parts = min(_MOST_PARTS, n // length)
    firsts = np.linspace(0, n - length, n_parts).astype(int)
    stride = -(-length * n_parts // _MOST_ROWS)
    return [_coarser(trajectory, slice(first, first + length), stride) for first in firsts.tolist()]


def crossings(states: Array) -> int:
    """How often a state crosses its mean, by more than noise does, the one that does so most often."""
    deviations = np.std(states, axis=0)
    scaled = (states - np.mean(states, axis=0)) / np.where(deviations > 0, deviations, 1.0)
    sides = np.where(np.abs(scaled) > _SWING, np.sign(scaled), 0.0)
    return max(int(np.count_nonzero(np.diff(own[own != 0]))) for own in sides.T)


def _coarser(trajectory: Trajectory, rows: slice, stride: int) -> Trajectory:
    """Some rows of a trajectory, every so many of them, or their means."""
    times, states, scatter = trajectory.times[rows], trajectory.states[rows], trajectory.scatter
    if scatter is not None:
        scatter = scatter[rows][::stride]
        return replace(trajectory, times=times[::stride], states=states[::stride], scatter=scatter)
    if stride > 1 and _is_noisy(states):
        n = len(times) // stride * stride
        times = times[:n].reshape(-1, stride).mean(axis=1)
        states = states[:n].reshape(-1, stride, states.shape[1]).mean(axis=1)
    else:
        times, states = times[::stride], states[::stride]
    return replace(trajectory, times=times, states=states)


def _is_noisy(states: Array) -> bool:
    spread = np.var(states, axis=0)
    rough = np.mean(np.diff(states, 3, axis=0) ** 2, axis=0) / 20.0  # of noise, its variance
    return bool(np.any(rough > _LEAST_NOISE * np.where(spread > 0, spread, np.inf)))


def all_excerpts(
    trajectories: Sequence[Trajectory], settings: OdeSettings
) -> tuple[list[Trajectory], NDArray[np.int64]]:
    """`excerpts` of all, and the place among them of each trajectory's first one."""
    parts = [excerpts(trajectory, settings) for trajectory in trajectories]
    return [one for own in parts for one in own], np.cumsum([0, *(len(own) for own in parts[:-1])])
