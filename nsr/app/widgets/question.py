"""The question: what to explain, by what, within which limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from nsr.app.sheet import ColumnLine, likely_target, likely_time
from nsr.app.wishes import FunctionWishes, TrajectoryWishes, Wishes
from nsr.data.missing import WAYS
from nsr.expressions.operator_set import groups
from nsr.expressions.units import CONSTANT_UNITS
from nsr.refinement.losses import LOSSES

_FUNCTIONS, _TRAJECTORIES = "functions", "trajectories"
_ORDERS = {1: "dx/dt = f(x)", 2: "d²x/dt² = f(x, dx/dt)"}
# Seconds that searches may take, unless it is said otherwise; systems are found sooner.
_SECONDS = {_FUNCTIONS: 30.0, _TRAJECTORIES: 10.0}


class QuestionPanel:
    """Fields for everything that can be wished for.

    Args:
        on_start: Is given the wishes.
        on_stop: Is told that a search has gone on for long enough.
        on_target: Is told which column is to be explained.
    """

    def __init__(
        self,
        on_start: Callable[[Wishes], None],
        on_stop: Callable[[], None],
        on_target: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._on_start, self._on_target = on_start, on_target
        self._lines: list[ColumnLine] = []
        with ui.card().classes("w-full") as self._card:
            ui.label("2. Question").classes("text-lg font-bold")
            self._kind = ui.toggle(
                {_FUNCTIONS: "y = f(x): functions", _TRAJECTORIES: "dx/dt = f(x): trajectories"},
                value=_FUNCTIONS,
                on_change=self._changed_kind,
            ).props("no-caps")
            with ui.column().classes("w-full gap-1") as functions:
                self._target = _choice("target: the column to explain", on_change=self._changed_target)
                self._features = _choices("features: columns to explain it with (default: all others)")
                self._error = _choice("error: column of the target's standard deviations").props("clearable")
                self._loss = _choice("loss: how much an error matters", LOSSES, "auto")
            with ui.column().classes("w-full gap-1") as trajectories:
                self._time = _choice("time: the column of times")
                self._states = _choices("states: columns that change (default: all others)")
                self._trajectory = _choice("trajectory: column that tells them apart").props("clearable")
                self._order = ui.select(_ORDERS, value=1, label="order").classes("w-full")
            self._units = ui.input("units, such as mass=kg, v=m/s (1 for none)").classes("w-full")
            names = {name: name for group, own in groups().items() for name in (group, *own)}
            with ui.column().classes("w-full gap-1") as of_functions:
                self._constant_units = _choice(
                    "constant units: free where constants may have some", CONSTANT_UNITS
                ).props("clearable")
            for part, kind in (
                (functions, _FUNCTIONS), (of_functions, _FUNCTIONS), (trajectories, _TRAJECTORIES)
            ):  # fmt: skip
                part.bind_visibility_from(self._kind, "value", value=kind)
            with ui.expansion("Which equations are allowed, empty cells").classes("w-full"):
                self._operators = _choices("operators: those to use (default: all)", names)
                self._without = _choices("without: operators to leave out", names)
                self._complexity = ui.number("max complexity", min=1, precision=0).classes("w-full")
                self._missing = _choice("missing: what to do about empty cells", WAYS, "error")
            with ui.row().classes("w-full items-center"):
                self._seconds = ui.number("time limit (s)", value=_SECONDS[_FUNCTIONS], min=1).classes("w-28")
                self._go = ui.button("Start", icon="play_arrow", on_click=self._start)
                self._halt = ui.button("Stop", icon="stop", on_click=on_stop).props("outline")
        self._halt.disable()
        self._card.visible = False

    def ask(self, lines: list[ColumnLine], wishes: Wishes | None) -> None:
        """Offers the columns of a table.

        Args:
            lines: The columns.
            wishes: What to look for; by default a guess.
        """
        self._lines = lines
        numeric = [line.name for line in lines if line.has_numbers]
        target = wishes.target if isinstance(wishes, FunctionWishes) else likely_target(lines)
        time = wishes.time if isinstance(wishes, TrajectoryWishes) else likely_time(lines)
        self._kind.value = _TRAJECTORIES if isinstance(wishes, TrajectoryWishes) else _FUNCTIONS
        self._features.set_options(
            [line.name for line in lines if line.explains or line.has_numbers], value=[]
        )
        self._states.set_options(numeric, value=[])
        self._error.set_options(numeric, value=None)
        self._trajectory.set_options([line.name for line in lines], value=None)
        self._time.set_options(numeric, value=time)
        self._target.set_options(numeric, value=target)
        self._units.value = ", ".join(f"{line.name}={line.unit}" for line in lines if line.unit)
        self._card.visible = True

    def lock(self, is_busy: bool) -> None:
        """Offers to stop instead of to start, or the other way round."""
        self._go.set_enabled(not is_busy)
        self._halt.set_enabled(is_busy)

    def _start(self) -> None:
        limits: dict[str, Any] = {
            "units": self._units.value or "",
            "operators": tuple(self._operators.value),
            "without": tuple(self._without.value),
            "max_complexity": self._complexity.value,
            "missing": self._missing.value,
            "time_limit": self._seconds.value,
        }
        if self._kind.value == _FUNCTIONS:
            self._on_start(
                FunctionWishes(
                    target=self._target.value, features=tuple(self._features.value),
                    error=self._error.value, loss=self._loss.value,
                    constant_units=self._constant_units.value, **limits,
                )
            )  # fmt: skip
        else:
            self._on_start(
                TrajectoryWishes(
                    time=self._time.value, states=tuple(self._states.value),
                    trajectory=self._trajectory.value, order=self._order.value, **limits,
                )
            )  # fmt: skip

    def _changed_kind(self) -> None:
        self._seconds.value = _SECONDS[self._kind.value]

    async def _changed_target(self) -> None:
        await self._on_target(self._target.value)


def _choice(
    label: str, options: Any = (), value: str | None = None, on_change: Callable[[], Any] | None = None
) -> Any:
    return ui.select(list(options), label=label, value=value, on_change=on_change).classes("w-full")


def _choices(label: str, options: Any = ()) -> Any:
    chosen = ui.select(list(options), label=label, value=[], multiple=True, with_input=True)
    return chosen.classes("w-full").props("use-chips")
