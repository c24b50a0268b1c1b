"""Sparse regression of right-hand sides in weak form (Messenger and Bortz, arXiv:2007.02848).

Multiplying dx/dt = sum_j w_j theta_j(x) by a bump phi(t) and integrating by parts gives
-int phi' x dt = sum_j w_j int phi theta_j(x) dt: linear in w, and without a derivative of noisy data.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

# Half-widths of the bumps as shares of the time span: narrow ones see detail, wide ones through noise.
WIDTHS = (0.05, 0.1, 0.2)
_N_BUMPS = 80
_BUMP_POWER = 4
# Sums of at most so many terms; up to so many, all subsets are tried where they are no more than that.
_MOST_TERMS, _MOST_EXHAUSTIVE, _MOST_SUBSETS = 8, 4, 10_000
_N_BEST = 3
_ONE = constant(1.0)
_TINY = 1e-300


@dataclass(frozen=True)
class Fit:
    """One right-hand side of one component.

    Attributes:
        expression: The right-hand side.
        residual: Share of the weak target's size that it leaves.
    """

    expression: Expression
    residual: float


class WeakForm:
    """Integrals of trajectories against bumps.

    Attributes:
        target: What the integrals of each right-hand side should be, shape (M, D), M of all trajectories.
    """

    def __init__(self, trajectories: Sequence[Trajectory], width: float) -> None:
        """Sets up the bumps.

        Args:
            trajectories: Observations.
            width: Half-width of the bumps as a share of each trajectory's time span.
        """
        parts = [_integrals(trajectory, width) for trajectory in trajectories]
        self._parts = [(states, bumps) for states, bumps, _ in parts]
        self.target = np.concatenate([target for _, _, target in parts])

    def integrals(
        self, program: Program, constants: Array | None = None, index: NDArray[np.int64] | None = None
    ) -> Array:
        """Integrals of expressions of the states, shape (R, M); see `nsr.evaluate.program.Program.values`."""
        with np.errstate(all="ignore"):
            parts = [program.values(states, constants, index) @ bumps.T for states, bumps in self._parts]
        return np.concatenate(parts, axis=-1)

    def jacobian(self, program: Program, constants: Array, index: NDArray[np.int64]) -> tuple[Array, Array]:
        """Integrals (R, M), and their derivatives by the free constants (R, K, M)."""
        values, derivatives = [], []
        with np.errstate(all="ignore"):
            for states, bumps in self._parts:
                value, derivative = program.jacobian(states, constants, index)
                values.append(value @ bumps.T)
                derivatives.append(derivative @ bumps.T)
        return np.concatenate(values, axis=-1), np.concatenate(derivatives, axis=-1)


def sparse_fits(weak: WeakForm, library: Sequence[Expression]) -> list[list[Fit]]:
    """For each component, sums of few terms: the best subsets, and what is left when terms are left out.

    Args:
        weak: Observations.
        library: Terms; those that are not finite on the data are left out.
    """
    table = weak.integrals(Program(list(library))).T
    usable = np.flatnonzero(np.all(np.isfinite(table), axis=0) & (np.linalg.norm(table, axis=0) > 1e-12))
    terms = [library[i] for i in usable.tolist()]
    table = table[:, usable]
    return [
        [_fit(table, column, terms, subset) for subset in _subsets(table, column)] for column in weak.target.T
    ]


def _integrals(trajectory: Trajectory, width: float) -> tuple[Array, Array, Array]:
    """States (T, D), weights that integrate against the bumps (N_BUMPS, T), and targets (N_BUMPS, D)."""
    times, states = trajectory.resampled()
    span = times[-1] - times[0]
    half = width * span
    centers = np.linspace(times[0] + half, times[-1] - half, _N_BUMPS)
    s = (times - centers[:, None]) / half
    base = np.where(np.abs(s) < 1, 1 - s**2, 0.0)
    step = span / (len(times) - 1) / half
    bumps = base**_BUMP_POWER * step
    slopes = -2 * _BUMP_POWER * s * base ** (_BUMP_POWER - 1) / half * step
    return states, bumps, -slopes @ states


def _subsets(table: Array, target: Array) -> list[tuple[int, ...]]:
    """Subsets of columns worth trying, each once."""
    found = dict.fromkeys(_eliminated(table, target))
    scaled = table / np.linalg.norm(table, axis=0)
    for size in range(1, _MOST_EXHAUSTIVE + 1):
        if 0 < math.comb(table.shape[1], size) <= _MOST_SUBSETS:
            found |= dict.fromkeys(_best_of_size(scaled, target, size))
    return list(found)


def _eliminated(table: Array, target: Array) -> list[tuple[int, ...]]:
    """One subset of each size up to `_MOST_TERMS`: always leaving out the column that matters least."""
    scaled = table / np.linalg.norm(table, axis=0)
    kept = np.arange(table.shape[1])
    subsets = []
    while len(kept):
        columns = scaled[:, kept]
        if len(kept) <= _MOST_TERMS:
            subsets.append(tuple(kept.tolist()))
        # What leaving a column out adds to the squared residual is w^2 / diag((R^T R)^-1).
        weights = np.linalg.lstsq(columns, target, rcond=1e-12)[0]
        inverse = np.linalg.pinv(np.linalg.qr(columns)[1], rcond=1e-12)
        cost = weights**2 / np.maximum(np.sum(inverse**2, axis=1), _TINY)
        kept = np.delete(kept, int(np.argmin(cost)))
    return subsets


def _best_of_size(scaled: Array, target: Array, size: int) -> list[tuple[int, ...]]:
    """The subsets of a size that explain the target best, found by trying all."""
    subsets = _combinations(scaled.shape[1], size)
    gram, moments = scaled.T @ scaled, scaled.T @ target
    block = gram[subsets[:, :, None], subsets[:, None, :]] + 1e-12 * np.eye(size)
    right = moments[subsets]
    explained = np.sum(np.linalg.solve(block, right[..., None])[..., 0] * right, axis=1)
    return [tuple(subsets[k].tolist()) for k in np.argsort(-explained)[:_N_BEST]]


@cache
def _combinations(n: int, size: int) -> NDArray[np.intp]:
    return np.array(list(itertools.combinations(range(n), size)), dtype=np.intp)


def _fit(table: Array, target: Array, terms: Sequence[Expression], subset: tuple[int, ...]) -> Fit:
    columns = table[:, subset]
    norms = np.linalg.norm(columns, axis=0)
    weights = np.linalg.lstsq(columns / norms, target, rcond=1e-12)[0]
    residual = float(np.linalg.norm(target - columns / norms @ weights)) / (
        float(np.linalg.norm(target)) + _TINY
    )
    return Fit(_sum(weights / norms, [terms[i] for i in subset]), residual)


def _sum(weights: Array, terms: Sequence[Expression]) -> Expression:
    result: Expression | None = None
    for weight, term in zip(weights, terms, strict=True):
        part = constant(float(weight)) if term == _ONE else apply("mul", constant(float(weight)), term)
        result = part if result is None else apply("add", result, part)
    assert result is not None
    return result
