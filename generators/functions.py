"""Random regression problems: equations + support points + noise -> batches of (X, y)."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from generators.equations import EquationSampler
from generators.expressions import ExpressionConfig
from generators.holdout import Holdout
from generators.supports import Supports
from nsr.data.scaling import COMFORTABLE_RMS
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.kernels import kernel

Array = NDArray[np.floating[Any]]

_LARGEST_TARGET = 1e10
# The target must vary by more than this share of its size, and so must it with the constants.
_SMALLEST_VARIATION = 1e-3
_NOISE_RANGE = (1e-3, 1e-1)
# Points that tell whether constants matter.
_N_PROBES = 64


@dataclass(frozen=True)
class FunctionConfig:
    """The prior over regression problems.

    Attributes:
        expressions: The prior over skeletons.
        min_points: Fewest support points.
        max_points: Most support points; each batch has one number of them, drawn log-uniformly.
        noise_share: Share of problems whose target is noisy.
        irrelevant_share: Share of problems with a variable that the target does not depend on.
    """

    expressions: ExpressionConfig = field(default_factory=ExpressionConfig)
    min_points: int = 10
    max_points: int = 512
    noise_share: float = 0.5
    irrelevant_share: float = 0.08


E = TypeVar("E", Expression, tuple[Expression, ...])


@dataclass(frozen=True)
class Problems(Generic[E]):
    """A batch of B problems with P points each.

    Attributes:
        X: Variables, float32, shape (B, P, D); columns beyond a problem's own are zero.
        y: Target with noise, root mean square 1, float32, shape (B, P); of systems (B, P, n_targets).
        n_variables: Variables of each problem, shape (B,).
        expressions: The equations, or systems of them, up to their scale, with constants of three digits.
    """

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    n_variables: NDArray[np.int64]
    expressions: list[E]


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
        equation_seed, data_seed = sequence.spawn(2)
        self.equations = EquationSampler(config.expressions, equation_seed, holdout)
        self.rng = np.random.default_rng(data_seed)

    def batch(self, n_problems: int, equations: Sequence[Expression] = ()) -> Problems[Expression]:
        """Draws problems that share one number of support points.

        Args:
            n_problems: B.
            equations: Equations to make problems of, one each and in this order, where they allow it.
                Fresh ones are drawn when these run out.
        """
        config = self.config
        low, high = np.log(config.min_points), np.log(config.max_points + 1)
        n_points = int(np.exp(self.rng.uniform(low, high)))
        given = iter(equations)
        batches: list[Problems[Expression]] = []
        missing = n_problems
        with _collector_paused():
            while missing > 0:
                wanted = missing + missing // 4 + 8
                candidates = list(islice(given, wanted))
                candidates += self.equations.draw(wanted - len(candidates))
                batches.append(self._attempt(candidates, n_points))
                missing -= len(batches[-1].expressions)
            return _joined(batches, n_problems)

    def _attempt(self, expressions: list[Expression], n_points: int) -> Problems[Expression]:
        """A problem of each equation, where it is a good one."""
        program = Program(expressions)
        n_variables = program.tape.n_variables
        room = n_variables < self.config.expressions.max_variables
        n_variables += room & (self.rng.random(len(expressions)) < self.config.irrelevant_share)
        X, y, full = self._sampled(program, n_variables, n_points)
        keep = full & _varies(y) & _is_comfortable(X)
        keep[keep] = _constants_matter(program, np.flatnonzero(keep), X, y)
        kept = [expression for expression, good in zip(expressions, keep, strict=True) if good]
        return Problems(X[keep].transpose(0, 2, 1), self._observed(y[keep]), n_variables[keep], kept)

    def _sampled(
        self, program: Program, n_variables: NDArray[np.int64], n_points: int
    ) -> tuple[NDArray[np.float32], Array, NDArray[np.bool_]]:
        """Tables (B, D, P) and targets (B, P), and which problems have enough points in their domain.

        Problems that lose points get as many again once, from which the lost ones are replaced.
        """
        supports = Supports(self.rng, n_variables)
        n_columns = int(n_variables.max())
        rows = np.arange(len(n_variables))
        X = supports.draw(n_points, n_columns, rows)
        y = program.values(X.transpose(0, 2, 1))
        full = np.asarray(_is_valid(y).all(axis=1))
        rows = np.flatnonzero(~full)
        more = supports.draw(n_points, n_columns, rows)
        full[rows] = _replace_invalid(X, y, rows, more, program.values(more.transpose(0, 2, 1), index=rows))
        return X, y, full

    def _observed(self, y: Array) -> NDArray[np.float32]:
        """Targets of root mean square 1, some with noise."""
        observed = (y / _rms(y)[:, None]).astype(np.float32)
        noisy = np.flatnonzero(self.rng.random(len(y)) < self.config.noise_share)
        low, high = np.log(_NOISE_RANGE)
        level = np.exp(self.rng.uniform(low, high, (len(noisy), 1))).astype(np.float32)
        noise = self.rng.standard_normal((len(noisy), y.shape[1]), dtype=np.float32)
        observed[noisy] += level * noise
        observed[noisy] /= _rms(observed[noisy])[:, None]
        return observed


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


def _constants_matter(
    program: Program, rows: NDArray[np.int64], X: NDArray[np.float32], y: Array
) -> NDArray[np.bool_]:
    """Whether changing all constants of a problem by a tenth changes its target noticeably.

    Args:
        program: The equations of all problems.
        rows: Which problems, shape (R,).
        X: Tables of all problems, shape (B, D, P).
        y: Their targets, shape (B, P).
    """
    result = np.ones(len(rows), np.bool_)
    having = np.flatnonzero(program.n_constants[rows])
    chosen = rows[having]
    probes = X[chosen, :, :_N_PROBES].transpose(0, 2, 1)
    values = y[chosen, :_N_PROBES]
    with np.errstate(invalid="ignore", over="ignore"):
        change = _rms(program.values(probes, program.constants[chosen] * 1.1, chosen) - values)
        result[having] = ~(change < _SMALLEST_VARIATION * _rms(values))
    return result


@kernel
def _replace_invalid(X, y, rows, more, y_more):
    """Replaces the invalid points of some problems by valid ones of more; returns for whom that sufficed."""
    sufficed = np.ones(len(rows), np.bool_)
    for i in range(len(rows)):
        row, k = rows[i], 0
        for j in range(y.shape[1]):
            if abs(y[row, j]) < _LARGEST_TARGET:
                continue
            while k < y.shape[1] and not abs(y_more[i, k]) < _LARGEST_TARGET:
                k += 1
            if k == y.shape[1]:
                sufficed[i] = False
                break
            X[row, :, j] = more[i, :, k]
            y[row, j] = y_more[i, k]
            k += 1
    return sufficed


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


def _joined(batches: list[Problems[Expression]], n_problems: int) -> Problems[Expression]:
    """The first problems of several batches, as wide as the widest of them."""
    n_variables = np.concatenate([batch.n_variables for batch in batches])[:n_problems]
    width = int(n_variables.max())
    X = np.zeros((n_problems, width, batches[0].X.shape[1]), np.float32).transpose(0, 2, 1)
    filled = 0
    for batch in batches:
        part = batch.X[: n_problems - filled, :, :width]
        X[filled : filled + len(part), :, : part.shape[2]] = part
        filled += len(part)
    y = np.concatenate([batch.y for batch in batches])[:n_problems]
    expressions = [expression for batch in batches for expression in batch.expressions][:n_problems]
    return Problems(X, y, n_variables, expressions)
