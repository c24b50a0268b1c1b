"""Pictures of fitted systems: the simulation over the observations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nsr.export.pictures import check_picture, write_picture
from nsr.ode.asked import read_inputs, with_indicators
from nsr.ode.by_category import Groups
from nsr.ode.missing import without_missing
from nsr.ode.printing import to_equations
from nsr.ode.simulation import simulate
from nsr.ode.trajectories import as_trajectories

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from nsr.ode.regressor import ODERegressor

_N_FINE = 400


def plot_simulation(
    estimator: ODERegressor,
    t: ArrayLike | Sequence[ArrayLike],
    X: ArrayLike | Sequence[ArrayLike],
    path: Path,
    inputs: ArrayLike | Sequence[ArrayLike] | None = None,
    category: Iterable[object] | None = None,
) -> None:
    """Draws observations as points and the chosen system's simulation as lines, one panel a trajectory.

    Args:
        estimator: Fitted to these observations.
        t: Times, as `ODERegressor.fit` took them.
        X: States, as `ODERegressor.fit` took them.
        path: Picture to write; its ending says of which kind.
        inputs: Inputs, as `ODERegressor.fit` took them.
        category: Labels, as `ODERegressor.fit` took them.

    Raises:
        ValueError: As `check_picture` does.
    """
    check_picture(path)
    write_picture(simulation_figure(estimator, t, X, inputs, category), path)


def simulation_figure(
    estimator: ODERegressor,
    t: ArrayLike | Sequence[ArrayLike],
    X: ArrayLike | Sequence[ArrayLike],
    inputs: ArrayLike | Sequence[ArrayLike] | None = None,
    category: Iterable[object] | None = None,
    index: int | None = None,
) -> Figure:
    """The picture that `plot_simulation` writes.

    Args:
        estimator: Fitted to these observations.
        t: Times, as `ODERegressor.fit` took them.
        X: States, as `ODERegressor.fit` took them.
        inputs: Inputs, as `ODERegressor.fit` took them.
        category: Labels, as `ODERegressor.fit` took them.
        index: Row of `equations_`, which begins where the chosen system does; the chosen one by default.
    """
    from matplotlib.figure import Figure

    motion = estimator.motion_
    if category is not None:
        inputs = with_indicators(t, inputs, Groups.read(category, len(estimator.initial_values_)))
    _, acting = read_inputs(t, inputs, motion.has_time, estimator.hold_inputs)
    t, X, _ = without_missing(t, X, estimator.missing)
    trajectories = as_trajectories(t, X, motion, acting)
    best, names = estimator.expressions_[estimator.row(index)], estimator.names_.identifiers
    figure = Figure(figsize=(8, 3 * len(trajectories)), layout="constrained")
    panels = figure.subplots(len(trajectories), squeeze=False)[:, 0]
    for panel, trajectory, initial in zip(panels, trajectories, estimator.initial_values_, strict=True):
        times = trajectory.times
        if not motion.is_discrete:
            times = np.union1d(times, np.linspace(times[0], times[-1], _N_FINE))
        simulated = simulate(best, times, initial, motion, trajectory.inputs)
        for place, name in enumerate(names[: len(best)]):
            (line,) = panel.plot(times, simulated[:, place], label=name)
            panel.plot(
                trajectory.times, trajectory.states[:, place], "o", markersize=3, color=line.get_color()
            )
        panel.legend()
        panel.set_xlabel("time")
    figure.suptitle("; ".join(to_equations(best, names, 4, motion)), fontsize="small")
    return figure
