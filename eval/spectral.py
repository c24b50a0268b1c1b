"""Fields on periodic grids integrated in time: Fourier modes and exponential Runge-Kutta steps.

Linear terms with constant coefficients are integrated exactly, others by ETDRK4 with the contour integrals of
Kassam and Trefethen (Fourth-order time-stepping for stiff PDEs, SIAM J. Sci. Comput. 26, 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Modes = NDArray[np.complex128]

_CONTOUR_POINTS = 32
# Share of the modes that products keep, so that none is mistaken for another.
_KEPT_MODES = 2 / 3


@dataclass(frozen=True)
class Box:
    """A periodic grid.

    Attributes:
        lengths: Of its sides.
        n_points: Along each side.
    """

    lengths: tuple[float, ...]
    n_points: tuple[int, ...]

    @property
    def axes(self) -> list[Array]:
        """Places along each side, from 0."""
        return [np.arange(n) * length / n for length, n in zip(self.lengths, self.n_points, strict=True)]

    @property
    def wavenumbers(self) -> list[Array]:
        """Of each side, as they stand in an array of modes."""
        own = [
            2 * np.pi / length * (np.fft.rfftfreq if last else np.fft.fftfreq)(n, 1 / n)
            for length, n, last in zip(self.lengths, self.n_points, self._is_last, strict=True)
        ]
        return list(np.meshgrid(*own, indexing="ij", sparse=True))

    def modes(self, fields: Array) -> Modes:
        """Fourier modes of fields (F, *grid)."""
        return np.asarray(np.fft.rfftn(fields, axes=self._places))

    def fields(self, modes: NDArray[Any]) -> Array:
        """Fields of modes."""
        return np.asarray(np.fft.irfftn(modes, s=self.n_points, axes=self._places))

    @property
    def is_kept(self) -> NDArray[np.bool_]:
        """Which modes products keep."""
        kept = [np.abs(k) <= _KEPT_MODES * np.abs(k).max() for k in self.wavenumbers]
        return np.asarray(np.logical_and.reduce(np.broadcast_arrays(*kept)))

    @property
    def _places(self) -> tuple[int, ...]:
        return tuple(range(-len(self.n_points), 0))

    @property
    def _is_last(self) -> list[bool]:
        return [place == len(self.n_points) - 1 for place in range(len(self.n_points))]


def integrate(
    box: Box,
    linear: NDArray[Any],
    others: Callable[[Modes, float], Modes],
    initial: Array,
    times: Array,
    n_steps: int,
) -> Array:
    """Fields at some times.

    Args:
        box: Where they live.
        linear: What multiplies each mode in its rate, broadcasting to (F, *modes).
        others: Modes of the rest of the rates from modes of the fields and the time.
        initial: At the first time, shape (F, *grid).
        times: Evenly spaced, shape (T,).
        n_steps: From one time to the next.

    Returns:
        Shape (T, F, *grid).
    """
    h = (times[1] - times[0]) / n_steps
    modes = box.modes(initial)
    L = np.broadcast_to(np.asarray(linear, dtype=np.complex128), modes.shape)
    turned = np.exp(2j * np.pi * (np.arange(_CONTOUR_POINTS) + 0.5) / _CONTOUR_POINTS)
    E, E2 = np.exp(h * L), np.exp(h * L / 2)
    Q, f1, f2, f3 = (np.zeros(L.shape, dtype=np.complex128) for _ in range(4))
    for root in turned:
        z = h * L + root
        Q += h * (np.exp(z / 2) - 1) / z / _CONTOUR_POINTS
        f1 += h * (-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3 / _CONTOUR_POINTS
        f2 += h * (2 + z + np.exp(z) * (-2 + z)) / z**3 / _CONTOUR_POINTS
        f3 += h * (-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3 / _CONTOUR_POINTS
    kept, found = box.is_kept, [initial]
    for begin in times[:-1]:
        for step in range(n_steps):
            t = begin + step * h
            first = others(modes, t) * kept
            a = E2 * modes + Q * first
            second = others(a, t + h / 2) * kept
            b = E2 * modes + Q * second
            third = others(b, t + h / 2) * kept
            c = E2 * a + Q * (2 * third - first)
            fourth = others(c, t + h) * kept
            modes = E * modes + first * f1 + 2 * (second + third) * f2 + fourth * f3
        found.append(box.fields(modes))
    return np.array(found)
