"""Systems that any other has to beat: states that stand still, or change at constant rates.

Of order 2 these are states at constant velocities or accelerations; of maps, states that stay or are
constant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import constant, variable
from nsr.ode.fitting import joined
from nsr.ode.motion import System
from nsr.ode.shooting import FittedSystem, shoot
from nsr.ode.task import OdeTask

Array = NDArray[np.float64]


def baseline(task: OdeTask) -> FittedSystem:
    """The one of shorter description; regression fits them, at the cost of two simulations each."""
    return min((_fitted(*one, task) for one in _simplest(task)), key=lambda fitted: fitted.bits)


def _simplest(task: OdeTask) -> list[tuple[System, Array | None]]:
    """Systems, with the constant left-hand sides from which initial coordinates follow; none for maps."""
    states = range(task.n_states)
    if task.motion.is_discrete:
        means = np.mean(task.smoothed[1], axis=0).tolist()
        return [(tuple(map(variable, states)), None), (tuple(map(constant, means)), None)]
    rates = np.where(task.moves, task.whole.rates, 0.0)
    return [(tuple(constant(rate) for rate in own.tolist()), own) for own in (np.zeros_like(rates), rates)]


def _fitted(system: System, rates: Array | None, task: OdeTask) -> FittedSystem:
    """As `nsr.ode.fitting.Fitting` scores systems: on the whole or on pieces."""
    on_pieces, on_whole = (
        shoot(system, paths, None if rates is None else paths.starts_at(rates), Clock.of(0))
        for paths in (task.pieces, task.whole)
    )
    return joined(on_pieces, on_whole)
