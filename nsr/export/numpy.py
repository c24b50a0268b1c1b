"""Expressions as plain functions of NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression


def to_numpy(expression: Expression) -> Callable[[ArrayLike], NDArray[Any]]:
    """A function from X, shape (n_points, n_variables), to values, shape (n_points,), in float64."""
    program = Program([expression])

    def function(X: ArrayLike) -> NDArray[Any]:
        return np.asarray(program.values(np.asarray(X, dtype=np.float64))[0])

    return function
