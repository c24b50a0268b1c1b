"""Units of measurement: which equations they allow, and which symmetries they force.

A unit is read with pint and kept as its dimension, exponents of length, mass, time and so on; prefixes
and factors do not matter, because no value is converted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import PLACEHOLDER, Expression, is_variable, subtree_end
from nsr.expressions.operators import OPERATORS

Array = NDArray[np.float64]

CONSTANT_UNITS = ("dimensionless", "free")
_ROUNDING = 1e-9
_SAME_AS_ARGUMENT = {"neg", "abs"}
_POWERS = {"sqrt": 0.5, "square": 2.0, "cube": 3.0, "inv": -1.0}


class _Inconsistent(Exception):  # noqa: N818 (never leaves this module)
    """Units do not fit together."""


@dataclass(frozen=True)
class Units:
    """Dimensions of the variables and the target of a table.

    Attributes:
        variables: Exponents of k base dimensions for each variable, shape (D, k).
        target: Those of the target, shape (k,).
        constants: `dimensionless`, or `free` where a constant may have any unit.
    """

    variables: Array
    target: Array
    constants: str = "dimensionless"

    @classmethod
    def parse(cls, X_units: Sequence[str], y_units: str, constants: str = "dimensionless") -> Units:
        """Reads units such as `m/s`, `kg*m^2`, `V`, or `1` and `` for none.

        Args:
            X_units: One for each variable.
            y_units: That of the target.
            constants: One of `CONSTANT_UNITS`.

        Raises:
            ValueError: If a unit is unknown, or no equation can have the target's unit.
        """
        if constants not in CONSTANT_UNITS:
            raise ValueError(f"constant_units {constants!r} must be one of {', '.join(CONSTANT_UNITS)}")
        read = [_dimension(text) for text in (*X_units, y_units)]
        bases = sorted(set(itertools.chain.from_iterable(read)))
        rows = [[dimension.get(base, 0.0) for base in bases] for dimension in read]
        table = np.array(rows, dtype=np.float64).reshape(len(read), len(bases))
        units = cls(table[:-1], table[-1], constants)
        if constants == "dimensionless" and not units.reach_target:
            raise ValueError(
                f"no product of powers of the variables has the unit {y_units!r} of the target: check the "
                "units, or set constant_units='free' if a constant of nature is missing"
            )
        return units

    def of(self, columns: NDArray[np.intp]) -> Units:
        """The units of some of the variables."""
        return Units(self.variables[columns], self.target, self.constants)

    @property
    def symmetries(self) -> Array:
        """Independent scale symmetries (w, c), shape (r, D + 1): x_i -> s^w_i x_i takes y to s^c y.

        They hold for any equation whose constants have no units (Buckingham 1914).
        """
        table = np.vstack((self.variables, self.target)).T
        kept: list[Array] = []
        for row in table:
            if np.linalg.matrix_rank(np.array([*kept, row]), tol=_ROUNDING) > len(kept):
                kept.append(row)
        return np.array(kept).reshape(len(kept), len(self.variables) + 1)

    def allow(self, expression: Expression) -> bool:
        """Whether an expression has the target's unit, and nothing in it adds or compares unlike units."""
        try:
            found = self._dimension_of(expression)
        except _Inconsistent:
            return False
        return found is None or _equal(found, self.target)

    @property
    def reach_target(self) -> bool:
        """Whether some product of powers of the variables has the target's unit."""
        if not self.target.size:
            return True
        weights = np.linalg.lstsq(self.variables.T, self.target, rcond=None)[0]
        return bool(np.allclose(self.variables.T @ weights, self.target))

    def _dimension_of(self, expression: Expression) -> Array | None:
        """Dimension of a well-formed expression; None where a free constant can make it any."""
        tokens = expression.tokens
        stack: list[tuple[Array | None, int]] = []
        for position in range(len(tokens) - 1, -1, -1):
            token = tokens[position]
            if isinstance(token, str) and is_variable(token):
                stack.append((self.variables[int(token[2:])], position))
            elif not isinstance(token, str) or token == PLACEHOLDER:
                stack.append((None if self.constants == "free" else np.zeros_like(self.target), position))
            else:
                parts = [stack.pop() for _ in range(OPERATORS[token].arity)]
                exponent = tokens[parts[1][1]] if token == "pow" else None
                is_number = token == "pow" and subtree_end(tokens, parts[1][1]) == parts[1][1] + 1
                known = exponent if is_number and isinstance(exponent, float) else None
                dimension = _combined(token, [part for part, _ in parts], known, np.zeros_like(self.target))
                stack.append((dimension, position))
        return stack[0][0]


def _combined(name: str, parts: list[Array | None], exponent: float | None, none: Array) -> Array | None:
    """Dimension of an operator's result; `none` is that of a number."""
    first = parts[0]
    if name in {"add", "sub"}:
        second = parts[1]
        if first is None or second is None:
            return second if first is None else first
        if not _equal(first, second):
            raise _Inconsistent
        return first
    if name in {"mul", "div"}:
        second = parts[1]
        if first is None or second is None:
            return None
        return first + second if name == "mul" else first - second
    if name in _SAME_AS_ARGUMENT:
        return first
    power = _POWERS.get(name, exponent)
    if power is not None:
        return None if first is None else first * power
    if any(part is not None and not _equal(part, none) for part in parts):
        raise _Inconsistent
    return none


def _equal(a: Array, b: Array) -> bool:
    return bool(np.all(np.abs(a - b) < _ROUNDING))


def _dimension(text: str) -> dict[str, float]:
    try:
        return {str(base): float(e) for base, e in _registry().parse_units(text).dimensionality.items()}
    except Exception as error:  # pint raises many kinds, from its own to AssertionError
        raise ValueError(
            f"{text!r} is no unit ({error}); write units like 'm/s', 'kg*m^2' or 'V', and '1' for none"
        ) from None


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
