"""A random forest (Breiman 2001): what a table allows to those who need no equation."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from eval.methods import Array, Budget


class Method:
    """`sklearn.ensemble.RandomForestRegressor` with its defaults, a hundred trees."""

    def __init__(self, budget: Budget) -> None:
        self._estimator = RandomForestRegressor(n_jobs=budget.cores, random_state=budget.seed)

    def fit(self, X: Array, y: Array) -> None:
        """Fits."""
        self._estimator.fit(X, y)

    def predict(self, X: Array) -> Array:
        """Predicts the mean of the trees."""
        return np.asarray(self._estimator.predict(X), dtype=np.float64)

    def sympy(self) -> None:
        """A forest is not an equation."""

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees, SRBench's complexity of a forest."""
        return sum(int(tree.tree_.node_count) for tree in self._estimator.estimators_)
