"""What stands on the right of equations of motion and is not theirs to change: inputs, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PPoly

Array = NDArray[np.float64]

# Points from which every second one can be predicted by a cubic spline of the others.
_LEAST_FOR_CURVES = 8
# Share of the squared errors of straight lines below which a curve is better, and no chance.
_CLEARLY = 0.25


@dataclass(frozen=True)
class Inputs:
    """Functions of time, cubic from each knot to the next.

    Attributes:
        knots: Ascending times, shape (K,).
        pieces: Coefficients of each function between two knots, of powers of the time since the first of
            them from 0 on; shape (M, K - 1, 4).
        is_smooth: Whether steps of an integrator may pass over the knots.
    """

    knots: Array
    pieces: Array
    is_smooth: bool = True

    @classmethod
    def of(cls, times: Array, values: Array, is_held: bool, has_time: bool) -> Inputs:
        """Inputs as they were observed.

        One that never changes is a constant. Between two observations an input stays what it was, if it is
        held. Otherwise it follows a cubic spline, if that predicts every second observation from the others
        clearly better than straight lines, or else these.

        Args:
            times: Ascending, shape (K,).
            values: Shape (K, M).
            is_held: Whether inputs change in steps.
            has_time: Whether the time follows as the last of the functions.
        """
        knots = times if values.shape[1] else times[[0, -1]]
        pieces = np.zeros((values.shape[1] + has_time, len(knots) - 1, 4))
        is_smooth = True
        for place, value in enumerate(values.T):
            if np.ptp(value) == 0:
                pieces[place, :, 0] = value[0]
                continue
            if is_held:
                pieces[place, :, 0] = value[:-1]
            elif _is_curved(times, value):
                pieces[place] = CubicSpline(times, value).c[::-1].T
                continue
            else:
                pieces[place, :, 0], pieces[place, :, 1] = value[:-1], np.diff(value) / np.diff(times)
            is_smooth = False
        if has_time:
            pieces[-1, :, 0], pieces[-1, :, 1] = knots[:-1], 1.0
        return cls(knots, pieces, is_smooth)

    def at(self, times: Array) -> Array:
        """Values at some times, shape (N, M)."""
        return np.asarray(PPoly(self.pieces[..., ::-1].transpose(2, 1, 0), self.knots)(times))


# Of systems that nothing acts on.
NOTHING = Inputs(np.array([0.0, np.inf]), np.zeros((0, 1, 4)))


@dataclass(frozen=True)
class StackedInputs:
    """Several sets of inputs, as the integrator takes them; the knots of shorter ones go on at infinity.

    Attributes:
        knots: Shape (S, K).
        pieces: Shape (S, M, K - 1, 4).
        is_smooth: Shape (S,).
    """

    knots: Array
    pieces: Array
    is_smooth: NDArray[np.bool_]

    @classmethod
    def of(cls, inputs: Sequence[Inputs]) -> StackedInputs:
        """Those of several paths, all of the same M."""
        longest = max(len(one.knots) for one in inputs)
        knots = np.full((len(inputs), longest), np.inf)
        pieces = np.zeros((len(inputs), len(inputs[0].pieces), longest - 1, 4))
        for place, one in enumerate(inputs):
            knots[place, : len(one.knots)] = one.knots
            pieces[place, :, : len(one.knots) - 1] = one.pieces
        return cls(knots, pieces, np.array([one.is_smooth for one in inputs]))


def _is_curved(times: Array, value: Array) -> bool:
    """Whether a cubic spline through every second point is nearer to the others than straight lines are."""
    if len(times) < _LEAST_FOR_CURVES:
        return False
    seen, left = slice(None, None, 2), slice(1, len(times) - 1, 2)
    curve = CubicSpline(times[seen], value[seen])(times[left])
    line = np.interp(times[left], times[seen], value[seen])
    squares = [float(np.sum((found - value[left]) ** 2)) for found in (curve, line)]
    return squares[0] < _CLEARLY * squares[1]
