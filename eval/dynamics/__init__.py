"""Methods that find equations of motion; a new one is a module with a class `Method`, here or elsewhere."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.registry import Registry

Array = NDArray[np.float64]


class DynamicsMethod(Protocol):
    """One fit of one method.

    Args:
        time_limit: Seconds the fit may take.
    """

    def __init__(self, time_limit: float) -> None: ...

    def fit(self, times: Array, states: Array) -> None:
        """Fits one trajectory: times (T,) and states (T, D)."""

    def predict(self, times: Array, initial: Array) -> Array:
        """Simulated states (T, D); NaN after the simulation has failed."""

    def sympy(self) -> list[sympy.Expr]:
        """Right-hand sides over the symbols `x_0`, `x_1`, ..."""


_METHODS: Registry[[float], DynamicsMethod] = Registry(__name__)
names, make, package = _METHODS.names, _METHODS.make, _METHODS.package
