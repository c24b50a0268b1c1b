"""Weighted least squares of affine functions, with the coefficients that the rows tell from zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.expression import Expression, constant, variable
from nsr.expressions.monomials import ONE, linear_combination

Array = NDArray[np.float64]

# What coefficients with this many standard errors from zero may be; and, where there are no errors, the share
# of the largest term that is rounding.
_SIGNIFICANT, _ROUNDING = 2.5, 1e-6


@dataclass(frozen=True)
class Affine:
    """An affine function of variables, as rows tell it.

    Attributes:
        coefficients: The constant first, shape (D + 1,).
        covariance: Of these, shape (D + 1, D + 1).
        sizes: Root mean squares of the columns, that of ones first, shape (D + 1,).
    """

    coefficients: Array
    covariance: Array
    sizes: Array

    def __sub__(self, other: Affine) -> Affine:
        return Affine(self.coefficients - other.coefficients, self.covariance + other.covariance, self.sizes)

    def mean(self, other: Affine) -> Affine:
        """Half of the sum of both."""
        total = (self.covariance + other.covariance) / 4
        return Affine((self.coefficients + other.coefficients) / 2, total, self.sizes)

    def times(self, factor: float) -> Affine:
        """A multiple."""
        return Affine(self.coefficients * factor, self.covariance * factor**2, self.sizes)

    @property
    def significant(self) -> Array:
        """The coefficients, those that may be zero as zero."""
        c = self.coefficients
        errors = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        effects = np.abs(c) * self.sizes
        kept = (np.abs(c) > _SIGNIFICANT * errors) & (effects > _ROUNDING * np.max(effects, initial=0.0))
        return np.where(kept, c, 0.0)

    @property
    def expression(self) -> Expression:
        """The function with its significant coefficients."""
        c = self.significant
        terms = [(float(c[1 + i]), variable(i)) for i in np.flatnonzero(c[1:]).tolist()]
        parts = [*terms, *([(float(c[0]), ONE)] if c[0] else [])]
        return linear_combination(parts) if parts else constant(0.0)


def fitted(columns: Array, target: Array, weights: Array) -> tuple[Affine, Array]:
    """The affine function of least squares, and what it leaves.

    Args:
        columns: With ones first, shape (P, D + 1).
        target: Shape (P,).
        weights: By which residuals are multiplied, shape (P,).

    Returns:
        The function, and weighted residuals, shape (P,).
    """
    table, goal = columns * weights[:, None], target * weights
    sizes = np.linalg.norm(table, axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    u, s, vt = np.linalg.svd(table / sizes, full_matrices=False)
    kept = s > 1e-10 * s[0]
    solved = (vt[kept].T / s[kept]) @ (u[:, kept].T @ goal)
    residuals = goal - table / sizes @ solved
    variance = float(residuals @ residuals) / max(len(goal) - int(kept.sum()), 1)
    spread = vt[kept].T / s[kept]
    covariance = variance * spread @ spread.T / np.outer(sizes, sizes)
    return Affine(solved / sizes, covariance, np.sqrt(np.mean(columns**2, axis=0))), residuals
