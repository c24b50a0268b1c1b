"""A state of the search: the problem seen through fewer variables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.search.structure.surrogate import Surrogate, fit_surrogates

Array = NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """A smaller problem t = f(z) whose solution solves y = factor * f(z(x)).

    Attributes:
        X: Values of z, shape (P, d).
        y: Values of t, shape (P,).
        variables: Each z as an expression of the root's variables x.
        factor: What t is to be multiplied by, an expression of x; None for 1.
        weights: By how much y changes with t, shape (P,); None for 1. As the noise is y's, so are errors.
    """

    X: Array
    y: Array
    variables: tuple[Expression, ...]
    factor: Expression | None = None
    weights: Array | None = None

    @classmethod
    def root(cls, X: Array, y: Array) -> State:
        """The problem as it was given."""
        return cls(X, y, tuple(variable(i) for i in range(X.shape[1])))

    @cached_property
    def surrogates(self) -> list[Surrogate]:
        """Smooth stand-ins for f, the best first; none without variables, all of which must vary."""
        return fit_surrogates(self.X, self.y, self.row_weights) if self.X.shape[1] else []

    @property
    def best_of_each_output(self) -> list[Surrogate]:
        """The best surrogate of each kind of output, the best first."""
        best: dict[str, Surrogate] = {}
        for surrogate in self.surrogates:
            best.setdefault(surrogate.output, surrogate)
        return list(best.values())

    @property
    def surrogate(self) -> Surrogate:
        """The best of the surrogates."""
        return self.surrogates[0]

    @cached_property
    def error(self) -> float:
        """Error of the surrogate; without variables, of the best constant."""
        if self.X.shape[1]:
            return self.surrogate.error
        weights = self.row_weights
        off = weights * (self.y - self.level)
        spread = float(np.std(weights * self.y))
        if spread == 0:  # the target was a constant to begin with
            spread = abs(float(np.mean(weights * self.y)))
        return float(np.sqrt(np.mean(off**2))) / max(spread, 1e-300)

    @property
    def level(self) -> float:
        """The constant nearest to the target."""
        return float(np.average(self.y, weights=self.row_weights**2))

    @property
    def row_weights(self) -> Array:
        """The weights, ones where there are none."""
        return np.ones_like(self.y) if self.weights is None else self.weights

    @property
    def key(self) -> tuple[object, ...]:
        """The same for states that are the same problem."""
        return (frozenset(self.variables), self.factor)

    def lift(self, expression: Expression) -> Expression:
        """The root's equation that a solution of this state means."""
        lifted = expression.substitute(dict(enumerate(self.variables)))
        return lifted if self.factor is None else apply("mul", self.factor, lifted)

    def replaced(self, columns: tuple[int, ...], new: Expression) -> State:
        """This state with some variables replaced by one that is made of them.

        Args:
            columns: Which variables go.
            new: The new variable, an expression of this state's variables.
        """
        kept = [i for i in range(self.X.shape[1]) if i not in columns]
        values = Program([new]).values(self.X)[0]
        lifted = new.substitute(dict(enumerate(self.variables)))
        return State(
            np.column_stack((self.X[:, kept], values)),
            self.y,
            (*(self.variables[i] for i in kept), lifted),
            self.factor,
            self.weights,
        )

    def divided(self, factor: Expression) -> State:
        """This state with a factor taken out of its target.

        Args:
            factor: An expression of this state's variables.
        """
        values = Program([factor]).values(self.X)[0]
        with np.errstate(all="ignore"):
            target = self.y / values
        lifted = factor.substitute(dict(enumerate(self.variables)))
        return State(
            self.X,
            target,
            self.variables,
            lifted if self.factor is None else apply("mul", self.factor, lifted),
            self.row_weights * np.abs(values),
        )

    def without(self, columns: tuple[int, ...]) -> State:
        """This state without some variables."""
        kept = [i for i in range(self.X.shape[1]) if i not in columns]
        variables = tuple(self.variables[i] for i in kept)
        return State(self.X[:, kept], self.y, variables, self.factor, self.weights)
