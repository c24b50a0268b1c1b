"""A dictionary of parts: short equations, with their values, that may stand somewhere in a longer one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.space import SearchSpace
from nsr.search.evolution_settings import PartsSettings

Array = NDArray[np.float64]

# Rows whose values tell parts apart, and their digits.
_N_PROBES, _DIGITS = 16, 6


@dataclass(frozen=True)
class _Part:
    """A part and its values, shape (P,)."""

    expression: Expression
    values: Array


class Parts:
    """Parts that differ in more than a scale and an offset, which whoever uses one fits.

    The first ones are made of the variables; then parts are added of equations that were found, and grown by
    chance from those there are. Where there are too many, the oldest that were not first are forgotten.

    Args:
        X: Variables, shape (P, D), of the rows on which parts are compared.
        seed: Of what is grown.
        settings: Its numbers.
        space: What rules out parts of equations.
    """

    def __init__(
        self, X: Array, seed: int, settings: PartsSettings, space: SearchSpace = SearchSpace()
    ) -> None:
        self._X, self._settings = X, settings
        self._rng = np.random.default_rng(seed)
        self._known: dict[bytes, _Part] = {}
        self._space = space
        self._unary, self._binary = (
            [own for name in space.operators.drawn(arity) if (own := OPERATORS[name]).numpy]
            for arity in (1, 2)
        )
        self._unary = [operator for operator in self._unary if not operator.weights]
        self._table: tuple[Array, Array, Array] | None = None
        self.add(variable(place) for place in range(X.shape[1]))
        for _ in range(settings.n_rounds):
            self._combine_all()
        self._n_first = len(self._known)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def expressions(self) -> list[Expression]:
        """The parts, in the order of `table`."""
        return [part.expression for part in self._known.values()]

    @property
    @np.errstate(all="ignore")
    def table(self) -> tuple[Array, Array, Array]:
        """Standardised values, shape (n, P), and each part's mean and standard deviation, shape (n,)."""
        if self._table is None:
            values = np.array([part.values for part in self._known.values()]).reshape(-1, len(self._X))
            means, deviations = values.mean(axis=1), values.std(axis=1)
            self._table = (values - means[:, None]) / deviations[:, None], means, deviations
        return self._table

    def add(self, expressions: Iterable[Expression]) -> None:
        """Takes in what is new, short enough and finite on all rows."""
        different = dict.fromkeys(expressions)
        new = [e for e in different if e.variables and e.complexity <= self._settings.max_complexity]
        if new:
            for expression, values in zip(new, Program(new).values(self._X), strict=True):
                self._take_in(expression, values)
        self._forget()

    @np.errstate(all="ignore")
    def grow(self) -> None:
        """Adds random functions of parts, and combinations of two."""
        parts = list(self._known.values())
        for _ in range(self._settings.n_grown if parts else 0):
            first, second = (parts[int(place)] for place in self._rng.integers(len(parts), size=2))
            if self._rng.random() < self._settings.unary_share:
                if self._unary:
                    self._combine(self._drawn(self._unary), self._moved(first))
            elif self._binary:
                self._combine(self._drawn(self._binary), first, second)
        self._forget()

    def _combine_all(self) -> None:
        parts = list(self._known.values())
        for operator in self._unary:
            for part in parts:
                self._combine(operator, part)
        for operator in self._binary:
            for place, first in enumerate(parts):
                for second in parts if operator.exponents == (1.0, -1.0) else parts[:place]:
                    if len(self._known) >= self._settings.n_first:
                        return
                    self._combine(operator, first, second)

    def _combine(self, operator: Operator, *parts: _Part) -> None:
        expression = apply(operator.name, *(part.expression for part in parts))
        is_short = expression.complexity <= self._settings.max_complexity
        if is_short and operator.numpy is not None and self._space.allows(expression):
            with np.errstate(all="ignore"):
                self._take_in(expression, operator.numpy(*(part.values for part in parts)))

    def _moved(self, part: _Part) -> _Part:
        """A part, sometimes with a random scale and offset, on which the shape of a function depends."""
        if self._rng.random() < 0.5:
            return part
        scale = np.exp(self._rng.normal()) * self._rng.choice([-1.0, 1.0]) / part.values.std()
        offset = self._rng.normal() - scale * part.values.mean()
        moved = apply("add", apply("mul", constant(float(scale)), part.expression), constant(float(offset)))
        return _Part(moved, scale * part.values + offset)

    def _drawn(self, operators: list[Operator]) -> Operator:
        return operators[int(self._rng.integers(len(operators)))]

    @np.errstate(all="ignore")
    def _take_in(self, expression: Expression, values: Array) -> None:
        spread = float(values.std())
        if not spread > 1e-9 * float(np.abs(values).max()) or not np.isfinite(spread):  # or a value is NaN
            return
        probes = (values[:_N_PROBES] - values.mean()) / spread
        sign = np.sign(probes[np.argmax(np.abs(probes))])
        key = np.round(sign * probes, _DIGITS).tobytes()
        known = self._known.get(key)
        if known is None or expression.complexity < known.expression.complexity:
            self._known[key] = _Part(expression, values)
            self._table = None

    def _forget(self) -> None:
        excess = len(self._known) - self._settings.most
        if excess > 0:
            for key in list(self._known)[self._n_first : self._n_first + excess]:
                del self._known[key]
            self._table = None
