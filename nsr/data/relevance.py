"""Which of many columns a target depends on, by five measures, each beside what it says of mere noise."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

_OF_RESIDUALS = "residuals"
MEASURES = ("mutual information", "trees", "sparse regression", "products", _OF_RESIDUALS)
# Rows that each of the first is asked of: nearest neighbours, a forest, a path of regressions, a product.
_ROWS = (1_000, 2_000, 2_000, 2_000)
# Values further from the mean than this many standard deviations count as that far.
_FAR = 3.0
_N_TREES, _N_SHADOWS = 100, 100
# Where this many columns that are noise end: so many standard deviations above their mean, or at the largest.
_DEVIATIONS = 4.0


@dataclass(frozen=True, eq=False)
class Relevance:
    """What the measures say of columns.

    Attributes:
        columns: The columns, ascending, shape (n_columns,).
        strengths: By how much each exceeds what noise reaches, shape (n_columns, 5); above 1 it is not noise.
        is_kept: Which are kept, shape (n_columns,).
    """

    columns: NDArray[np.intp]
    strengths: Array
    is_kept: NDArray[np.bool_]

    def table(self, names: Sequence[str]) -> pd.DataFrame:
        """The same as a data frame, the most relevant first: `column`, each measure, and `kept`."""
        found = pd.DataFrame(self.strengths, columns=list(MEASURES))
        found.insert(0, "column", [names[column] for column in self.columns])
        found["kept"] = self.is_kept
        return found.iloc[np.argsort(-self.strengths.max(axis=1), kind="stable")].reset_index(drop=True)

    def told(self, names: Sequence[str], most: int = 10) -> str:
        """Which columns are kept and why, as a phrase."""
        table = self.table(names)
        kept = table[table["kept"]]
        shown = [f"{row['column']} ({_why(row)})" for _, row in kept.iloc[:most].iterrows()]
        more = len(kept) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def relevance(X: Array, y: Array, columns: NDArray[np.intp], seed: int, weights: Array | None) -> Relevance:
    """Measures columns together with shuffled copies of some, which are noise; none is kept yet.

    The copies are those of Kursa and Rudnicki (Feature selection with the Boruta package, Journal of
    Statistical Software 36, 2010). Mutual information is that of each column alone
    (Kraskov et al., Physical Review E 69, 2004), trees see columns together, sparse regression tells
    which of several that are alike is needed (Tibshirani 1996), and products show columns that matter only by
    others: alone, a factor that is as often negative as positive changes nothing on average. The same is
    asked about what the columns that are told by these leave: one that varies much hides its factors.

    Args:
        X: The columns, shape (P, D), in random order of rows.
        y: Target, shape (P,).
        columns: What the user's numbers of these are, shape (D,).
        seed: Of copies and trees.
        weights: Of rows, shape (P,); None where all are alike.
    """
    rng = np.random.default_rng(seed)
    sources = rng.permutation(X.shape[1])[:_N_SHADOWS]
    shadows = rng.permuted(X[:, sources], axis=0)
    both = np.hstack((X, shadows))
    strengths = _strengths(both, y, X.shape[1], weights, seed)
    is_told = strengths.max(axis=1) > 1
    of_residuals = np.zeros(len(columns))
    if is_told.any() and not is_told.all():
        left = y - _out_of_bag(X[:, is_told], y, weights, seed)
        of_residuals = _strengths(both, left, X.shape[1], weights, seed).max(axis=1)
    strengths = np.column_stack((strengths, of_residuals))
    return Relevance(columns, strengths, np.zeros(len(columns), dtype=np.bool_))


def _strengths(both: Array, y: Array, n_columns: int, weights: Array | None, seed: int) -> Array:
    """By how much columns exceed the noise that comes after them, by each of the first measures."""
    measures = (_mutual_information, importances, _sparse_regression, _products)
    scores = [
        measure(both[:n], y[:n], None if weights is None else weights[:n], seed)
        for measure, n in zip(measures, _ROWS, strict=True)
    ]
    return np.column_stack([_beside_noise(own, n_columns) for own in scores])


def _out_of_bag(X: Array, y: Array, weights: Array | None, seed: int) -> Array:
    """What trees expect of rows that they have not seen, shape (P,)."""
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(
        _N_TREES, min_samples_leaf=3, bootstrap=True, oob_score=True, random_state=seed
    )
    return np.asarray(forest.fit(X, y, sample_weight=weights).oob_prediction_)


def importances(X: Array, y: Array, weights: Array | None, seed: int) -> Array:
    """How much a forest of randomised trees relies on each column, shape (D,)."""
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(_N_TREES, min_samples_leaf=3, max_features=1 / 3, random_state=seed)
    return np.asarray(forest.fit(X, y, sample_weight=weights).feature_importances_)


def _mutual_information(X: Array, y: Array, weights: Array | None, seed: int) -> Array:  # noqa: ARG001 (as the others)
    from sklearn.feature_selection import mutual_info_regression

    return np.asarray(mutual_info_regression(X, y, random_state=seed))


def _sparse_regression(X: Array, y: Array, weights: Array | None, seed: int) -> Array:  # noqa: ARG001 (as the others)
    """Sizes of coefficients of standardised columns, the penalty chosen by cross-validation."""
    from sklearn.linear_model import LassoCV

    scaled = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a path has not converged to the last digit
        model = LassoCV(alphas=30, cv=5).fit(scaled, y / max(float(y.std()), 1e-300), sample_weight=weights)
    return np.abs(np.asarray(model.coef_, dtype=np.float64))


def _products(X: Array, y: Array, weights: Array | None, seed: int) -> Array:  # noqa: ARG001 (as the others)
    """The largest correlation of the target with a product of each column and another one, both centred."""
    both = np.column_stack((X, y))
    scaled = np.clip((both - both.mean(axis=0)) / np.maximum(both.std(axis=0), 1e-300), -_FAR, _FAR)
    columns, target = scaled[:, :-1], scaled[:, -1] - scaled[:, -1].mean()
    own = target if weights is None else target * weights / weights.mean()
    correlations = np.abs(columns.T @ (own[:, None] * columns)) / len(y)
    np.fill_diagonal(correlations, 0.0)
    return np.asarray(correlations.max(axis=1))


def _beside_noise(scores: Array, n_columns: int) -> Array:
    """Scores of columns over what noise, the scores that follow, reaches."""
    noise = scores[n_columns:]
    reached = max(float(noise.max()), float(noise.mean() + _DEVIATIONS * noise.std()))
    return scores[:n_columns] / max(reached, 1e-3 * float(scores.max()), 1e-300)


def _why(row: pd.Series) -> str:
    """The measures by which a column is more than noise."""
    reasons = [f"{measure} {row[measure]:.1f}" for measure in MEASURES if row[measure] > 1]
    return ", ".join(reasons) or "not told from noise"
