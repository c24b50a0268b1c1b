"""Methods under test behind one interface; a new one is a module with a class `Method`, here or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.registry import Registry
from nsr.search.settings import COMPONENTS

Array = NDArray[np.float64]


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
        operators: Names of the operators of the law, where the suite has it.
    """

    time_limit: float
    cores: int
    seed: int
    stages: tuple[str, ...] = COMPONENTS
    X_units: tuple[str, ...] = ()
    y_units: str = ""
    operators: tuple[str, ...] = ()


class MethodProtocol(Protocol):
    """One fit of one method."""

    def __init__(self, budget: Budget) -> None: ...

    def fit(self, X: Array, y: Array) -> None:
        """Fits a table X, shape (n_rows, n_variables), to a target y, shape (n_rows,)."""

    def predict(self, X: Array) -> Array:
        """Predictions, shape (n_rows,)."""

    def sympy(self) -> sympy.Expr | None:
        """The model over the symbols `x_0`, `x_1`, ...; None where it is not an equation.

        A method of the latter kind says by an attribute `n_nodes` how large its model is. One that is
        somebody else's says by an attribute `package` whose version belongs to its rows.
        """


_METHODS: Registry[[Budget], MethodProtocol] = Registry(__name__)
names, make, package = _METHODS.names, _METHODS.make, _METHODS.package
