"""A state of the search: the task seen through fewer variables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, variable
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.low_rank import SumOfProducts, fit_sums_of_products
from nsr.search.polynomials import fit_surrogates
from nsr.search.response import Output, Response
from nsr.search.structure_settings import LowRankSettings, SurrogateSettings
from nsr.search.surrogate import Surrogate
from nsr.task import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class State(Task):
    """A smaller task t = f(z) whose solution solves y = factor * f(z(x)).

    As the noise is that of y, an error of t counts by how much it changes y.

    Attributes:
        variables: Each z as an expression of the root's variables x.
        factor: What t is to be multiplied by, an expression of x; None for 1.
        settings: Of its surrogates.
        products: Of sums of products, which are among them where polynomials are not good; None for none.
    """

    variables: tuple[Expression, ...] = ()
    factor: Expression | None = None
    settings: SurrogateSettings = SurrogateSettings()
    products: LowRankSettings | None = None

    @classmethod
    def root(cls, task: Task, settings: SurrogateSettings = SurrogateSettings()) -> State:
        """The task as it was given; of its space what holds for parts of equations, too."""
        variables = tuple(variable(i) for i in range(task.n_variables))
        return cls(
            task.X, task.y, task.loss, task.weights, task.space.of_parts, task.seed, task.n_threads,
            task.scale, task.expected, task.noise, variables, settings=settings,
        )  # fmt: skip

    @property
    def surrogates(self) -> list[Surrogate]:
        """Smooth stand-ins for f, the best first; none without variables, all of which must vary."""
        return self._surrogates[0]

    @property
    def products_work(self) -> float:
        """Seconds of work that fitting sums of products takes, beside that of polynomials."""
        return self._surrogates[1]

    @cached_property
    def _surrogates(self) -> tuple[list[Surrogate], float]:
        if not self.n_variables:
            return [], 0.0
        response, products = Response.of(self), self.products
        polynomials = fit_surrogates(self.X, response, settings=self.settings)
        least = polynomials[0].error
        if products is None or least <= products.rough or self.n_variables < products.least_variables:
            return [*polynomials], 0.0
        sums, work = fit_sums_of_products(self.X, response, products, self.seed)
        return sorted([*polynomials, *sums], key=lambda fit: fit.error), work

    def with_products_as(self, surrogate: Surrogate) -> State:
        """This state, whose smaller ones need no more products, and of nothing else, than a surrogate has."""
        if self.products is None or not isinstance(surrogate, SumOfProducts):
            return self
        own = self.products
        narrow = replace(
            own, rough=own.rough_beside, outputs=(surrogate.output.names,), largest_rank=surrogate.n_terms
        )
        return replace(self, products=narrow)

    @property
    def best_of_each_output(self) -> list[Surrogate]:
        """The best surrogate of each kind of output that equations may have, the best first."""
        best: dict[Output, Surrogate] = {}
        for surrogate in self.surrogates:
            output = surrogate.output
            # A sum of logarithms is written as a product.
            if output.is_logarithm or all(map(self.space.operators.has, output.inverse)):
                best.setdefault(output, surrogate)
        return list(best.values())

    @property
    def surrogate(self) -> Surrogate:
        """The best of the surrogates."""
        return self.surrogates[0]

    @cached_property
    def error(self) -> float:
        """Error of the surrogate; without variables, of the best constant."""
        if self.n_variables:
            return self.surrogate.error
        off = self.root_weights * (self.y - self.level)
        # Without a spread the target was a constant to begin with.
        spread = self.spread or abs(float(np.mean(self.root_weights * self.y)))
        return float(np.sqrt(np.mean(off**2))) / max(spread, 1e-300)

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
        kept = [i for i in range(self.n_variables) if i not in columns]
        values = Program([new]).values(self.X)[0]
        lifted = new.substitute(dict(enumerate(self.variables)))
        return replace(
            self,
            X=np.column_stack((self.X[:, kept], values)),
            variables=(*(self.variables[i] for i in kept), lifted),
        )

    def divided(self, factor: Expression) -> State:
        """This state with a factor taken out of its target.

        Args:
            factor: An expression of this state's variables.
        """
        values = Program([factor]).values(self.X)[0]
        lifted = factor.substitute(dict(enumerate(self.variables)))
        return replace(
            self.over(values),
            factor=lifted if self.factor is None else apply("mul", self.factor, lifted),
        )

    def without(self, columns: tuple[int, ...]) -> State:
        """This state without some variables."""
        kept = [i for i in range(self.n_variables) if i not in columns]
        return replace(self, X=self.X[:, kept], variables=tuple(self.variables[i] for i in kept))

    def part(self, target: Array) -> State:
        """What a part of the target that the first rows have, shape (n,), leaves to solve.

        Args:
            target: Values of the part, all known equally well.
        """
        return replace(
            self.first(len(target)),
            y=target,
            loss=SQUARED_ERROR,
            weights=None,
            scale=None,
            expected=None,
            noise=None,
            factor=None,
        )
