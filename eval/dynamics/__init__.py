"""Methods that find equations of motion; a new one is a module here with a class `Method`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.methods import MethodMissingError

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


def names() -> list[str]:
    """Names of all methods."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def make(name: str, time_limit: float) -> DynamicsMethod:
    """A fresh, unfitted method.

    Raises:
        ValueError: If there is no such method.
        MethodMissingError: If its package is not installed.
    """
    if name not in names():
        raise ValueError(f"no method {name!r}; choose from {', '.join(names())}")
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ImportError:
        raise MethodMissingError(f"{name} needs its package: pip install -e '.[baselines]'") from None
    method: DynamicsMethod = module.Method(time_limit)
    return method
