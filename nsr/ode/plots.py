"""Pictures of fitted systems: the simulation over the observations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nsr.export.pictures import check_picture, write_picture
from nsr.ode.printing import to_equations
from nsr.ode.trajectories import as_trajectories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from nsr.ode.regressor import ODERegressor

_N_FINE = 400


def plot_simulation(
    estimator: ODERegressor,
    t: ArrayLike | Sequence[ArrayLike],
    X: ArrayLike | Sequence[ArrayLike],
    path: Path,
) -> None:
    """Draws observations as points and the chosen system's simulation as lines, one panel a trajectory.

    Args:
        estimator: Fitted to these observations.
        t: Times, as `ODERegressor.fit` took them.
        X: States, as `ODERegressor.fit` took them.
        path: Picture to write; its ending says of which kind.

    Raises:
        ValueError: As `check_picture` does.
    """
    check_picture(path)
    from matplotlib.figure import Figure

    trajectories = as_trajectories(t, X)
    figure = Figure(figsize=(8, 3 * len(trajectories)), layout="constrained")
    panels = figure.subplots(len(trajectories), squeeze=False)[:, 0]
    for panel, trajectory, initial in zip(panels, trajectories, estimator.initial_values_, strict=True):
        times = np.linspace(trajectory.times[0], trajectory.times[-1], _N_FINE)
        simulated = estimator.predict(times, initial)
        for place, name in enumerate(estimator.names_.identifiers):
            (line,) = panel.plot(times, simulated[:, place], label=name)
            panel.plot(
                trajectory.times, trajectory.states[:, place], "o", markersize=3, color=line.get_color()
            )
        panel.legend()
        panel.set_xlabel("time")
    best = estimator.expressions_[estimator.best_index_]
    figure.suptitle("; ".join(to_equations(best, estimator.names_.identifiers, digits=4)), fontsize="small")
    write_picture(figure, path)
