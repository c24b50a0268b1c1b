"""Systems that any other has to beat: states that stand still, or change at constant rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.expressions.expression import constant
from nsr.ode.shooting import FittedSystem, shoot
from nsr.ode.task import OdeTask

Array = NDArray[np.float64]


def baseline(task: OdeTask) -> FittedSystem:
    """The one of shorter description; regression fits both, at the cost of two simulations each."""
    rates = np.where(task.moves, task.whole.rates, 0.0)
    return min((_fitted(own, task) for own in (np.zeros_like(rates), rates)), key=lambda fitted: fitted.bits)


def _fitted(rates: Array, task: OdeTask) -> FittedSystem:
    """As `nsr.ode.fitting.Fitting` scores systems: on pieces and on the whole."""
    system = tuple(constant(rate) for rate in rates.tolist())
    on_pieces, on_whole = (
        shoot(system, paths, paths.starts_of_lines(rates), Clock.of(0)) for paths in (task.pieces, task.whole)
    )
    return replace(on_whole, bits=on_whole.bits + on_pieces.bits)
