"""NSR with one of its stages alone: the network that knows functions, asked for derivatives."""

from __future__ import annotations

from eval.dynamics import nsr


class Method(nsr.Method):
    """`nsr.ode.ODERegressor` with the stage `functions`."""

    def __init__(self, time_limit: float) -> None:
        super().__init__(time_limit, stages=("functions",))
