"""Which equation of a front says best how particles move: its form is the network's, its constants theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nsr.evaluate.program import Program, values_of
from nsr.expressions.expression import Expression, variable
from nsr.expressions.printing import to_infix
from nsr.regressor import SymbolicRegressor
from nsr.understanding.distillation.graph_network import Pairs
from nsr.understanding.distillation.pruning import pruned
from nsr.understanding.explained import LEAST_EXPLAINED, r_squared, simplest

Array = NDArray[np.float64]

# Snapshots that constants are fitted to.
_N_FITTED = 300
# Of a typical acceleration: smaller differences in error decide nothing.
_NEGLIGIBLE = 1e-3
_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Pull:
    """The acceleration of particle i along one axis that particle j causes.

    Attributes:
        expression: Over the columns of `Law.pairs`.
        names: Of these columns.
        r2: Share of the variance of unseen accelerations that it explains.
        estimator: The search on the network's pulls along this axis.
    """

    expression: Expression
    names: tuple[str, ...]
    r2: float
    estimator: SymbolicRegressor

    @property
    def is_found(self) -> bool:
        """Whether it explains more than half of how particles are accelerated."""
        return self.r2 >= LEAST_EXPLAINED

    @property
    def equation(self) -> str:
        """As text, with four digits of constants."""
        return to_infix(self.expression, self.names, _DIGITS)

    def predict(self, pairs: Array | pd.DataFrame) -> Array:
        """Values, shape (n,), for pairs, shape (n, n_columns); a data frame may have further columns."""
        own = pairs[list(self.names)] if isinstance(pairs, pd.DataFrame) else pairs
        return values_of(self.expression, np.asarray(own, dtype=np.float64))

    def __str__(self) -> str:
        share = f"{max(self.r2, 0.0):.4%} of the variance of unseen accelerations"
        if not self.is_found:
            return f"no equation found (the best explains {share})"
        return f"{self.equation}  (explains {share})"


def chosen_pull(
    searched: Sequence[SymbolicRegressor], names: tuple[str, ...], axis: int, seen: Pairs, unseen: Pairs
) -> Pull:
    """The simplest equation of all fronts with which unseen accelerations come out as well as with any.

    Those of the other axes are tried with the axes exchanged, and the chosen one without parts of it, one
    after the other.

    A network is off by little, but not by chance, and long equations follow it there. So each equation's
    constants are fitted to sums over pairs, which are the accelerations themselves, and the equations
    compared by their mean absolute error in snapshots that neither network nor constants have seen: within
    one standard error of the least, or a thousandth of the mean acceleration.

    Args:
        searched: For each axis, fitted to the network's pulls along it.
        names: Of the columns.
        axis: Its number.
        seen: Snapshots that constants may be fitted to.
        unseen: Snapshots that decide.
    """
    target = unseen.accelerations[..., axis].ravel()
    waiting = [one for other, front in enumerate(searched) for one in _turned(front, other, axis)]
    tried: set[Expression] = set()
    predicted: dict[Expression, Array] = {}
    while waiting:
        for one in dict.fromkeys(waiting):
            own = _fitted(one, axis, seen)
            predicted[own] = _sums(values_of(own, _rows(unseen)), unseen)
        order = sorted(predicted, key=lambda one: one.complexity)
        errors = np.abs(np.array([predicted[one] for one in order]) - target)
        errors = np.nan_to_num(errors, nan=np.inf)
        chosen = order[simplest(errors, _NEGLIGIBLE * float(np.abs(target).mean()))]
        tried.update(waiting)
        waiting = [one for one in pruned(chosen) if one not in tried]
    return Pull(chosen, names, r_squared(predicted[chosen], target), searched[axis])


def _turned(front: SymbolicRegressor, axis: int, other: int) -> list[Expression]:
    """The equations of a front with two axes, which are the first columns, exchanged."""
    exchange = {axis: variable(other), other: variable(axis)}
    return [one.substitute(exchange) for one in front.expressions_]


def _fitted(expression: Expression, axis: int, pairs: Pairs) -> Expression:
    """The expression with constants for which sums over pairs are closest to the accelerations."""
    if not expression.constants:
        return expression
    some = pairs.of(slice(None, _N_FITTED))
    program, table = Program([expression]), _rows(some)
    target = some.accelerations[..., axis].ravel()

    def residuals(constants: Array) -> Array:
        with np.errstate(all="ignore"):
            values = _sums(program.values(table, constants[None])[0], some)
        return np.nan_to_num(values - target, nan=1e9, posinf=1e9, neginf=-1e9)

    def jacobian(constants: Array) -> Array:
        with np.errstate(all="ignore"):
            slopes = program.jacobian(table, constants[None])[1][0]
        return np.nan_to_num(np.column_stack([_sums(one, some) for one in slopes]), posinf=0.0, neginf=0.0)

    found = least_squares(residuals, np.array(expression.constants), jacobian, x_scale="jac", max_nfev=50)
    return expression.with_constants(found.x.tolist())


def _rows(pairs: Pairs) -> Array:
    return np.ascontiguousarray(pairs.table.reshape(-1, pairs.table.shape[-1]))


def _sums(values: Array, pairs: Pairs) -> Array:
    """Sums over the pairs of each particle in each snapshot, shape (n_snapshots * n_particles,)."""
    return np.asarray(values.reshape(-1, pairs.table.shape[2]).sum(axis=1))
