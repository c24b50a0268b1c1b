"""Methods under test behind one interface; a new one is a module here with a class `Method`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import sympy
from numpy.typing import NDArray

from nsr.search.context import COMPONENTS

Array = NDArray[np.float64]


class MethodMissingError(RuntimeError):
    """A method's package is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Budget:
    """What a fit may use; every method gets the same, and most use the first three only.

    Attributes:
        time_limit: Seconds.
        cores: Processor cores.
        seed: Seed of the method's own draws.
        stages: Stages of NSR's search, for ablations.
        X_units: Unit of each variable, where the suite has them.
        y_units: Unit of the target.
    """

    time_limit: float
    cores: int
    seed: int
    stages: tuple[str, ...] = COMPONENTS
    X_units: tuple[str, ...] = ()
    y_units: str = ""


class MethodProtocol(Protocol):
    """One fit of one method."""

    def __init__(self, budget: Budget) -> None: ...

    def fit(self, X: Array, y: Array) -> None:
        """Fits a table X, shape (n_rows, n_variables), to a target y, shape (n_rows,)."""

    def predict(self, X: Array) -> Array:
        """Predictions, shape (n_rows,)."""

    def sympy(self) -> sympy.Expr:
        """The model over the symbols `x_0`, `x_1`, ..."""


def names() -> list[str]:
    """Names of all methods."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def make(name: str, budget: Budget) -> MethodProtocol:
    """A fresh, unfitted method.

    Raises:
        ValueError: If there is no such method.
        MethodMissingError: If its package is not installed.
    """
    if name not in names():
        raise ValueError(f"no method {name!r}; choose from {', '.join(names())}")
    method: MethodProtocol = importlib.import_module(f"{__name__}.{name}").Method(budget)
    return method
