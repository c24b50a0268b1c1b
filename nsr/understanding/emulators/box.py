"""The box of a function's inputs, and points that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names

Array = NDArray[np.float64]
# Low, high, and for decades "log".
Range = tuple[float, float] | tuple[float, float, str]


@dataclass(frozen=True, eq=False)
class Box:
    """Ranges of inputs.

    Attributes:
        names: Identifiers of the inputs, D of them.
        low: Shape (D,), as `high`.
        high: See `low`.
        is_log: Which inputs are spread evenly in their logarithm, shape (D,).
    """

    names: tuple[str, ...]
    low: Array
    high: Array
    is_log: NDArray[np.bool_]

    @classmethod
    def of(cls, ranges: Mapping[str, Range]) -> Box:
        """The box that a user describes.

        Raises:
            ValueError: If it has no inputs, or a range is empty, infinite, or has a logarithm of no number.
        """
        if not ranges:
            raise ValueError("ranges={} has no inputs: give {'x': (low, high), ...}")
        for name, (low, high, *scale) in ranges.items():
            is_decades = scale == ["log"]
            if scale and not is_decades:
                raise ValueError(
                    f"the range of {name!r} ends with {scale[0]!r}: give (low, high, 'log') or two numbers"
                )
            if not (np.isfinite([low, high]).all() and low < high) or (is_decades and low <= 0):
                raise ValueError(
                    f"the range ({low:g}, {high:g}) of {name!r} is none: give low < high, positive for log"
                )
        ends = np.array([[low, high] for low, high, *_ in ranges.values()], dtype=np.float64)
        is_log = np.array([len(one) == 3 for one in ranges.values()])
        return cls(Names.of(list(ranges)).identifiers, ends[:, 0], ends[:, 1], is_log)

    def points(self, unit: Array) -> Array:
        """Inputs for points of the unit cube, both of shape (n, D)."""
        low, high = self._ends()
        inner = low + unit * (high - low)
        return np.clip(
            np.where(self.is_log, np.exp(np.where(self.is_log, inner, 0.0)), inner), self.low, self.high
        )

    def unit(self, X: Array) -> Array:
        """Points of the unit cube for inputs, both of shape (n, D)."""
        low, high = self._ends()
        inner = np.where(self.is_log, np.log(np.where(self.is_log, X, 1.0)), X)
        return np.asarray((inner - low) / (high - low))

    def _ends(self) -> tuple[Array, Array]:
        """Low and high, of decades their logarithms."""
        low, high = (
            np.where(self.is_log, np.log(np.where(self.is_log, end, 1.0)), end)
            for end in (self.low, self.high)
        )
        return low, high


def most_doubtful(pool: Array, doubt: Array, known: Array, n: int) -> NDArray[np.intp]:
    """Points that are in doubt, far from those that are known and from each other.

    Args:
        pool: Points of the unit cube to choose from, shape (m, D).
        doubt: How much at each, in any unit, shape (m,).
        known: Points where the function was called, shape (k, D).
        n: How many to choose.

    Returns:
        Their places in the pool, shape (n,): each has the largest product of doubt and distance to the
        nearest point that is known or chosen before.
    """
    from scipy.spatial import cKDTree

    distance = np.asarray(cKDTree(known).query(pool)[0], dtype=np.float64)
    worth = doubt if doubt.max() > 0 else np.ones_like(doubt)
    chosen = []
    for _ in range(n):
        place = int(np.argmax(worth * distance))
        chosen.append(place)
        distance = np.minimum(distance, np.linalg.norm(pool - pool[place], axis=1))
    return np.array(chosen, dtype=np.intp)
