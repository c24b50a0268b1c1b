"""Random regression problems: skeleton + constants + support points + noise -> batches of (X, y)."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.constants import draw_constants
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout
from generators.supports import Supports
from nsr import p10
from nsr.expression import PLACEHOLDER, Expression, _trusted
from nsr.program import Program
from nsr.scaling import COMFORTABLE_RMS
from nsr.simplify import length, simplify, strip_scale

Array = NDArray[np.floating[Any]]

_LARGEST_TARGET = 1e10
# The target must vary by more than this share of its size, and so must it with the constants.
_SMALLEST_VARIATION = 1e-3
_NOISE_RANGE = (1e-3, 1e-1)
# Constants beyond these are dropped long before P10 ends.
_SMALLEST_CONSTANT, _LARGEST_CONSTANT = 1e-30, 1e30


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
        with _collector_paused():
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
        problems = _Compiled(expressions)
        X, y, full = self._sampled(problems, n_variables, n_points)
        keep = full & _varies(y) & _is_comfortable(X)
        keep[keep] = problems.constants_matter(np.flatnonzero(keep), X[keep], y[keep])
        kept = [expression for expression, good in zip(expressions, keep, strict=True) if good]
        return Problems(X[keep].transpose(0, 2, 1), self._observed(y[keep]), n_variables[keep], kept)

    def _sampled(
        self, problems: _Compiled, n_variables: NDArray[np.int64], n_points: int
    ) -> tuple[NDArray[np.float32], Array, NDArray[np.bool_]]:
        """Tables (B, D, P) and targets (B, P), and which problems have enough points in their domain.

        Problems that lose points get as many again once, and keep the first P that are good.
        """
        supports = Supports(self.rng, n_variables)
        n_columns = int(n_variables.max())
        rows = np.arange(len(n_variables))
        X = supports.draw(n_points, n_columns, rows)
        y = problems.values(rows, X)
        full = np.asarray(_is_valid(y).all(axis=1))
        rows = np.flatnonzero(~full)
        more = supports.draw(n_points, n_columns, rows)
        X_all = np.concatenate((X[rows], more), axis=2)
        y_all = np.concatenate((y[rows], problems.values(rows, more)), axis=1)
        valid = _is_valid(y_all)
        order = np.argsort(~valid, axis=1, kind="stable")[:, :n_points]
        X[rows] = np.take_along_axis(X_all, order[:, None], axis=2)
        y[rows] = np.take_along_axis(y_all, order, axis=1)
        full[rows] = valid.sum(axis=1) >= n_points
        return X, y, full

    def _expressions(self, n_problems: int) -> list[Expression]:
        """Equations with values for their constants, `reuse` of them from each skeleton."""
        result: list[Expression] = []
        while len(result) < n_problems:
            n_skeletons = math.ceil((n_problems - len(result)) / self.config.reuse)
            skeletons = [self.sampler.sample() for _ in range(n_skeletons)]
            counts = [skeleton.tokens.count(PLACEHOLDER) for skeleton in skeletons]
            drawn = iter(draw_constants(self.rng, sum(counts) * self.config.reuse).tolist())
            for skeleton, count in zip(skeletons, counts, strict=True):
                if count:
                    valued = [self._with_values(skeleton, drawn) for _ in range(self.config.reuse)]
                else:
                    valued = [rounded(skeleton)] * self.config.reuse
                result.extend(expression for expression in valued if expression is not None)
        return result[:n_problems]

    def _with_values(self, skeleton: Expression, drawn: Iterator[float]) -> Expression | None:
        """The equation with the next constants; None if it says nothing or cannot be said."""
        tokens = tuple(next(drawn) if token == PLACEHOLDER else token for token in skeleton.tokens)
        valued = rounded(strip_scale(simplify(_trusted(tokens))))
        if valued is None or not valued.variables or length(valued) > self.config.expressions.max_length:
            return None
        # exp(2*log(x)) becomes a power only now that the constant has a value.
        dissolved = valued.tokens.count("log") != skeleton.tokens.count("log")
        return None if dissolved and self.sampler.holdout.contains(valued) else valued

    def _observed(self, y: Array) -> NDArray[np.float32]:
        """Targets of root mean square 1, some with noise."""
        y = y.astype(np.float64)
        clean = y / _rms(y)[:, None]
        low, high = np.log(_NOISE_RANGE)
        noisy = self.rng.random((len(y), 1)) < self.config.noise_share
        level = np.exp(self.rng.uniform(low, high, (len(y), 1))) * noisy
        observed = clean + level * self.rng.standard_normal(y.shape)
        return np.asarray(observed / _rms(observed)[:, None], dtype=np.float32)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Expressions hold no cycles, but so many that the collector would keep walking the whole heap."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Compiled:
    """Problems as a program in which those with the same equation share one run of the tape."""

    def __init__(self, expressions: list[Expression]) -> None:
        places: dict[int, int] = {}
        index = [places.setdefault(id(expression), len(places)) for expression in expressions]
        self.index = np.array(index)
        first = np.unique(self.index, return_index=True)[1]
        self.program = Program([expressions[i] for i in first])

    def values(
        self, rows: NDArray[np.int64], X: NDArray[np.float32], constants: Array | None = None
    ) -> Array:
        """Targets (R, P) of some problems at points (R, D, P)."""
        return self.program.values(X.transpose(0, 2, 1), constants, self.index[rows])

    def constants_matter(
        self, rows: NDArray[np.int64], X: NDArray[np.float32], y: Array
    ) -> NDArray[np.bool_]:
        """Whether changing all constants of a problem by a tenth changes its target noticeably."""
        result = np.ones(len(rows), np.bool_)
        having = np.flatnonzero(self.program.n_constants[self.index[rows]])
        constants = self.program.constants[self.index[rows[having]]]
        changed = self.values(rows[having], X[having], constants * 1.1)
        with np.errstate(invalid="ignore", over="ignore"):
            change = _rms(changed - y[having])
            result[having] = ~(change < _SMALLEST_VARIATION * _rms(y[having]))
        return result


def rounded(expression: Expression) -> Expression | None:
    """The expression with its free constants as three digits can say them; None if P10 cannot say one."""
    tokens = list(expression.tokens)
    for position in expression.free_positions:
        value = float(f"{tokens[position]:.{p10.N_DIGITS - 1}e}")
        if not _SMALLEST_CONSTANT <= abs(value) <= _LARGEST_CONSTANT:
            return None
        tokens[position] = value
    return _trusted(tuple(tokens))


def _is_valid(y: Array) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(y) < _LARGEST_TARGET)


def _varies(y: Array) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", over="ignore"):
        y = y.astype(np.float64)
        return np.asarray(y.std(axis=1) > _SMALLEST_VARIATION * _rms(y))


def _rms(y: Array) -> Array:
    y = y.astype(np.float64)
    return np.asarray(np.sqrt(np.mean(y * y, axis=-1)))


def _is_comfortable(X: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether scaling would leave all variables (B, D, P) as they are."""
    size = np.sqrt(np.einsum("bdp,bdp->bd", X, X) / X.shape[2])
    low, high = COMFORTABLE_RMS
    return np.asarray(np.all((size == 0) | ((size >= low) & (size <= high)), axis=1))


def _joined(batches: list[Problems], n_problems: int) -> Problems:
    width = max(batch.X.shape[2] for batch in batches)
    tables = [np.pad(batch.X, ((0, 0), (0, 0), (0, width - batch.X.shape[2]))) for batch in batches]
    return Problems(
        np.ascontiguousarray(np.concatenate(tables)[:n_problems]),
        np.concatenate([batch.y for batch in batches])[:n_problems],
        np.concatenate([batch.n_variables for batch in batches])[:n_problems],
        [expression for batch in batches for expression in batch.expressions][:n_problems],
    )
