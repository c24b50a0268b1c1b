"""Whether right-hand sides keep amounts from becoming negative.

Where a state is an amount, what uses it up ends with it: at 0 its right-hand side is not negative. Such
fields are called essentially nonnegative (Haddad, Chellaboina and Hui, Nonnegative and Compartmental
Dynamical Systems, 2010). Forms without that may fit as well, and go astray from other initial values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.ode.motion import System
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Rows that right-hand sides are evaluated at, at most.
_MOST_ROWS = 200
# Share of a state's mean that stands for 0, where logarithms and powers have none; share of a right-hand
# side's root mean square that counts as nothing.
_ALMOST_NONE, _NOTHING = 1e-9, 1e-4


class Positivity:
    """What was observed of states that are never negative."""

    def __init__(self, trajectories: Sequence[Trajectory]) -> None:
        """Takes observations; of maps and of equations of order 2 nothing is said."""
        states = np.concatenate([trajectory.states for trajectory in trajectories])
        motion = trajectories[0].motion
        self._seen: Array | None = None
        self._is_amount = np.all(states >= 0, axis=0) & (not motion.is_discrete and motion.order == 1)
        if np.any(self._is_amount):
            variables = np.concatenate([trajectory.variables for trajectory in trajectories])
            self._seen = variables[:: -(-len(variables) // _MOST_ROWS)]
        self._known: dict[tuple[int, Expression], bool] = {}

    def n_crossing(self, system: System) -> int:
        """Right-hand sides that take a state below 0 that never was.

        Not those that are another state alone: a position has a velocity as its derivative.

        Args:
            system: The right-hand sides, with constants.
        """
        return sum(self._crosses(int(place), system[place]) for place in np.flatnonzero(self._is_amount))

    def _crosses(self, place: int, component: Expression) -> bool:
        if (place, component) not in self._known:
            self._known[place, component] = self._is_negative_at_0(place, component)
        return self._known[place, component]

    def _is_negative_at_0(self, place: int, component: Expression) -> bool:
        if self._seen is None or (len(component.tokens) == 1 and component.variables):
            return False
        without = self._seen.copy()
        without[:, place] = _ALMOST_NONE * np.mean(self._seen[:, place])
        program = Program([component])
        with np.errstate(all="ignore"):
            usual, at_0 = program.values(self._seen)[0], program.values(without)[0]
            size = np.sqrt(np.mean(usual**2))
        return not bool(np.all(at_0 >= -_NOTHING * size))
