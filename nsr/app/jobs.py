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
        from nsr.plots.fits import row_figure

        return row_figure(self.estimator, self.columns.X, self.columns.y, str(self.columns.y.name), row)


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
