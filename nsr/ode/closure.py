"""Whether observed states are closed: whether where they are says how they go on.

Two times at which the states are all but equal, but move differently, show that something else acts on them.
No equation is needed to see that; the idea is that of false nearest neighbours (Kennel, Brown and Abarbanel,
Physical Review A 45, 1992, 3403-3411), turned on the left-hand sides of the equations. What else would have
to be known is asked in the same way: whether velocities, or what the states were some time ago, resolve the
contradictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from nsr.ode.inputs import Inputs
from nsr.ode.task import OdeTask
from nsr.ode.trajectories import MIN_POINTS, Trajectory

Array = NDArray[np.float64]

# Observations that are looked at.
_MOST_POINTS = 1_000
# Neighbours are this near, in units of each variable's deviation and of the root of their number: the first
# distance at which a share of all observations has one. Times within a share of the span are no other times.
_RADII, _WANTED, _APART = (0.01, 0.02, 0.05), 0.15, 0.05
# Observations at each end of a trajectory that are left out.
_ENDS = 3
# With neighbours of a smaller share of the observations nothing can be said.
_LEAST_SEEN = 0.05
# Of pairs of neighbours one in ten differs by more than what counts: in deviations of the left-hand sides;
# of maps, which are observed with noise that nothing tells.
_QUANTILE, _MOST, _MOST_OF_MAPS = 0.9, 0.1, 0.3
# Noise of the left-hand sides explains differences up to this many times its own.
_NOISE_FACTOR = 2.0
# Delays that are tried, as shares of the time span.
_DELAYS = tuple(np.geomspace(0.03, 0.25, 8).tolist())


@dataclass(frozen=True)
class Contradiction:
    """What neighbours say.

    Attributes:
        share: Of the observations that have neighbours at other times.
        size: By how much left-hand sides differ between neighbours, in deviations; not what noise explains.
    """

    share: float
    size: float

    @property
    def can_tell(self) -> bool:
        """Whether there are enough neighbours."""
        return self.share >= _LEAST_SEEN

    @property
    def is_resolved(self) -> bool:
        """Whether there certainly is none."""
        return self.can_tell and self.size <= _MOST


def is_open(task: OdeTask) -> bool:
    """Whether the variables of the right-hand sides certainly do not say what the left-hand sides are.

    What the time stands in never comes back to where it was, so that nothing is said of it.
    """
    if task.motion.has_time:
        return False
    found = _contradiction(task.trajectories)
    return found.can_tell and found.size > (_MOST_OF_MAPS if task.motion.is_discrete else _MOST)


def cures(task: OdeTask) -> list[str]:
    """What may help where the states are open: what resolves the contradictions, or else all that may."""
    given = "inputs=, if something acts on the system that can be observed"
    if task.motion.is_discrete:
        return [given, "what the states were steps ago, as inputs="]
    others = [given]
    if not task.motion.has_time:
        others.append("explicit_time=True, if it acts as a function of the time")
    if task.motion.order > 1:
        return others
    with_velocities = _contradiction([_second(t) for t in task.trajectories])
    if with_velocities.is_resolved:
        return ["order=2, as velocities resolve this"]
    for share in _DELAYS:
        delayed = [_delayed(t, share * float(np.ptp(t.times))) for t in task.trajectories]
        usable = [one for one in delayed if one is not None]
        if len(usable) == len(delayed) and _contradiction(usable).is_resolved:
            delay = share * float(np.ptp(task.trajectories[0].times))
            return [f"what the states were about {delay:.2g} ago, as inputs=, as that resolves this", *others]
    return others if with_velocities.can_tell else ["order=2, if velocities were not observed", *others]


def _contradiction(trajectories: Sequence[Trajectory]) -> Contradiction:
    """What neighbours of all trajectories say."""
    stride = -(-sum(len(t.times) for t in trajectories) // _MOST_POINTS)
    pairs = [_inner(t) for t in trajectories]
    times = [own for own, _, _ in pairs]
    owner = np.repeat(np.arange(len(pairs)), [len(own) for own in times])[::stride]
    apart = _APART * max(float(np.ptp(own)) for own in times)
    _, x, left = (np.concatenate(parts)[::stride] for parts in zip(*pairs, strict=True))
    deviations = np.std(left, axis=0)
    moves = deviations > 0
    x, left = _scaled(x), left[:, moves] / deviations[moves]
    tree, clock = cKDTree(x), np.concatenate(times)[::stride]
    share, near = 0.0, np.empty((0, 2), np.intp)
    for radius in _RADII:
        near = tree.query_pairs(radius * np.sqrt(x.shape[1]), output_type="ndarray")
        first, second = near.T
        near = near[(owner[first] != owner[second]) | (np.abs(clock[first] - clock[second]) > apart)]
        share = len(np.unique(near)) / len(x)
        if share >= _WANTED:
            break
    if not len(near) or not moves.any():
        return Contradiction(0.0, 0.0)
    differences = np.linalg.norm(left[near[:, 0]] - left[near[:, 1]], axis=1)
    size = np.quantile(differences, _QUANTILE) / np.sqrt(left.shape[1])
    noise = np.concatenate([_noise(t) for t in trajectories])[:, moves] / deviations[moves]
    floor = np.quantile(np.linalg.norm(noise, axis=1), _QUANTILE) / np.sqrt(left.shape[1])
    return Contradiction(share, float(size) if size > _NOISE_FACTOR * floor else 0.0)


def _inner(trajectory: Trajectory) -> tuple[Array, Array, Array]:
    """Times (N,), variables (N, V) and left-hand sides (N, D); not at the ends, where smoothing is poor."""
    variables, left = trajectory.left_sides()
    kept = slice(None) if trajectory.motion.is_discrete else slice(_ENDS, -_ENDS)
    return trajectory.times[: len(left)][kept], variables[kept], left[kept]


def _noise(trajectory: Trajectory) -> Array:
    """Differences of the left-hand sides as each half of the observations has them, shape (N, D)."""
    if trajectory.motion.is_discrete or len(trajectory.times) < 2 * MIN_POINTS:
        return np.zeros((1, trajectory.states.shape[1]))
    halves = [
        replace(
            trajectory, times=trajectory.times[first::2], states=trajectory.states[first::2], scatter=None
        )
        for first in (0, 1)
    ]
    inner = trajectory.times[_ENDS:-_ENDS]
    one, other = (half.derivative(inner, trajectory.motion.order) for half in halves)
    return one - other


def _second(trajectory: Trajectory) -> Trajectory:
    """The same with equations of order 2."""
    return replace(trajectory, motion=replace(trajectory.motion, order=2), start=None)


def _delayed(trajectory: Trajectory, delay: float) -> Trajectory | None:
    """The same from a delay on, with what the states were before as inputs; None if it is too short."""
    kept = trajectory.times >= trajectory.times[0] + delay
    if kept.sum() < 2 * MIN_POINTS:
        return None
    times, motion = trajectory.times[kept], trajectory.motion
    before = trajectory.derivative(times - delay, 0)
    acting = [trajectory.inputs.at(times)] if motion.n_outer else []
    table = np.column_stack((*acting, before))
    return replace(
        trajectory,
        times=times,
        states=trajectory.states[kept],
        start=None,
        scatter=None,
        motion=replace(motion, n_inputs=table.shape[1]),
        inputs=Inputs.of(times, table, False, False),
    )


def _scaled(x: Array) -> Array:
    """Variables in units of their deviations; without those that stand still."""
    deviations = np.std(x, axis=0)
    return np.asarray(x[:, deviations > 0] / deviations[deviations > 0])
