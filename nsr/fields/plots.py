"""Pictures of fitted equations for fields: what was observed, the simulation, and what lies between."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.export.leaderboard import shortened
from nsr.export.pictures import check_picture, write_picture
from nsr.fields.grid import as_fields

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor

_TITLE = 80


def plot_fields(
    estimator: PDERegressor,
    u: ArrayLike | Mapping[str, ArrayLike],
    path: Path,
    *,
    t: ArrayLike,
    x: ArrayLike,
    y: ArrayLike | None = None,
    inputs: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Draws each field as observed, as simulated from its smoothed beginning, and the difference.

    Fields over a line are drawn over the time, fields over a plane at the last time.

    Args:
        estimator: Fitted to these observations.
        u: Fields, as `PDERegressor.fit` took them, and so the rest.
        path: Picture to write; its ending says of which kind.
        t: Times.
        x: Places.
        y: Places along a second axis.
        inputs: Further fields that act on these.

    Raises:
        ValueError: As `check_picture` does.
    """
    check_picture(path)
    from matplotlib.figure import Figure

    v = estimator.variables_
    observed = as_fields(u, t, x, y, inputs, v.order, v.most)
    n = observed.n_fields
    rates = np.gradient(observed.smooth[:n, :3], observed.spacings[0], axis=1, edge_order=2)[:, 0]
    simulated = estimator.predict(
        observed.times,
        dict(zip(v.fields, observed.smooth[:n, 0], strict=True)),
        rate=dict(zip(v.fields, rates, strict=True)) if v.order > 1 else None,
        inputs=dict(zip(v.inputs, observed.smooth[n:], strict=True)),
    )
    figure = Figure(figsize=(11, 3 * n), layout="constrained")
    panels = figure.subplots(n, 3, squeeze=False)
    for row, name, values in zip(panels, v.fields, observed.values, strict=False):
        pair = [values, simulated[name]]
        for panel, shown, title in zip(
            row, [*pair, pair[1] - pair[0]], (name, "simulated", "difference"), strict=True
        ):
            _image(figure, panel, shown, observed.times, observed.axes, title)
    equations = "; ".join(estimator.equations(4)[estimator.best_index_].split("; "))
    figure.suptitle(shortened(equations, _TITLE), parse_math=False, fontsize="small")
    write_picture(figure, path)


def _image(figure: Any, panel: Any, field: NDArray[np.float64], times: Any, axes: Any, title: str) -> None:
    is_line = field.ndim == 2
    image = field if is_line else field[-1].T
    across, up = (axes[0], times) if is_line else axes
    drawn = panel.pcolormesh(across, up, np.ma.masked_invalid(image), shading="nearest")
    figure.colorbar(drawn, ax=panel)
    panel.set(xlabel="x", ylabel="t" if is_line else "y", title=title)
