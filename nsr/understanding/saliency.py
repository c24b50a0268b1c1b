"""Saliency: which rows and columns made the network write an equation, and each token of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.network.checkpoint import DEFAULT_CHECKPOINT, from_pretrained
from nsr.network.guess import likely
from nsr.network.saliency import Reader
from nsr.understanding.tables import complete_rows, table_and_target

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

# Rows, drawn at random, that the network is shown: each number of them is read anew with other values.
_LEAST_ROWS, _MOST_ROWS = 2, 64


@dataclass(frozen=True, eq=False)
class Saliency:
    """What the network's log likelihood of an equation would lose without parts of the table, in nats.

    Attributes:
        equation: As text.
        names: Of the columns, D of them.
        tokens: What the network writes, L tokens, the last one its end.
        log_probabilities: Of each token, given those before it, shape (L,).
        shown: Which rows of the table the network was shown, shape (P,).
        X: These rows, shape (P, D).
        by_row: What each token's log probability loses without each of these rows, to first order (by the
            gradient of the row's weight), shape (L, P); negative where the row spoke against it.
        by_column: What it loses where a column is shuffled, shape (L, D).
    """

    equation: str
    names: tuple[str, ...]
    tokens: tuple[str, ...]
    log_probabilities: Array
    shown: NDArray[np.intp]
    X: Array
    by_row: Array
    by_column: Array
    _reader: Reader
    _sequence: tuple[int, ...]
    _seed: int

    @property
    def rows(self) -> Array:
        """What the whole equation's log likelihood loses without each row, to first order, shape (P,)."""
        return np.asarray(self.by_row.sum(axis=0))

    @property
    def columns(self) -> pd.Series:
        """What the whole equation's log likelihood loses where a column is shuffled, the most first."""
        return pd.Series(self.by_column.sum(axis=0), index=list(self.names)).sort_values(ascending=False)

    @cached_property
    def cells(self) -> Array:
        """What the log likelihood loses where one number is that of another row, shape (P, D)."""
        return self._reader.without_cells(self._sequence, np.random.default_rng(self._seed))

    def left_out(self) -> Array:
        """What `rows` estimates, by reading the table once without each row, shape (P,)."""
        return np.asarray(self._reader.without_rows(self._sequence).sum(axis=0))

    def __repr__(self) -> str:
        """The equation, how likely the network takes it to be, and what its columns are worth."""
        total = float(self.log_probabilities.sum())
        lines = [f"{self.equation}: log likelihood {total:.2f}, which loses where a column is shuffled"]
        return "\n".join(lines + [f"  {name}: {lost:.2f}" for name, lost in self.columns.items()])


def saliency(
    X: ArrayLike,
    y: ArrayLike,
    equation: str | Expression | SymbolicRegressor | None = None,
    checkpoint: str = DEFAULT_CHECKPOINT,
    seed: int = 0,
) -> Saliency:
    """Which rows and columns make the network write an equation.

    Args:
        X: Variables, shape (n_rows, n_columns), at most as many columns as the network knows.
        y: Target, shape (n_rows,); rows that miss a value are left out.
        equation: As text in the names of the columns, as an expression, or the chosen one of a fitted
            estimator; by default the one that the network takes to be likeliest.
        checkpoint: Name of a shipped checkpoint, or a folder.
        seed: Of rows, shuffles and guesses.

    Raises:
        ValueError: If X and y do not belong together, there are more columns than the network knows, fewer
            than two rows are complete, or the network has no way to write the equation.
    """
    table, target, own_names = table_and_target(X, y)
    names, rng = own_names.identifiers, np.random.default_rng(seed)
    shown = np.sort(rng.permutation(complete_rows(table, target, _LEAST_ROWS))[:_MOST_ROWS])
    pretrained = from_pretrained(checkpoint, knows="functions")
    reader = Reader.of(pretrained, table[shown], target[shown])
    if equation is None:
        guesses = likely(pretrained, table[shown], target[shown], seed=seed)
        if not guesses:
            raise ValueError("the network has no guess for this table: give an equation")
        expression = guesses[0][0]
    else:
        expression = _expression(equation, names)
    sequence = reader.sequence(expression)
    return Saliency(
        to_infix(expression, names, 4),
        tuple(names),
        tuple(_told(word, names) for word in reader.words(sequence)),
        reader.logs(sequence),
        shown,
        table[shown],
        reader.of_rows(sequence),
        reader.without_columns(sequence, rng),
        reader,
        tuple(sequence),
        seed,
    )


def _expression(equation: str | Expression | SymbolicRegressor, names: tuple[str, ...]) -> Expression:
    if isinstance(equation, Expression):
        return equation
    if isinstance(equation, str):
        return parse(equation, list(names))
    return equation._equation(None)


def _told(word: str, names: tuple[str, ...]) -> str:
    """A token as users know it: variables by their names."""
    return names[int(word[2:])] if word.startswith("x_") else word.replace("<eos>", "end")
