"""Sums of a few plain terms and one or two curves, whose inner constants are chosen along with the terms.

Outer constants are solved for at each value of inner ones, which is variable projection (Golub and Pereyra,
SIAM Journal on Numerical Analysis 10, 1973, 413-432), here in weak form: all sums of few plain terms are
tried with every curve and every value of its constants. Those of shortest description then go on to least
squares in all constants.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.monomials import linear_combination
from nsr.ode.curves import Curve
from nsr.ode.settings import OdeSettings
from nsr.ode.weak_form import Fit, WeakForm, weak_bits

Array = NDArray[np.float64]
# Columns of a table of terms.
Columns = tuple[int, ...]

# Plain terms beside curves: all subsets of up to so many, unless there are more than so many subsets.
_MOST_PLAIN, _MOST_SUBSETS = 4, 130
# Sums of each number of terms whose description is looked at, and sums that are kept.
_N_LOOKED_AT, _N_KEPT = 50, 40
# Curves that a second one may join.
_N_JOINED = 5
# Share of a column's square that other terms must not explain.
_TELLING = 1e-9
_RIDGE = 1e-13
# Values held at a time, which bounds the memory: 64 MB.
_MOST_VALUES = 8_000_000
# Seconds of work for a node at a point, for a column beside a subset, and for a sum that is looked at.
_SECONDS, _SECONDS_A_COLUMN, _SECONDS_A_SUM = 5e-9, 1e-7, 3e-4


def curved_sums(
    weak: WeakForm,
    component: int,
    plain: Sequence[Expression],
    curves: Sequence[Curve],
    settings: OdeSettings,
    clock: Clock,
) -> Iterator[list[Expression]]:
    """Sums with one curve, then sums with two, with constants to begin with.

    Args:
        weak: The observations.
        component: Whose left-hand side is to be explained.
        plain: Terms without inner constants.
        curves: The curves, with their constants to try.
        settings: What descriptions cost.
        clock: Is told of the work; when it is over there are no more sums.
    """
    table = _Table.of(weak, component, plain, curves, clock)

    def shortest(residuals: dict[Columns, float]) -> dict[Columns, Expression]:
        closest = sorted(residuals, key=residuals.__getitem__)
        by_length = [[own for own in closest if len(own) == n][:_N_LOOKED_AT] for n in range(_MOST_PLAIN + 2)]
        sums = {own: table.sum_of(own) for own in itertools.chain.from_iterable(by_length)}
        clock.spend(_SECONDS_A_SUM * len(sums))
        bits = {own: weak_bits(Fit(one, residuals[own]), weak, settings) for own, one in sums.items()}
        return {own: sums[own] for own in sorted(bits, key=bits.__getitem__)[:_N_KEPT]}

    single = shortest(table.promising((), clock))
    yield list(single.values())
    double: dict[Columns, float] = {}
    for curve in list(dict.fromkeys(columns[-1] for columns in single))[:_N_JOINED]:
        double |= table.promising((curve,), clock)
    if double:
        yield list(shortest(double).values())


@dataclass(frozen=True)
class _Table:
    """Integrals of all terms, as columns of unit length: plain ones first, then each curve's.

    Attributes:
        terms: The terms of the n columns.
        columns: Shape (M, n).
        norms: Of the columns before they were scaled, shape (n,).
        target: Shape (M,).
        n_plain: Plain terms.
        starts: Where the columns of each curve begin.
        has_next: Which columns after the plain ones differ from the next one by the only inner constant.
    """

    terms: list[Expression]
    columns: Array
    norms: Array
    target: Array
    n_plain: int
    starts: NDArray[np.intp]
    has_next: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        weak: WeakForm,
        component: int,
        plain: Sequence[Expression],
        curves: Sequence[Curve],
        clock: Clock,
    ) -> _Table:
        """Evaluates all terms; those that are not finite, or vanish, are left out."""
        shapes = [*plain, *(curve.shape for curve in curves)]
        values = [*(np.array([term.constants]) for term in plain), *(curve.constants for curve in curves)]
        program = Program(shapes)
        index = np.repeat(np.arange(len(shapes)), [len(own) for own in values])
        width = program.constants.shape[1]
        constants = np.concatenate([np.pad(own, ((0, 0), (0, width - own.shape[1]))) for own in values])
        clock.spend(_SECONDS * int(np.diff(program.tape.offsets)[index].sum()) * weak.n_points)
        n_parts = -(-len(index) * weak.n_points // _MOST_VALUES)
        parts = zip(np.array_split(constants, n_parts), np.array_split(index, n_parts), strict=True)
        table = np.concatenate([weak.integrals(program, *part) for part in parts]).T
        with np.errstate(all="ignore"):
            norms = np.linalg.norm(table, axis=0)
        usable = np.flatnonzero(np.isfinite(norms) & (norms > 0))
        owners, n_plain = index[usable], int(np.sum(index[usable] < len(plain)))
        terms = [
            shapes[owner].with_constants(row[: program.n_constants[owner]].tolist())
            for owner, row in zip(owners.tolist(), constants[usable], strict=True)
        ]
        starts = n_plain + np.flatnonzero(np.diff(owners[n_plain:], prepend=-1))
        columns, of_curves = table[:, usable] / norms[usable], owners[n_plain:]
        has_next = (np.diff(of_curves, append=-1) == 0) & (program.n_constants[of_curves] == 1)
        return cls(terms, columns, norms[usable], weak.target[:, component], n_plain, starts, has_next)

    def promising(self, given: Columns, clock: Clock) -> dict[Columns, float]:
        """Columns of sums, and what they leave: for each curve and number of terms those that leave least.

        A curve's column is the last. What is left is that by the best constant between two that are tried.

        Args:
            given: Columns that are in every sum.
            clock: Is told of the work; when it is over there are no longer sums.
        """
        if not len(self.starts):
            return {}
        curves, size = self.columns[:, self.n_plain :], float(np.linalg.norm(self.target)) or 1.0
        beside = _Beside(self.columns[:, [*range(self.n_plain), *given]], curves, self.target, self.has_next)
        joined = tuple(range(self.n_plain, self.n_plain + len(given)))
        begun = self.starts - self.n_plain
        ends = [*begun[1:].tolist(), curves.shape[1]]
        found: dict[Columns, float] = {}
        for n in range(_MOST_PLAIN + 1 - len(given)):
            n_subsets = math.comb(self.n_plain, n)
            if clock.is_over or n_subsets > _MOST_SUBSETS:
                break
            clock.spend(_SECONDS_A_COLUMN * n_subsets * curves.shape[1])
            least, best = np.full(len(begun), np.inf), dict[int, Columns]()
            for subset in itertools.combinations(range(self.n_plain), n):
                left = beside.left([*subset, *joined])
                lowest = np.minimum.reduceat(left, begun)
                for curve in np.flatnonzero(lowest < least).tolist():
                    column = int(self.starts[curve] + np.argmin(left[begun[curve] : ends[curve]]))
                    best[curve], least[curve] = (*subset, *given, column), lowest[curve]
            found |= {own: math.sqrt(max(float(least[curve]), 0.0)) / size for curve, own in best.items()}
        return found

    def sum_of(self, columns: Columns) -> Expression:
        """The sum of the terms of some columns, with factors that fit."""
        weights = np.linalg.lstsq(self.columns[:, columns], self.target, rcond=1e-12)[0]
        factors = (weights / self.norms[list(columns)]).tolist()
        terms = [self.terms[column] for column in columns]
        return linear_combination(list(zip(factors, terms, strict=True)))


class _Beside:
    """What columns leave together with one curve."""

    def __init__(self, others: Array, curves: Array, target: Array, has_next: NDArray[np.bool_]) -> None:
        """Takes inner products once.

        Args:
            others: The columns, shape (M, n).
            curves: Those of the curves, shape (M, C).
            target: Shape (M,).
            has_next: Which of the curves' columns the next one may be mixed with, shape (C,).
        """
        self._gram = others.T @ others + _RIDGE * np.eye(others.shape[1])
        self._with_curves, self._has_next = others.T @ curves, has_next
        self._with_next = np.einsum("mc,mc->c", curves, np.roll(curves, -1, axis=1))
        self._told, self._moments, self._total = others.T @ target, curves.T @ target, float(target @ target)

    def left(self, own: list[int]) -> Array:
        """Sum of squares that is left by some of the columns and each curve's, shape (C,)."""
        lower = np.linalg.cholesky(self._gram[np.ix_(own, own)])
        along = solve_triangular(lower, self._with_curves[own], lower=True, check_finite=False)
        told = solve_triangular(lower, self._told[own], lower=True, check_finite=False)
        length = 1.0 - np.sum(along**2, axis=0)
        moments = self._moments - told @ along
        is_new = length > _TELLING
        gains = np.where(is_new, moments**2 / np.maximum(length, _TELLING), -np.inf)
        return np.asarray(self._total - told @ told - np.maximum(gains, self._mixed(along, length, moments)))

    def _mixed(self, along: Array, length: Array, moments: Array) -> Array:
        """What a mixture with the next column explains, minus infinity where it is none of both."""
        next_length, next_moments = np.roll(length, -1), np.roll(moments, -1)
        common = self._with_next - np.sum(along * np.roll(along, -1, axis=1), axis=0)
        determinant = length * next_length - common**2
        weight = moments * next_length - next_moments * common
        next_weight = next_moments * length - moments * common
        is_mixture = (
            self._has_next & (weight * next_weight > 0) & (determinant > _TELLING * length * next_length)
        )
        is_mixture &= np.minimum(length, next_length) > _TELLING
        gains = (weight * moments + next_weight * next_moments) / np.where(is_mixture, determinant, 1.0)
        return np.where(is_mixture, gains, -np.inf)
