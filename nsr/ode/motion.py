"""What equations of motion say: what stands on their left, and which variables on their right.

The variables of a right-hand side are the states, then their velocities where the equations are of order 2,
then the inputs, then the time. What looks for systems, simulates or writes them asks here which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, constant, variable

Array = NDArray[np.float64]
System = tuple[Expression, ...]


@dataclass(frozen=True)
class Motion:
    """The kind of a system; by default an autonomous one, dx/dt = f(x).

    Attributes:
        order: Of the derivative on the left, 1 or 2. With 2, velocities are states that nobody has observed.
        is_discrete: Whether the left side is the next state, x[k+1], instead.
        n_inputs: Columns on the right that the system does not change.
        has_time: Whether the time stands on the right, too.
    """

    order: int = 1
    is_discrete: bool = False
    n_inputs: int = 0
    has_time: bool = False

    @property
    def n_outer(self) -> int:
        """Variables on the right that the system does not change: inputs and the time."""
        return self.n_inputs + self.has_time

    def n_coordinates(self, n_states: int) -> int:
        """Numbers that say where a system of so many states is, from which it goes on."""
        return n_states * self.order

    def n_variables(self, n_states: int) -> int:
        """Variables of the right-hand sides."""
        return self.n_coordinates(n_states) + self.n_outer

    def integrable(self, system: System) -> System:
        """One component for each coordinate: the rate of a state is its velocity where the order is 2."""
        if self.order == 1:
            return system
        return (*(variable(len(system) + place) for place in range(len(system))), *system)

    def still(self, state: int) -> Expression:
        """The right-hand side of a state that never moves."""
        return variable(state) if self.is_discrete else constant(0.0)

    def variable_names(self, states: Sequence[str], inputs: Sequence[str], time: str) -> list[str]:
        """What the variables of the right-hand sides are called, in their order."""
        velocities = [f"{state}_dot" for state in states] if self.order > 1 else []
        return [*states, *velocities, *inputs, *([time] if self.has_time else [])]

    def left(self, state: str) -> str:
        """The left-hand side of a state's equation as text, such as `dx/dt`."""
        if self.is_discrete:
            return f"{state}[k+1]"
        return f"d{state}/dt" if self.order == 1 else f"d2{state}/dt2"

    def function(self, state: str) -> str:
        """What a function that computes a left-hand side is called in programs."""
        if self.is_discrete:
            return f"next_{state}"
        return f"d{state}_dt" if self.order == 1 else f"d2{state}_dt2"

    def left_latex(self, state: str) -> str:
        """The left-hand side of a state's equation, the state in LaTeX."""
        if self.is_discrete:
            return rf"{state}\left[k + 1\right]"
        return rf"\frac{{d {state}}}{{dt}}" if self.order == 1 else rf"\frac{{d^{{2}} {state}}}{{dt^{{2}}}}"


PLAIN = Motion()


def all_constants(system: System) -> Array:
    """The constants of all components in a row, shape (K,)."""
    return np.array([value for component in system for value in component.constants])


def with_all_constants(system: System, values: Array) -> System:
    """A system with other constants, those of all components in a row, shape (K,)."""
    ends = np.cumsum([len(component.constants) for component in system])
    parts = np.split(values, ends[:-1])
    return tuple(one.with_constants(own.tolist()) for one, own in zip(system, parts, strict=True))
