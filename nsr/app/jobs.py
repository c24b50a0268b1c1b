"""Fits of what was asked for, and pictures of what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nsr.console import changed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nsr.ode.regressor import ODERegressor
    from nsr.ode.tables import Observed
    from nsr.regressor import SymbolicRegressor
    from nsr.table_options import Columns

# Slices through an equation that are drawn at most.
_MOST_SLICES = 4


@dataclass(frozen=True, eq=False)
class FunctionJob:
    """A fit of a column.

    Attributes:
        estimator: With all parameters.
        columns: What it is fitted to.
        units: Of these, as `SymbolicRegressor.fit` takes them.
    """

    estimator: SymbolicRegressor
    columns: Columns
    units: Mapping[str, Any]

    @property
    def notes(self) -> list[str]:
        """What there is to say before the fit."""
        return changed(self.columns.names)

    def fit(self) -> None:
        """Searches."""
        self.estimator.fit(self.columns.X, self.columns.y, **self.units, **self.columns.of_rows)

    def figure(self, row: int) -> Figure:
        """The fit of a row of the front, its residuals, and slices where it has several columns."""
        from matplotlib.figure import Figure

        from nsr.plots import plot_fit, plot_residuals, plot_slice

        estimator, X, y = self.estimator, self.columns.X, self.columns.y
        used = [
            place for place in estimator.expressions_[row].variables if place < len(estimator.names_.columns)
        ]
        sliced = used[:_MOST_SLICES] if len(estimator.names_.columns) > 1 else []
        n_rows = 1 + (len(sliced) + 1) // 2
        figure = Figure(figsize=(10, 3.4 * n_rows), layout="constrained")
        panels = figure.subplots(n_rows, 2).ravel()
        plot_fit(estimator, X, y, row, panels[0])
        plot_residuals(estimator, X, y, row, panels[1])
        for place, panel in zip(sliced, panels[2:], strict=False):
            plot_slice(estimator, X, place, row, panel)
        for panel in panels[2 + len(sliced) :]:
            panel.set_axis_off()
        for panel in panels[: 2 + len(sliced)]:
            if panel.get_ylabel() == "target":
                panel.set_ylabel(str(y.name), parse_math=False)
        return figure


@dataclass(frozen=True, eq=False)
class TrajectoryJob:
    """A fit of equations of motion.

    Attributes:
        estimator: With all parameters.
        observed: What it is fitted to.
        time: The column of times.
        units: By names of columns; None without units.
    """

    estimator: ODERegressor
    observed: Observed
    time: str
    units: Mapping[str, str] | None

    @property
    def notes(self) -> list[str]:
        """What there is to say before the fit."""
        return changed(self.observed.names)

    def fit(self) -> None:
        """Searches."""
        clocks = self.observed.clocks(self.time)
        self.estimator.fit(clocks, self.observed.states, units=self.units)
        self.estimator.names_ = self.observed.with_columns(self.estimator.names_)

    def figure(self, row: int) -> Figure:
        """The simulation of a row of the front over the observations."""
        from nsr.ode.plots import simulation_figure

        return simulation_figure(self.estimator, self.observed.times, self.observed.states, index=row)


Job: TypeAlias = FunctionJob | TrajectoryJob
