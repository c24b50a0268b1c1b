"""Mutual information: how much columns, and pairs of them, tell of a target, whatever the form of the law."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import scipy.special
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from nsr.understanding.tables import complete_rows, table_and_target

Array = NDArray[np.float64]

# Rows that are looked at, drawn at random; halves of them and shuffles of the target for errors.
_LEAST_ROWS, _MOST_ROWS, _N_HALVES, _N_SHUFFLES = 20, 2_000, 10, 5
# Pairs are made of so many columns at most, those that tell most alone.
_MOST_PAIRED = 6
# Neighbours are a fiftieth of the rows, but at least three: more average noise out, and see less detail.
_SHARE_NEAR, _LEAST_NEAR = 0.02, 3


def information(
    X: ArrayLike, y: ArrayLike, names: Sequence[str] | None = None, pairs: bool = True, seed: int = 0
) -> pd.DataFrame:
    """Mutual information of columns, alone and in pairs, with a target: before a fit, or of what it leaves.

    It is that of the columns' ranks, which is the same as that of their values.

    Args:
        X: Columns, shape (n_rows, n_columns); rows that miss a value are left out.
        y: Target, shape (n_rows,), or residuals of a fit, `y - model.predict(X)`.
        names: Of the columns; those of a data frame, or x_0, x_1, ... by default.
        pairs: Whether to look at pairs; a pair that tells more than its two columns do alone acts jointly.
        seed: Of rows, halves and shuffles.

    Returns:
        A row for each column, and then for each pair, the most informative first, with columns `columns`;
        `information` in nats; `error`, its standard error, from halves of the rows; `noise`, what shuffled
        targets reach (mean and two deviations); and of pairs `jointly`, the information beyond that of both
        columns alone, negative where both tell the same.

    Raises:
        ValueError: If X, y and names do not belong together, or fewer than 20 rows are complete.
    """
    table, target, own_names = table_and_target(X, y)
    labels = own_names.columns if names is None else tuple(names)
    if len(labels) != table.shape[1]:
        raise ValueError(f"X has {table.shape[1]} columns, and names are {len(labels)}: give one for each")
    rng = np.random.default_rng(seed)
    rows = rng.permutation(complete_rows(table, target, _LEAST_ROWS))[:_MOST_ROWS]
    ranked = _ranks(np.column_stack((table[rows], target[rows])), rng)
    halves = [rng.permutation(len(rows))[: len(rows) // 2] for _ in range(_N_HALVES)]
    shuffles = [rng.permutation(len(rows)) for _ in range(_N_SHUFFLES)]

    def of(columns: tuple[int, ...]) -> tuple[str, float, float, float]:
        own, last = ranked[:, list(columns)], ranked[:, -1]
        noise = [mutual_information(own, last[order]) for order in shuffles]
        # The deviation of halves that are drawn without replacement is that of the whole.
        error = np.std([mutual_information(own[half], last[half]) for half in halves], ddof=1)
        reached = np.mean(noise) + 2 * np.std(noise, ddof=1)
        label = ", ".join(labels[column] for column in columns)
        return label, mutual_information(own, last), float(error), float(reached)

    alone = [of((column,)) for column in range(table.shape[1])]
    best = sorted(range(len(alone)), key=lambda column: -alone[column][1])
    couples = combinations(sorted(best[:_MOST_PAIRED]), 2) if pairs else ()
    joint = [(*found, found[1] - alone[a][1] - alone[b][1]) for a, b in couples for found in (of((a, b)),)]
    told = [*((*alone[column], np.nan) for column in best), *sorted(joint, key=lambda found: -found[1])]
    return pd.DataFrame(told, columns=["columns", "information", "error", "noise", "jointly"])


def mutual_information(X: Array, y: Array, n_neighbours: int | None = None) -> float:
    """Mutual information of X, shape (P, d), and y, shape (P,), in nats, from distances of neighbours.

    The first estimator of Kraskov, Stoegbauer and Grassberger (Physical Review E 69, 2004), which
    scikit-learn has for a single column. It may be negative by its error.
    """
    from sklearn.neighbors import KDTree

    if n_neighbours is None:
        n_neighbours = max(_LEAST_NEAR, round(_SHARE_NEAR * len(y)))
    joint = np.column_stack((X, y))
    distances, _ = KDTree(joint, metric="chebyshev").query(joint, n_neighbours + 1)
    radius = np.nextafter(distances[:, -1], 0)
    counts = [
        KDTree(own, metric="chebyshev").query_radius(own, radius, count_only=True)  # the row itself included
        for own in (X, y[:, None])
    ]
    psi = scipy.special.digamma
    return float(psi(len(y)) + psi(n_neighbours) - sum(np.mean(psi(count)) for count in counts))


def _ranks(columns: Array, rng: np.random.Generator) -> Array:
    """Ranks between 0 and 1; equal values are told apart by less than ranks differ."""
    ranks = scipy.stats.rankdata(columns, axis=0) / len(columns)
    return np.asarray(ranks + 1e-10 * rng.random(columns.shape))
