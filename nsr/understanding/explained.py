"""One equation for one quantity that a network computes, judged on rows that the search has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

# Of a quantity's variance, on unseen rows, that an equation has to explain before it counts as found.
LEAST_EXPLAINED = 0.5
_SHARE_UNSEEN = 0.25
_LEAST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Explained:
    """A quantity and its equation.

    Attributes:
        estimator: Fitted to the rows that were searched.
        index: Of the chosen equation among the estimator's.
        r2: Share of the quantity's variance that it explains on the rows that were kept back.
    """

    estimator: SymbolicRegressor
    index: int
    r2: float

    @property
    def is_found(self) -> bool:
        """Whether the equation says more than half of what there is to say."""
        return self.r2 >= LEAST_EXPLAINED

    @property
    def equation(self) -> str:
        """The chosen equation, constants with the digits that their errors warrant."""
        return self.estimator.equations("warranted")[self.index]

    def predict(self, X: Array | pd.DataFrame) -> Array:
        """Values of the chosen equation, shape (n_rows,)."""
        columns = list(self.estimator.feature_names_in_)
        return np.asarray(self.estimator.predict(pd.DataFrame(np.asarray(X), columns=columns), self.index))

    def __str__(self) -> str:
        if not self.is_found:
            return f"no equation found (the best explains {max(self.r2, 0.0):.0%} of unseen rows)"
        return f"{self.equation}  (R2 {self.r2:.4g} on unseen rows)"


def explain(
    table: pd.DataFrame,
    values: Array,
    estimator: SymbolicRegressor | None,
    n_rows: int,
    seed: int,
    observed: Array | None = None,
) -> Explained:
    """Searches for an equation on some of the rows and judges it on others.

    Args:
        table: Variables, shape (n, n_columns).
        values: What is to be explained, shape (n,).
        estimator: How to search; it is cloned. The defaults of `SymbolicRegressor` where there is none.
        n_rows: Most rows to search on and to judge on, drawn at random.
        seed: Of the draw.
        observed: What the quantity stands for, with noise, shape (n,): then the simplest equation is chosen
            whose mean absolute error is within one standard error of the least; else the estimator chooses. A
            network is off by little, but not by chance, and long equations follow it there.

    Raises:
        ValueError: If there are fewer than twenty rows.
    """
    if len(table) < _LEAST_ROWS:
        raise ValueError(
            f"{len(table)} rows are too few to find an equation and judge it: give {_LEAST_ROWS}"
        )
    order = np.random.default_rng(seed).permutation(len(table))[:n_rows]
    n_unseen = max(int(_SHARE_UNSEEN * len(order)), 1)
    unseen, seen = order[:n_unseen], order[n_unseen:]
    own = SymbolicRegressor() if estimator is None else clone(estimator)
    own.fit(table.iloc[seen], values[seen])
    index = own.best_index_ if observed is None else _closest(own, table, observed)
    return Explained(own, index, r_squared(own.predict(table.iloc[unseen], index), values[unseen]))


def _closest(estimator: SymbolicRegressor, table: pd.DataFrame, observed: Array) -> int:
    """The first row of the front that is as close to what was observed as any, but for chance."""
    rows = range(len(estimator.expressions_))
    errors = np.array([np.abs(estimator.predict(table, row) - observed) for row in rows])
    return simplest(np.nan_to_num(errors, nan=np.inf))


def simplest(errors: Array, negligible: float = 0.0) -> int:
    """The first row whose mean error is within one standard error of the least.

    Args:
        errors: Shape (n_equations, n), those of simple equations first.
        negligible: What a mean may be off by besides.
    """
    means = errors.mean(axis=1)
    best = int(np.argmin(means))
    if not np.isfinite(means[best]):
        return 0
    allowed = means[best] + errors[best].std() / np.sqrt(errors.shape[1]) + negligible
    return int(np.flatnonzero(means <= allowed)[0])


def r_squared(predicted: Array, observed: Array) -> float:
    """Share of the variance that predictions explain; -inf where one is not finite.

    Args:
        predicted: Shape (n,) or (n, n_outputs).
        observed: Of the same shape; the variances of outputs are added up.
    """
    total = float(np.sum((observed - observed.mean(axis=0)) ** 2))
    left = float(np.sum((predicted - observed) ** 2))
    if not np.isfinite(left):
        return -np.inf
    return 1 - left / total if total > 0 else 0.0
