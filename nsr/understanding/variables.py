"""What mattered: how much an equation needs each of its variables, and how it answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nsr.data.notes import tell
from nsr.export.latex import with_digits
from nsr.report.columns import shuffles
from nsr.understanding.sensitivities import Sensitivity, sensitivities
from nsr.understanding.shapley import shapley_values
from nsr.understanding.sobol import sobol_indices
from nsr.understanding.subject import Subject
from nsr.understanding.terms import term_shares

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

_N_SHUFFLES = 10
# Rows, drawn at random, whose Shapley values are computed.
_N_EXPLAINED = 200


@dataclass(frozen=True, eq=False)
class Importance:
    """What an equation's variables and terms are worth.

    Attributes:
        variables: A row for each column, the most important first: `variable`; `permutation`, the share of
            the target's variance that is explained no more when the column is shuffled, and its standard
            deviation over shuffles, `permutation_error`; `shapley`, the mean size of its Shapley values, in
            units of the target; `sobol_first` and `sobol_total`, the shares of the equation's variance that
            it causes alone, and together with others. All are exactly zero where the equation lacks it.
        shapley: Shapley values, shape (n, D), columns in the order of the table.
        rows: Which of the rows with known values these explain, shape (n,).
        sensitivities: Derivatives and elasticities by each variable of the equation.
        terms: What each term of a sum explains (`nsr.understanding.terms.term_shares`).
        names: Of the columns, in the order of the table.
        X: The values that `shapley` explains, shape (n, D).
    """

    variables: pd.DataFrame
    shapley: Array
    rows: NDArray[np.intp]
    sensitivities: list[Sensitivity]
    terms: pd.DataFrame
    names: tuple[str, ...]
    X: Array

    @property
    def formulas(self) -> pd.DataFrame:
        """Sensitivities as text and typical values: the derivative's mean and the elasticity's median."""
        return pd.DataFrame(
            {
                "variable": [one.variable for one in self.sensitivities],
                "derivative": [str(with_digits(one.derivative, 4)) for one in self.sensitivities],
                "mean derivative": [float(np.mean(one.slopes)) for one in self.sensitivities],
                "elasticity": [str(with_digits(one.elasticity, 4)) for one in self.sensitivities],
                "median elasticity": [float(np.median(one.elasticities)) for one in self.sensitivities],
            }
        )

    def __repr__(self) -> str:
        """The tables."""
        tables = (self.variables, self.formulas, self.terms)
        return "\n\n".join(
            table.to_string(index=False, float_format=lambda value: f"{value:.4g}") for table in tables
        )


def importance(
    estimator: SymbolicRegressor,
    X: ArrayLike,
    y: ArrayLike,
    index: int | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    seed: int = 0,
) -> Importance:
    """What each variable, and each term, of a fitted equation is worth.

    Args:
        estimator: Fitted.
        X: Variables, shape (n_rows, n_columns), as for its `predict`.
        y: Observed target, shape (n_rows,).
        index: Row of `equations_`; the chosen one by default.
        ranges: Of columns, by name, in which Sobol indices draw them uniformly; by default each is drawn from
            its rows.
        seed: Of shuffles, rows and points.

    Raises:
        ValueError: If there is no such row or column, or constants differ by group.

    Warns:
        DataWarning: If the equation has no value somewhere in the box of its columns: Sobol indices and some
            Shapley values are then NaN, and a column whose shuffling leads there has infinite importance.
    """
    subject = Subject.of(estimator, X, y, index)
    names, rng = subject.names, np.random.default_rng(seed)
    places = {estimator.names_.place(name): limits for name, limits in (ranges or {}).items()}
    rows = np.sort(rng.permutation(len(subject.y))[:_N_EXPLAINED])
    of_rows = shapley_values(subject.values, subject.X[rows], subject.used, rng)
    first, total = sobol_indices(subject.values, subject.X, subject.used, places, rng)
    permutation, error = _permutation(subject, rng)
    if not np.isfinite([first, total, permutation]).all() or not np.isfinite(of_rows).all():
        tell(
            "the equation has no value where columns are combined as in no row: what is not known is NaN; "
            "ranges={'x': (low, high)} says where Sobol indices shall draw a column instead"
        )
    table = pd.DataFrame(
        {
            "variable": names,
            "permutation": permutation,
            "permutation_error": error,
            "shapley": np.abs(of_rows).mean(axis=0),
            "sobol_first": first,
            "sobol_total": total,
        }
    )
    order = np.argsort(-permutation, kind="stable")
    return Importance(
        table.iloc[order].reset_index(drop=True),
        of_rows,
        rows,
        sensitivities(subject),
        term_shares(subject),
        names,
        subject.X[rows],
    )


def _permutation(subject: Subject, rng: np.random.Generator) -> tuple[Array, Array]:
    """Permutation importance (Breiman 2001) as a share of the target's variance, mean and deviation."""
    n_columns = subject.X.shape[1]
    means, deviations = np.zeros(n_columns), np.zeros(n_columns)
    variance = max(float(np.var(subject.y)), 1e-300)
    own = float(np.mean((subject.y - subject.predicted) ** 2))
    for column in subject.used:
        more = []
        for shuffled in shuffles(subject.X, column, _N_SHUFFLES, rng):
            off = float(np.mean((subject.y - subject.values(shuffled)) ** 2))
            more.append((off - own) / variance if np.isfinite(off) else np.inf)
        is_known = np.isfinite(more).all()
        means[column], deviations[column] = (np.mean(more), np.std(more)) if is_known else (np.inf, np.nan)
    return means, deviations
