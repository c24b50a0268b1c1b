"""What fitted estimators of systems of equations have in common: a front whose rows are systems."""

from __future__ import annotations

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from nsr.export.leaderboard import leaderboard
from nsr.expressions.expression import Expression
from nsr.saving.rows import place_of_row

# Significant digits of constants where systems are shown.
DIGITS = 4


class FittedSystems(BaseEstimator):  # type: ignore[misc]
    """The front of `ODERegressor` and `PDERegressor`, which document the attributes."""

    equations_: pd.DataFrame
    expressions_: list[tuple[Expression, ...]]
    best_index_: int
    constants_: pd.DataFrame
    warnings_: list[str]

    def _text(self, system: tuple[Expression, ...], digits: int | None) -> str:
        """A system as infix text."""
        raise NotImplementedError

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

    def equations(self, digits: int | None = None) -> list[str]:
        """The front as infix text, with constants of that many digits, or all that are needed."""
        check_is_fitted(self)
        return [self._text(system, digits) for system in self.expressions_]

    def row(self, index: int | None = None) -> int:
        """The number of a row of `equations_`, from 0: the chosen one by default; negative ones from the end.

        Raises:
            ValueError: If there is no such row.
        """
        check_is_fitted(self)
        return place_of_row(index, self.best_index_, len(self.expressions_))

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The leaderboard once fitted, the parameters before."""
        header: str = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "equations_"):
            return header
        return f"{header}\n{leaderboard(self.equations_, self.equations(DIGITS), self.best_index_)}"
