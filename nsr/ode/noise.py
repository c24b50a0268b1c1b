"""How far observations scatter: by the same everywhere, or in proportion to the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Scatter of less than this share of a state's deviation is none.
_NO_NOISE = 1e-3
# Bits by which each observation must be likelier on average.
_LEAST_GAIN = 0.05
# No observation is trusted more than one of this share of the state's root mean square.
_SMALLEST_SHARE = 0.1


def with_scatter(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """Trajectories that know how far their observations scatter, in each state by 1 in geometric mean.

    Observations are compared with smoothing splines. They are taken to scatter in proportion to the state if
    that makes them clearly likelier, and all alike otherwise.
    """
    smoothed = np.concatenate([trajectory.smoothed for trajectory in trajectories])
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    scatter = np.ones_like(states)
    for place, (seen, smooth) in enumerate(zip(states.T, smoothed.T, strict=True)):
        off = np.sqrt(np.mean((seen - smooth) ** 2))
        if off > _NO_NOISE * np.std(seen):
            in_proportion = _proportional(smooth)
            gain = np.log2(off) - np.log2(np.sqrt(np.mean(((seen - smooth) / in_proportion) ** 2)))
            if gain > _LEAST_GAIN:
                scatter[:, place] = in_proportion
    cuts = np.cumsum([len(trajectory.times) for trajectory in trajectories])[:-1]
    own = np.split(scatter, cuts)
    return [replace(trajectory, scatter=part) for trajectory, part in zip(trajectories, own, strict=True)]


def _proportional(smooth: Array) -> Array:
    size = np.abs(smooth)
    floored = np.maximum(size, _SMALLEST_SHARE * np.sqrt(np.mean(size**2)))
    return np.asarray(floored / np.exp(np.mean(np.log(floored))))
