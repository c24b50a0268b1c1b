"""Many equations judged at once: as they are, up to a scale and an offset, and with fitted constants."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.evaluate.interpreter import ADD, MUL
from nsr.evaluate.program import Program
from nsr.evaluate.tape import FIRST_VARIABLE, NUMBER, Tape
from nsr.expressions.expression import Expression
from nsr.expressions.operator_set import ALL_OPERATORS
from nsr.expressions.space import SearchSpace
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.search.evolution.genomes import Genomes
from nsr.task import Task

Array = NDArray[np.float64]

# Bits of a token, and of a constant beside it: only the order counts here.
_BITS_PER_TOKEN, _BITS_PER_CONSTANT = 4.5, 16.0
# Tokens that a scale and an offset take: two operators and two constants.
TOKENS_OF_SCALING = 4
# Seconds of work for an equation that is bred, told apart and judged, and for one row of it.
_SECONDS, _SECONDS_A_ROW = 1e-5, 2e-8


@dataclass(frozen=True)
class Judged:
    """Equations and what they are worth.

    Attributes:
        genomes: N equations.
        unexplained: Share of the null loss that each leaves, shape (N,).
        bits: About how many they and what they leave unexplained take, shape (N,).
    """

    genomes: Genomes
    unexplained: Array
    bits: Array

    def rows(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Judged:
        """Some of them."""
        return Judged(self.genomes.rows(index), self.unexplained[index], self.bits[index])

    def and_(self, others: Judged) -> Judged:
        """These and others."""
        return Judged(
            self.genomes.and_(others.genomes),
            np.concatenate((self.unexplained, others.unexplained)),
            np.concatenate((self.bits, others.bits)),
        )


class Judge:
    """Judges equations by weighted squared errors on a few rows.

    Args:
        task: What they are to explain.
        few: Rows at most.
        n_rows: Rows that they are judged by in the end.
    """

    def __init__(self, task: Task, few: int, n_rows: int) -> None:
        some = task.first(few)
        self._n_rows = min(n_rows, task.n_rows)
        self._X, self._weights = some.X, some.root_weights
        self._is_weighted = bool(np.ptp(self._weights) > 0)
        weights = self._weights if self._is_weighted else np.ones(some.n_rows)
        X = np.column_stack((some.X, weights)) if self._is_weighted else some.X
        bounds = SearchSpace(constant_bounds=task.space.constant_bounds)
        self._task = Task(X, some.y * weights, SQUARED_ERROR, None, bounds, task.seed, task.n_threads)
        self._target, self._ones = some.y * weights, weights
        self._allowed_forms = _allowed_forms(task.space)
        level = (self._ones @ self._target) / (self._ones @ self._ones)
        self._null = float(np.mean((self._target - level * self._ones) ** 2)) or 1.0

    @np.errstate(all="ignore")
    def scaled(self, genomes: Genomes, clock: Clock) -> Judged:
        """Equations times a scale, plus an offset, or both, where that is worth its bits.

        Least squares finds these by sums over the rows, so that no equation is fitted (linear scaling;
        Keijzer, EuroGP 2003). What has no value on some row is left out.
        """
        clock.spend((_SECONDS + _SECONDS_A_ROW * self._task.n_rows) * len(genomes))
        tape = genomes.tape()
        values = Program(tape).values(self._X) * self._ones
        finite = np.isfinite(np.square(values).sum(axis=1))
        genomes, values = genomes.rows(finite), values[finite]
        n_constants = tape.n_constants[finite]
        y, g, n = self._target, self._ones, self._task.n_rows
        ff, fy, fg = np.square(values).sum(axis=1), values @ y, values @ g
        yy, gg, gy = y @ y, g @ g, g @ y
        slope = (fy - fg * gy / gg) / (ff - fg**2 / gg)
        scales = np.stack((np.ones_like(ff), fy / ff, np.ones_like(ff), slope))
        offsets = np.stack((0 * ff, 0 * ff, (gy - fg) / gg, (gy - slope * fg) / gg))
        errors = (
            yy + scales**2 * ff + offsets**2 * gg - 2 * scales * fy - 2 * offsets * gy
            + 2 * scales * offsets * fg
        )  # fmt: skip
        more = np.array([0, 1, 1, 2])[:, None]
        unexplained, bits = self._worth(errors / n, genomes.lengths + 2 * more, n_constants + more)
        bits[~self._allowed_forms] = np.inf
        bits[~np.isfinite(bits)] = np.inf
        best = np.argmin(bits, axis=0)
        found = [
            self._in_form(form, genomes, scales[form], offsets[form], unexplained[form], bits[form]).rows(
                (best == form) & np.isfinite(bits[form])
            )
            for form in range(len(more))
        ]
        return found[0].and_(found[1]).and_(found[2]).and_(found[3])

    def fitted(self, genomes: Genomes, clock: Clock, effort: Effort) -> Judged:
        """Equations with constants refined from where they are; those without a finite fit are left out."""
        own = genomes
        if self._is_weighted:
            own = genomes.after((MUL, FIRST_VARIABLE - self._X.shape[1]), (0.0, 0.0))
        tape = own.tape()
        what: Tape | list[Expression] = tape
        if self._task.space.is_limited:  # bounds are those of expressions
            what = [own.expression(row) for row in range(len(own))]
        refined = refine(Program(what, self._task.n_threads), self._task, effort, clock)
        fitted = own.with_constants(tape, refined.constants)
        if self._is_weighted:
            fitted = fitted.without_first(2)
        return self._judged(fitted, refined.loss, tape.n_constants)

    @np.errstate(all="ignore")
    def as_they_are(self, genomes: Genomes) -> Judged:
        """Equations whose constants have been fitted."""
        tape = genomes.tape()
        errors = Program(tape).values(self._X) * self._ones - self._target
        return self._judged(genomes, np.mean(errors**2, axis=1), tape.n_constants)

    def _judged(self, genomes: Genomes, losses: Array, n_constants: NDArray[np.int64]) -> Judged:
        judged = Judged(genomes, *self._worth(losses, genomes.lengths, n_constants))
        return judged.rows(np.isfinite(judged.bits))

    def _worth(
        self, losses: Array, lengths: NDArray[np.int64], n_constants: NDArray[np.int64]
    ) -> tuple[Array, Array]:
        """What losses leave unexplained, and the bits of equations that have them."""
        unexplained = np.maximum(losses / self._null, SQUARED_ERROR.rounding)
        own = _BITS_PER_TOKEN * lengths + _BITS_PER_CONSTANT * n_constants
        return unexplained, 0.5 * self._n_rows * np.log2(unexplained) + own

    def _in_form(
        self, form: int, genomes: Genomes, scales: Array, offsets: Array, unexplained: Array, bits: Array
    ) -> Judged:
        """Equations f as f, a f, f + b or a f + b."""
        if form in (1, 3):
            genomes = genomes.after((MUL, NUMBER), (0.0, scales))
        if form in (2, 3):
            genomes = genomes.after((ADD,), (0.0,)).before(offsets)
        return Judged(genomes, unexplained, bits)


def _allowed_forms(space: SearchSpace) -> NDArray[np.bool_]:
    """Which of f, a f, f + b and a f + b may be proposed: f alone where more than operators is limited."""
    if replace(space, units=None, operators=ALL_OPERATORS, constant_bounds=None).is_limited:
        return np.array([True, False, False, False])
    mul, add = (space.operators.has(name) for name in ("mul", "add"))
    return np.array([True, mul, add, mul and add])
