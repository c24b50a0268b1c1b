"""Random skeletons: the expressions that training problems are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generators.holdout import Holdout
from generators.physics import PhysicsPrior
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.simplify import length, simplify, strip_scale

_POWERS = (-2.0, -1.5, 1 / 3, 2 / 3, 1.5, 2.5, 4.0, 5.0, 6.0)


@dataclass(frozen=True)
class ExpressionConfig:
    """The prior over skeletons.

    Attributes:
        max_variables: Most variables of an expression, at most 10.
        physics_share: Share of the compositional physics prior; the rest are generic trees.
        constant_rate: How often a spot that can hold a constant gets one.
        rescaled_share: Share of equations whose variables come in units of any size.
        max_length: Most vocabulary tokens of a skeleton, five for each constant.
        variable_weights: Relative frequency of 1, 2, ... variables.
    """

    max_variables: int = 10
    physics_share: float = 0.65
    constant_rate: float = 0.15
    rescaled_share: float = 0.0
    max_length: int = 48
    variable_weights: tuple[float, ...] = field(default=(8, 16, 20, 18, 14, 10, 6, 4, 2, 2))


class ExpressionSampler:
    """Draws canonical skeletons that no benchmark contains.

    Args:
        config: The prior.
        holdout: What must not be drawn.
        seed: Seed of the draws, or their generator.
    """

    def __init__(self, config: ExpressionConfig, holdout: Holdout, seed: int | np.random.Generator) -> None:
        self.config = config
        self.holdout = holdout
        self.rng = np.random.default_rng(seed)
        self.physics = PhysicsPrior(self.rng, config.constant_rate)
        weights = np.array(config.variable_weights[: config.max_variables], dtype=float)
        self._operators = {
            n: [operator for operator in OPERATORS.values() if operator.arity == n and operator.frequency > 0]
            for n in (1, 2)
        }
        self._variable_cuts = np.cumsum(weights / weights.sum())

    def sample(self) -> Expression:
        """A skeleton, simplified and without its scale, over variables numbered from 0 without gaps."""
        while True:
            drawn = self.draw()
            skeleton = strip_scale(simplify(drawn))
            if self._is_acceptable(skeleton):
                return self._renumbered(skeleton)

    def draw(self) -> Expression:
        """A skeleton as it is drawn, which may be a benchmark's."""
        n_variables = 1 + int(np.searchsorted(self._variable_cuts, self.rng.random()))
        if self.rng.random() < self.config.physics_share:
            return self.physics.sample(n_variables)
        return self._tree(n_variables)

    def _is_acceptable(self, skeleton: Expression) -> bool:
        return (
            bool(skeleton.variables)
            and length(skeleton) <= self.config.max_length
            and not self.holdout.contains(skeleton)
        )

    def _renumbered(self, skeleton: Expression) -> Expression:
        """Variables numbered from 0 without gaps, in canonical form again if that moved any."""
        used = skeleton.variables
        if used == tuple(range(len(used))):
            return skeleton
        return simplify(skeleton.substitute({old: variable(new) for new, old in enumerate(used)}))

    def _tree(self, n_variables: int) -> Expression:
        """A generic tree: leaves joined at random by binary operators, with unary ones in between."""
        n_extra = int(self.rng.integers(0, 3))
        leaves = [variable(i) for i in range(n_variables)]
        leaves += [self._leaf(n_variables) for _ in range(n_extra)]
        parts = [self._decorated(leaves[int(i)]) for i in self.rng.permutation(len(leaves))]
        while len(parts) > 1:
            place = int(self.rng.integers(len(parts) - 1))
            joined = apply(self._operator(2), parts[place], parts[place + 1])
            parts[place : place + 2] = [self._decorated(joined)]
        return parts[0]

    def _leaf(self, n_variables: int) -> Expression:
        if self.rng.random() < 0.5:
            return Expression((PLACEHOLDER,))
        return variable(int(self.rng.integers(n_variables)))

    def _decorated(self, expression: Expression) -> Expression:
        """Perhaps a unary operator, a power or a constant factor around an expression."""
        draw = self.rng.random()
        if draw < 0.3:
            return apply(self._operator(1), expression)
        if draw < 0.34:
            return apply("pow", expression, constant(_POWERS[int(self.rng.integers(len(_POWERS)))]))
        if draw < 0.34 + self.config.constant_rate / 2:
            return apply("mul", Expression((PLACEHOLDER,)), expression)
        return expression

    def _operator(self, arity: int) -> str:
        """An operator of this many arguments, each as often as the table says."""
        options = self._operators[arity]
        draw = self.rng.random() * sum(operator.frequency for operator in options)
        for operator in options:
            draw -= operator.frequency
            if draw < 0:
                return operator.name
        return options[-1].name
