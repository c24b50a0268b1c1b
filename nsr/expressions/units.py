"""Units of measurement: which equations they allow, and which symmetries they force.

A unit is read with pint and kept as its dimension, exponents of length, mass, time and so on; prefixes
and factors do not matter, because no value is converted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.dimensions import DIMENSIONLESS, Quantity, UnitError, are_equal
from nsr.expressions.expression import Expression, Token, is_variable
from nsr.expressions.operators import Operator

Array = NDArray[np.float64]

CONSTANT_UNITS = ("dimensionless", "free")
_ROUNDING = 1e-9


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
        cls.check_constants(constants)
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

    @staticmethod
    def check_constants(constants: str) -> None:
        """Raises what `parse` does where `constants` is not one of `CONSTANT_UNITS`."""
        if constants not in CONSTANT_UNITS:
            raise ValueError(f"constant_units {constants!r} must be one of {', '.join(CONSTANT_UNITS)}")

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
            found = expression.fold(self._of_leaf, _of_operator).dimension
        except UnitError:
            return False
        return found is None or are_equal(found, self.target)

    @property
    def reach_target(self) -> bool:
        """Whether some product of powers of the variables has the target's unit."""
        if not self.target.size:
            return True
        weights = np.linalg.lstsq(self.variables.T, self.target, rcond=None)[0]
        return bool(np.allclose(self.variables.T @ weights, self.target))

    def _of_leaf(self, token: Token, _: int) -> Quantity:
        if isinstance(token, str) and is_variable(token):
            return Quantity(self.variables[int(token[2:])])
        dimension = None if self.constants == "free" else DIMENSIONLESS
        return Quantity(dimension, None if isinstance(token, str) else token)


def _of_operator(operator: Operator, arguments: list[Quantity]) -> Quantity:
    return Quantity(operator.dimension(arguments))


def _dimension(text: str) -> dict[str, float]:
    try:
        return {str(base): float(e) for base, e in _registry().parse_units(text).dimensionality.items()}
    except Exception as error:  # pint raises many kinds, from its own to AssertionError
        raise ValueError(
            f"{text!r} is not a unit ({error}); write units like 'm/s', 'kg*m^2' or 'V', and '1' for none"
        ) from None


def is_coherent(text: str) -> bool:
    """Whether values in a unit are those in SI's base units: m/s and N are such units, km is not."""
    try:
        return math.isclose(_registry().Quantity(1.0, text).to_base_units().magnitude, 1.0)
    except Exception:  # what cannot be multiplied, as degrees Celsius
        return False


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
