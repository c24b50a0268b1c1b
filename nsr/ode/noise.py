"""How far observations scatter: by the same everywhere, or in proportion to the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.ode.description import bits_saved, losses
from nsr.ode.settings import OdeSettings
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]


def with_scatter(trajectories: Sequence[Trajectory], settings: OdeSettings) -> list[Trajectory]:
    """Trajectories that know how far their observations scatter, in each state by 1 in geometric mean.

    Where users have given weights, these say so. Otherwise observations are compared with smoothing splines,
    and are taken to scatter in proportion to the state if that makes them clearly likelier, and all alike
    otherwise.

    Args:
        trajectories: Observations.
        settings: What counts as scatter, and as clear.
    """
    if trajectories[0].scatter is not None:
        return _by_weights(trajectories)
    if trajectories[0].motion.is_discrete:
        return list(trajectories)
    smoothed = np.concatenate([trajectory.smoothed for trajectory in trajectories])
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    scatter = np.ones_like(states)
    for place, (seen, smooth) in enumerate(zip(states.T, smoothed.T, strict=True)):
        off = seen - smooth
        if np.sqrt(np.mean(off**2)) > settings.least_scatter * np.std(seen):
            in_proportion = _proportional(smooth, settings.least_trusted)
            proportional, alike = losses(np.column_stack((off / in_proportion, off))).tolist()
            if bits_saved(proportional, alike) > settings.least_scatter_gain:
                scatter[:, place] = in_proportion
    cuts = np.cumsum([len(trajectory.times) for trajectory in trajectories])[:-1]
    own = np.split(scatter, cuts)
    return [replace(trajectory, scatter=part) for trajectory, part in zip(trajectories, own, strict=True)]


def _by_weights(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """With the scatter that they have, by 1 in geometric mean of what counts."""
    given = [np.ones_like(t.states) if t.scatter is None else t.scatter for t in trajectories]
    with np.errstate(invalid="ignore"):
        logs = np.log(np.concatenate(given))
    typical = np.exp(np.mean(logs, axis=0, where=np.isfinite(logs)))
    return [replace(t, scatter=own / typical) for t, own in zip(trajectories, given, strict=True)]


def _proportional(smooth: Array, least_trusted: float) -> Array:
    size = np.abs(smooth)
    floored = np.maximum(size, least_trusted * np.sqrt(np.mean(size**2)))
    return np.asarray(floored / np.exp(np.mean(np.log(floored))))
