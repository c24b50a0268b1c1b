"""NSR with one of its stages alone: sparse regression in weak form."""

from __future__ import annotations

from eval.dynamics import nsr


class Method(nsr.Method):
    """`nsr.ode.ODERegressor` with the stage `library`."""

    def __init__(self, time_limit: float) -> None:
        super().__init__(time_limit, stages=("library",))
