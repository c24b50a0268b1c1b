"""Totals of states that stay constant as far as observations say, and whether a given one does.

Along a trajectory such a total is a constant and noise. So its slow part, its projections on slow
cosines, is no larger than neighbours scatter; and it would be, if one weight were a third off.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.stats import chi2

from nsr.data.names import Names
from nsr.data.notes import tell
from nsr.ode.conserved import read_conserved, written_sum
from nsr.ode.task import OdeTask
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# What says that sums that stay constant are to be found, and that none is to be kept.
FIND_SUMS, NO_SUMS = "auto", "none"
# Weights that totals are looked for with, and states up to which all combinations are.
_WEIGHTS, _MOST_STATES = (0, 1, 2), 7
# Cosines of a trajectory, one for so many observations, and how many of them are the slowest.
_OBSERVATIONS_A_COSINE, _N_SLOWEST = 4, 12
# Chances that noise has as large a slow part: above the first there is none, below the second there is one.
_NONE, _SOME = 1e-2, 1e-4
# Share of a weight that is seen if it is missing; share of the least deviation that a total may scatter by.
_OFF, _MOST_SCATTER = 0.33, 0.75
# Share of the states' deviations that counts as nothing, as solvers leave it.
_NOTHING = 1e-6
# A total that was given may vary by this share of the states' deviations.
_TOLERATED = 0.02


@dataclass(frozen=True)
class _Slow:
    """Slow parts of states along all trajectories.

    Attributes:
        parts: Projections of the states on cosines, shape (M, D).
        is_slowest: Which of these are the slowest of a trajectory, shape (M,).
        seconds: Second differences of the states, shape (N, D).
        moves: Deviations of the states along trajectories, shape (D,).
    """

    parts: Array
    is_slowest: NDArray[np.bool_]
    seconds: Array
    moves: Array

    @classmethod
    def of(cls, trajectories: Sequence[Trajectory]) -> _Slow:
        """The parts of observations."""
        parts, is_slowest, seconds, off = [], [], [], []
        for own in (trajectory.states for trajectory in trajectories):
            n = len(own) // _OBSERVATIONS_A_COSINE
            parts.append(dct(own, norm="ortho", axis=0)[1 : n + 1])
            is_slowest.append(np.arange(n) < _N_SLOWEST)
            seconds.append(own[2:] - 2 * own[1:-1] + own[:-2])
            off.append(own - own.mean(axis=0))
        moves = np.sqrt(np.mean(np.concatenate(off) ** 2, axis=0))
        return cls(np.concatenate(parts), np.concatenate(is_slowest), np.concatenate(seconds), moves)

    def scatter(self, weights: Array) -> Array:
        """How far totals scatter from one observation to the next, shape (Q,); never less than nothing is."""
        noise = np.mean((self.seconds @ weights.T) ** 2, axis=0) / 6
        return np.asarray(np.sqrt(noise + (_NOTHING * np.max(np.abs(weights) * self.moves, axis=1)) ** 2))

    def chances(self, weights: Array) -> Array:
        """Chances that noise alone has slow parts, or slowest ones, as large as totals have, shape (Q,)."""
        squares = (self.parts @ weights.T / self.scatter(weights)) ** 2
        found = [chi2.sf(np.sum(own, axis=0), len(own)) for own in (squares, squares[self.is_slowest])]
        return np.asarray(np.minimum(*found))


def sums_that_stay(asked: str | Sequence[str], task: OdeTask, names: Names) -> Array:
    """Weights of the sums that stay constant, as the user or the observations say, shape (Q, D).

    Args:
        asked: The sums, or `auto` if they are to be found, which is told, or `none`.
        task: What was observed.
        names: Of the variables, the states' first.

    Raises:
        ValueError: If what is asked cannot be used; the message says why.
    """
    texts, states = [asked] if isinstance(asked, str) else list(asked), names.identifiers[: task.n_states]
    if texts != [FIND_SUMS]:
        texts = [] if texts == [NO_SUMS] else texts
        sums = read_conserved(texts, names, task.n_states)
        if len(sums) and task.motion.order > 1:
            raise ValueError("conserved says that sums of states stay constant, which needs order=1")
        if len(sums):
            check_totals(task.trajectories, sums, states)
        return sums
    # Equations of which a form is known follow from no others.
    sums = np.empty((0, task.n_states)) if task.known else find_totals(task.trajectories, task.moves)
    for own in sums:
        tell(
            f"{written_sum(own, states)} stays constant as far as the observations say, so that only systems "
            "that keep it are looked for; with conserved='none' others are, too"
        )
    return sums


def find_totals(trajectories: Sequence[Trajectory], moves: NDArray[np.bool_]) -> Array:
    """Weights of independent totals that stay constant along trajectories, shape (Q, D), the simplest first.

    All weights are positive, as amounts that only change places have; that a difference stays constant is
    more often a matter of the initial values.

    Args:
        trajectories: Observations.
        moves: Which states ever move, shape (D,).
    """
    n_states, movers = len(moves), np.flatnonzero(moves)
    if not 2 <= len(movers) <= _MOST_STATES or trajectories[0].motion.order > 1:
        return np.empty((0, n_states))
    combinations = [w for w in itertools.product(_WEIGHTS, repeat=len(movers)) if _is_simple(w)]
    combinations.sort(key=lambda weights: (np.count_nonzero(weights), sum(weights)))
    weights = np.zeros((len(combinations), n_states))
    weights[:, movers] = combinations
    slow = _Slow.of(trajectories)
    found: list[Array] = []
    for own in weights[slow.chances(weights) > _NONE]:
        is_new = np.linalg.matrix_rank(np.array([*found, own])) > len(found)
        if is_new and len(found) + 1 < len(movers) and _is_told(own, slow):
            found.append(own)
    return np.array(found).reshape(len(found), n_states)


def check_totals(trajectories: Sequence[Trajectory], weights: Array, states: Sequence[str]) -> None:
    """Tells of sums that were said to stay constant, and do not."""
    slow = _Slow.of(trajectories)
    varies = np.sqrt(np.sum((slow.parts @ weights.T) ** 2, axis=0) / sum(len(t.times) for t in trajectories))
    largest = np.max(np.abs(weights) * slow.moves, axis=1)
    for own, chance, change, size in zip(weights, slow.chances(weights), varies, largest, strict=True):
        if chance < _SOME and change > _TOLERATED * size:
            tell(
                f"{written_sum(own, states)} was said to stay constant, and varies by {change:.2g}, more "
                "than observations scatter: leave it out of conserved, or add what is missing in it"
            )


def _is_simple(weights: Sequence[int]) -> bool:
    return sum(weight > 0 for weight in weights) > 1 and 1 in weights


def _is_told(weights: Array, slow: _Slow) -> bool:
    """Whether the observations would say if one of the weights were off."""
    members = np.flatnonzero(weights)
    off = np.tile(weights, (2 * len(members), 1))
    for place, member in enumerate(members):
        off[2 * place : 2 * place + 2, member] *= 1 - _OFF, 1 + _OFF
    least = np.min((weights * slow.moves)[members])
    is_small = slow.scatter(weights[None]) < _MOST_SCATTER * least
    return bool(is_small.all() and (slow.chances(off) < _SOME).all())
