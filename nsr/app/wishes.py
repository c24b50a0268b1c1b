"""What is asked of a table on the page: the options of `nsr fit` and `nsr ode` that it offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from nsr.app.jobs import FunctionJob, TrajectoryJob
from nsr.clock import check_time_limit
from nsr.data.table import Table


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which equations are allowed, and how long they are looked for.

    Attributes:
        units: As the option of the command says them, `mass=kg, v=m/s`; empty for none.
        operators: Operators and groups that equations may have; empty for all.
        without: Those that they may not have.
        max_complexity: Of an equation; None for any.
        missing: What to do about empty cells.
        time_limit: Seconds.
    """

    units: str = ""
    operators: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    max_complexity: float | None = None
    missing: str = "error"
    time_limit: float = 30.0

    @property
    def parameters(self) -> dict[str, Any]:
        """Of both kinds of estimators.

        Raises:
            ValueError: If the time limit is none.
        """
        check_time_limit(self.time_limit)
        return {
            "operators": self.operators or None,
            "without": self.without,
            "max_complexity": self.max_complexity,
            "missing": self.missing,
            "time_limit": self.time_limit,
        }


@dataclass(frozen=True, kw_only=True)
class FunctionWishes(Limits):
    """A column as a function of others.

    Attributes:
        target: The column to explain.
        features: Columns to explain it with; empty for all others that can.
        error: Column of the target's standard deviations; None without one.
        constant_units: Where units are given, whether constants are `dimensionless` or `free`; None for what
            `nsr fit` does.
        loss: How much an error matters.
    """

    target: str
    features: tuple[str, ...] = ()
    error: str | None = None
    loss: str = "auto"
    constant_units: str | None = None

    def job(self, table: Table) -> FunctionJob:
        """The work that this is.

        Raises:
            ValueError: If the table has not what is asked for.
        """
        from nsr.regressor import SymbolicRegressor
        from nsr.table_options import column_units, columns_of, constant_units_for

        columns = columns_of(
            table, self.target, self.features or None,
            error=self.error, may_miss=self.missing != "error", with_text=True,
        )  # fmt: skip
        told = self.units.strip() or None
        units = column_units(columns, told)
        estimator = SymbolicRegressor(
            loss=self.loss,
            constant_units=self.constant_units or constant_units_for(told, units, ()),
            **self.parameters,
        )
        return FunctionJob(estimator, columns, units)


@dataclass(frozen=True, kw_only=True)
class TrajectoryWishes(Limits):
    """Equations of motion.

    Attributes:
        time: The column of times.
        states: Columns of states; empty for all others that hold numbers.
        trajectory: Column that tells trajectories apart; None for a single one.
        order: 2 where velocities are not observed.
    """

    time: str
    states: tuple[str, ...] = ()
    trajectory: str | None = None
    order: int = 1

    def job(self, table: Table) -> TrajectoryJob:
        """The work that this is.

        Raises:
            ValueError: If the table has not what is asked for.
        """
        from nsr.data.column_units import units_by_name
        from nsr.ode import ODERegressor
        from nsr.ode.tables import trajectories_of

        observed = trajectories_of(
            table, self.time, self.states or None, self.trajectory, may_miss=self.missing != "error"
        )
        estimator = ODERegressor(order=self.order, **self.parameters)
        units = units_by_name(self.units) if self.units.strip() else None
        return TrajectoryJob(estimator, observed, self.time, units)


Wishes: TypeAlias = FunctionWishes | TrajectoryWishes
