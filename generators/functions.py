"""Random regression problems: skeleton + constants + support points + noise -> batches of (X, y)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.constants import draw_constants
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout
from generators.supports import draw_supports
from nsr import p10
from nsr.expression import Expression
from nsr.program import Program
from nsr.scaling import COMFORTABLE_RMS
from nsr.simplify import length, simplify, strip_scale

Array = NDArray[np.floating[Any]]

# Points drawn for each point wanted, so that those outside an expression's domain can be dropped.
_OVERSAMPLING = 2
_LARGEST_TARGET = 1e10
# The target must vary by more than this share of its size, and so must it with the constants.
_SMALLEST_VARIATION = 1e-3
_NOISE_RANGE = (1e-3, 1e-1)


@dataclass(frozen=True)
class FunctionConfig:
    """The prior over regression problems.

    Attributes:
        expressions: The prior over skeletons.
        min_points: Fewest support points.
        max_points: Most support points; each batch has one number of them, drawn log-uniformly.
        noise_share: Share of problems whose target is noisy.
        irrelevant_share: Share of problems with a variable that the target does not depend on.
        reuse: Problems made from one skeleton, each with its own constants, points and noise.
    """

    expressions: ExpressionConfig = field(default_factory=ExpressionConfig)
    min_points: int = 10
    max_points: int = 512
    noise_share: float = 0.5
    irrelevant_share: float = 0.08
    reuse: int = 4


@dataclass(frozen=True)
class Problems:
    """A batch of B problems with P points each.

    Attributes:
        X: Variables, float32, shape (B, P, D); columns beyond a problem's own are zero.
        y: Target with noise, root mean square 1, float32, shape (B, P).
        n_variables: Variables of each problem, shape (B,).
        expressions: The equations, up to their scale, with constants of three digits.
    """

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    n_variables: NDArray[np.int64]
    expressions: list[Expression]


class FunctionGenerator:
    """Draws problems without end.

    Args:
        config: The prior.
        seed: Seed of all draws.
        holdout: Skeletons never drawn; every benchmark's by default.
    """

    def __init__(
        self, config: FunctionConfig, seed: int | np.random.SeedSequence, holdout: Holdout | None = None
    ) -> None:
        self.config = config
        sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        expression_seed, data_seed = sequence.spawn(2)
        self.sampler = ExpressionSampler(config.expressions, holdout or Holdout.default(), expression_seed)
        self.rng = np.random.default_rng(data_seed)

    def batch(self, n_problems: int) -> Problems:
        """Draws problems that share one number of support points."""
        config = self.config
        low, high = np.log(config.min_points), np.log(config.max_points + 1)
        n_points = int(np.exp(self.rng.uniform(low, high)))
        batches: list[Problems] = []
        missing = n_problems
        while missing > 0:
            batches.append(self._attempt(missing + missing // 4 + 8, n_points))
            missing -= len(batches[-1].expressions)
        return _joined(batches, n_problems)

    def _attempt(self, n_problems: int, n_points: int) -> Problems:
        """Draws that many problems and keeps the good ones."""
        expressions = self._expressions(n_problems)
        n_variables = np.array([len(e.variables) for e in expressions])
        room = n_variables < self.config.expressions.max_variables
        n_variables += room & (self.rng.random(len(expressions)) < self.config.irrelevant_share)
        X = draw_supports(self.rng, len(expressions), _OVERSAMPLING * n_points, int(n_variables.max()))
        X *= np.arange(X.shape[2]) < n_variables[:, None, None]
        program = Program(expressions)
        y = program.values(X)
        order, full = _first_valid(y, n_points)
        X, y = np.take_along_axis(X, order[..., None], axis=1), np.take_along_axis(y, order, axis=1)
        keep = np.flatnonzero(full & _varies(y) & _is_comfortable(X) & self._constants_matter(program, X, y))
        X, y = X[keep], y[keep]
        return Problems(X, self._observed(y), n_variables[keep], [expressions[i] for i in keep])

    def _expressions(self, n_problems: int) -> list[Expression]:
        """Equations with values for their constants, `reuse` of them from each skeleton."""
        result: list[Expression] = []
        while len(result) < n_problems:
            skeleton = self.sampler.sample()
            n_constants = skeleton.tokens.count("C")
            for _ in range(self.config.reuse):
                result.append(self._with_values(skeleton) if n_constants else skeleton)
        return result[:n_problems]

    def _with_values(self, skeleton: Expression) -> Expression:
        n_constants = len(skeleton.free_positions)
        drawn = iter(draw_constants(self.rng, n_constants))
        values = [
            next(drawn) if skeleton.tokens[i] == "C" else float(skeleton.tokens[i])
            for i in skeleton.free_positions
        ]
        valued = rounded(strip_scale(simplify(skeleton.with_constants(values))))
        too_long = length(valued) > self.config.expressions.max_length
        return skeleton.with_constants(values) if too_long or not valued.variables else valued

    def _constants_matter(self, program: Program, X: Array, y: Array) -> NDArray[np.bool_]:
        """Whether changing all constants by a tenth changes the target noticeably."""
        changed = program.values(X, program.constants * 1.1)
        with np.errstate(invalid="ignore", over="ignore"):
            change = np.sqrt(np.mean((changed - y).astype(np.float64) ** 2, axis=1))
            size = np.sqrt(np.mean(y.astype(np.float64) ** 2, axis=1))
            return (program.n_constants == 0) | ~(change < _SMALLEST_VARIATION * size)

    def _observed(self, y: Array) -> NDArray[np.float32]:
        """Targets of root mean square 1, some with noise."""
        y = y.astype(np.float64)
        clean = y / np.sqrt(np.mean(y**2, axis=1, keepdims=True))
        noisy = self.rng.random((len(y), 1)) < self.config.noise_share
        level = np.exp(self.rng.uniform(*np.log(_NOISE_RANGE), (len(y), 1))) * noisy
        observed = clean + level * self.rng.standard_normal(y.shape)
        return (observed / np.sqrt(np.mean(observed**2, axis=1, keepdims=True))).astype(np.float32)


def rounded(expression: Expression) -> Expression:
    """The expression with its free constants as three digits can say them."""
    values = expression.constants
    if not values:
        return expression
    return expression.with_constants(p10.decode(*p10.encode(values)).tolist())


def _first_valid(y: Array, n_points: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Places (B, n_points) of the first points with usable targets, and which problems have enough."""
    with np.errstate(invalid="ignore"):
        valid = np.abs(y) < _LARGEST_TARGET
    order = np.argsort(~valid, axis=1, kind="stable")[:, :n_points]
    return order, valid.sum(axis=1) >= n_points


def _varies(y: Array) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", over="ignore"):
        y = y.astype(np.float64)
        return y.std(axis=1) > _SMALLEST_VARIATION * np.sqrt(np.mean(y**2, axis=1))


def _is_comfortable(X: Array) -> NDArray[np.bool_]:
    """Whether scaling would leave all variables as they are."""
    size = np.sqrt(np.mean(X.astype(np.float64) ** 2, axis=1))
    low, high = COMFORTABLE_RMS
    return np.all((size == 0) | ((size >= low) & (size <= high)), axis=1)


def _joined(batches: list[Problems], n_problems: int) -> Problems:
    width = max(batch.X.shape[2] for batch in batches)
    tables = [np.pad(batch.X, ((0, 0), (0, 0), (0, width - batch.X.shape[2]))) for batch in batches]
    return Problems(
        np.concatenate(tables)[:n_problems],
        np.concatenate([batch.y for batch in batches])[:n_problems],
        np.concatenate([batch.n_variables for batch in batches])[:n_problems],
        [expression for batch in batches for expression in batch.expressions][:n_problems],
    )
