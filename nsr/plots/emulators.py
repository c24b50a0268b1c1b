"""Pictures of emulators: how far off they are, and where the function was called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from nsr.plots.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nsr.understanding.emulators.emulator import Emulator

_SMALLEST = 1e-12


def plot_errors(
    emulator: Emulator, X: ArrayLike | None = None, y: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Shares of points by how far off they are at most, and the bound; by cross-validation, and fresh points.

    Args:
        emulator: Fitted.
        X: Fresh points, shape (n, D); none by default.
        y: The function's values there, shape (n,).
        ax: Where to draw.

    Raises:
        ValueError: If only one of X and y is given.
    """
    if (X is None) != (y is None):
        raise ValueError("fresh points need both X and y")
    ax = ax or new_axes()
    curves = {"cross-validated": emulator.held_out}
    if X is not None and y is not None:
        values = np.asarray(y, dtype=np.float64)
        curves["fresh points"] = emulator.target.errors(emulator.predict(X), values)
    for label, errors in curves.items():
        shares = np.arange(1, len(errors) + 1) / len(errors)
        ax.step(np.sort(np.maximum(errors, _SMALLEST)), shares, where="post", label=label)
    if np.isfinite(emulator.bound):
        ax.axvline(max(emulator.bound, _SMALLEST), color="0.5", linestyle="--", label="95 % bound")
    ax.set(xscale="log", xlabel="error, as a share", ylabel="points with no larger error")
    ax.legend()
    return ax


def plot_calls(emulator: Emulator, columns: tuple[int, int] = (0, 1), ax: Axes | None = None) -> Axes:
    """Where the function was called, in two of its inputs, coloured by its value.

    Args:
        emulator: Fitted.
        columns: The inputs' numbers.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    across, up = columns
    points = ax.scatter(emulator.X[:, across], emulator.X[:, up], c=emulator.y, s=10)
    ax.figure.colorbar(points, ax=ax, label="value")
    scales = ["log" if is_log else "linear" for is_log in emulator.box.is_log]
    ax.set(xscale=scales[across], xlabel=emulator.box.names[across])
    ax.set(yscale=scales[up], ylabel=emulator.box.names[up])
    return ax
