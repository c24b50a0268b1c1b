"""Random equations: skeletons whose constants have values that three digits can say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generators.constants import draw_constants
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout
from nsr.expressions.expression import PLACEHOLDER, Expression, _trusted, apply, constant, variable
from nsr.expressions.simplify import length, simplify, strip_scale
from nsr.network import p10

# Constants beyond these are dropped long before P10 ends.
_SMALLEST_CONSTANT, _LARGEST_CONSTANT = 1e-30, 1e30
# Values of any magnitude reach the network divided by a power of ten (`nsr.data.scaling`). An equation whose
# terms balance, as those of physics do in any units, then holds what such rounding leaves of each variable.
_LEFT_OVER = (0.01, 0.1, 1.0, 10.0, 100.0)
_LEFT_OVER_WEIGHTS = (0.05, 0.25, 0.4, 0.25, 0.05)


class EquationSampler:
    """Draws equations up to their scale, in canonical form, none of them a benchmark's.

    Args:
        config: The prior over skeletons.
        seed: Seed of all draws.
        holdout: Skeletons never drawn; every benchmark's by default.
    """

    def __init__(
        self, config: ExpressionConfig, seed: int | np.random.SeedSequence, holdout: Holdout | None = None
    ) -> None:
        self.config = config
        self.holdout = holdout or Holdout.default()
        self.rng = np.random.default_rng(seed)
        self.skeletons = ExpressionSampler(config, self.holdout, self.rng)

    def draw(self, n: int) -> list[Expression]:
        """Draws n equations, each of a skeleton of its own."""
        result: list[Expression] = []
        while len(result) < n:
            skeletons = [self.skeletons.sample() for _ in range(n - len(result))]
            counts = sum(skeleton.tokens.count(PLACEHOLDER) for skeleton in skeletons)
            values = iter(draw_constants(self.rng, counts).tolist())
            valued = [self._with_values(skeleton, values) for skeleton in skeletons]
            if self.config.rescaled_share:
                valued = [self._perhaps_rescaled(equation) for equation in valued]
            result.extend(equation for equation in valued if equation is not None)
        return result

    def _with_values(self, skeleton: Expression, drawn: Iterator[float]) -> Expression | None:
        """The equation with the next constants; None if it says nothing or cannot be said."""
        if PLACEHOLDER not in skeleton.tokens:
            return rounded(skeleton)
        tokens = tuple(next(drawn) if token == PLACEHOLDER else token for token in skeleton.tokens)
        valued = rounded(strip_scale(simplify(_trusted(tokens))))
        if valued is None or not valued.variables or length(valued) > self.config.max_length:
            return None
        # exp(2*log(x)) becomes a power only now that the constant has a value.
        dissolved = valued.tokens.count("log") != skeleton.tokens.count("log")
        return None if dissolved and self.holdout.contains(valued) else valued

    def _perhaps_rescaled(self, equation: Expression | None) -> Expression | None:
        """The equation, at times of variables in other units; None if it cannot be said."""
        if equation is None or self.rng.random() >= self.config.rescaled_share:
            return equation
        used = equation.variables
        factors = self.rng.choice(_LEFT_OVER, len(used), p=_LEFT_OVER_WEIGHTS)
        multiples = {
            index: apply("mul", constant(factor), variable(index))
            for index, factor in zip(used, factors.tolist(), strict=True)
        }
        rescaled = rounded(strip_scale(simplify(equation.substitute(multiples))))
        if rescaled is None or length(rescaled) > self.config.max_length:
            return None
        # Coefficients do not count, but one that is next to nothing takes its term with it.
        return None if self.holdout.contains(rescaled) else rescaled


def rounded(expression: Expression) -> Expression | None:
    """The expression with its free constants as three digits can say them; None if P10 cannot say one."""
    tokens = list(expression.tokens)
    for position in expression.free_positions:
        value = float(f"{tokens[position]:.{p10.N_DIGITS - 1}e}")
        if not _SMALLEST_CONSTANT <= abs(value) <= _LARGEST_CONSTANT:
            return None
        tokens[position] = value
    return _trusted(tuple(tokens))
