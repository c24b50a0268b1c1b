"""A fast function in place of an expensive one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.evaluate.program import values_of
from nsr.expressions.expression import Expression
from nsr.expressions.printing import to_infix
from nsr.understanding.emulators.box import Box
from nsr.understanding.emulators.residual import Residual
from nsr.understanding.emulators.target import Target

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Emulator:
    """An equation, with a learned residual or without, that stands for a function in a box.

    Attributes:
        box: Where it holds.
        target: What the fitted equation is of: the value, or its logarithm.
        fitted: That equation.
        residual: What is added to it; None for nothing.
        X: Points where the function was called, shape (n_calls, D).
        y: Its values there, shape (n_calls,).
        held_out: Cross-validated errors in the points that fill the box evenly, as shares of the value (of
            the spread of values where their sign changes), shape (n,).
    """

    box: Box
    target: Target
    fitted: Expression
    residual: Residual | None
    X: Array
    y: Array
    held_out: Array

    @property
    def n_calls(self) -> int:
        """How often the function was called."""
        return len(self.y)

    @property
    def bound(self) -> float:
        """The error that a new point of the box stays below with a probability of 95 %.

        It is the conformal quantile of cross-validated errors (Vovk et al. 2005): the form of the equation
        has seen all points, its constants and the residual have not.
        """
        return conformal_bound(self.held_out)

    @property
    def expression(self) -> Expression:
        """The equation of the function's value, without the residual."""
        return self.target.equation(self.fitted)

    @property
    def equation(self) -> str:
        """It as text."""
        return to_infix(self.expression, self.box.names, 6)

    def predict(self, X: ArrayLike) -> Array:
        """Values, shape (n,), at inputs in the order of the ranges, shape (n, D)."""
        points = self._checked(X)
        fitted = values_of(self.fitted, points)
        if self.residual is not None:
            fitted = fitted + self.residual.values(self.box.unit(points))
        return self.target.undone(fitted)

    def gradient(self, X: ArrayLike) -> Array:
        """Derivatives by each input, shape (n, D), at inputs of the same shape."""
        from nsr.export.torch import input_gradients

        return input_gradients(self.torch(), self._checked(X))

    def torch(self) -> nn.Module:
        """A differentiable `torch.nn.Module` of inputs, shape (..., D), the residual included."""
        from nsr.understanding.emulators.module import EmulatorModule

        return EmulatorModule(self.box, self.target, self.fitted, self.residual)

    def jax(self) -> str:
        """Text of a Python function of JAX arrays.

        Raises:
            ValueError: If there is a residual, which is no equation.
        """
        from nsr.export.jax import to_jax

        if self.residual is not None:
            raise ValueError("a learned residual is no equation: emulate with residual=None, or use torch()")
        return str(to_jax(self.expression, self.box.names))

    def __repr__(self) -> str:
        """The equation, its error, and what it took."""
        what = "" if self.residual is None else f" and a residual ({type(self.residual).__name__})"
        return f"{self.equation}{what}\n95 % of errors below {self.bound:.2g}, from {self.n_calls} calls"

    def _checked(self, X: ArrayLike) -> Array:
        points = np.asarray(X, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != len(self.box.names):
            raise ValueError(
                f"inputs have the shape {points.shape}: give (n, {len(self.box.names)}), in the order "
                f"{', '.join(self.box.names)}"
            )
        return points


def conformal_bound(errors: Array, level: float = 0.95) -> float:
    """The smallest of errors, shape (n,), that a new one stays below with this probability; else infinity."""
    place = int(np.ceil((len(errors) + 1) * level))
    return float(np.sort(errors)[place - 1]) if place <= len(errors) else np.inf
