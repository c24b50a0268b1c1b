"""Rows of a front as JSON has them: what the table says of each, its tokens, and what the data say of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from nsr.data.guesses import Guess
from nsr.expressions.expression import Expression
from nsr.refinement.likelihood import Loss
from nsr.refinement.reported import Reported
from nsr.refinement.uncertainty import Uncertainty
from nsr.saving.plain import expression, number, plain, rebuilt

# Columns of `equations_` that hold text; all others hold numbers.
_TEXTS = frozenset({"stage", "state", "field", "term", "name", "warning", "shape", "equation"})


def plain_table(table: pd.DataFrame) -> list[dict[str, Any]]:
    """`equations_` or `constants_` of an estimator, an object for each row."""
    return [{str(key): plain(cell) for key, cell in row.items()} for row in table.to_dict(orient="records")]


def rebuilt_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The table that `plain_table` was given; objects may have lists and other objects besides."""
    columns = [key for key, cell in rows[0].items() if not isinstance(cell, list | dict)]
    return pd.DataFrame(
        {key: [str(row[key]) if key in _TEXTS else _cell(row[key]) for row in rows] for key in columns}
    )


def plain_constants(table: pd.DataFrame, place: int) -> list[dict[str, Any]]:
    """The constants of a row with errors and intervals, for readers of the file; null for what is unknown."""
    rows = table[table["equation"] == place].drop(columns="equation").to_dict(orient="records")
    return [
        {str(k): cell if isinstance(cell, str) or math.isfinite(cell) else None for k, cell in row.items()}
        for row in rows
    ]


def plain_reported(one: Reported) -> dict[str, Any]:
    """What the data say about an equation, but for the loss, which is that of the whole front."""
    return {
        "shown": plain(one.shown),
        "fit": _plain_uncertainty(one.fit),
        "names": plain(one.names),
        "guess": plain(one.guess),
        "groups": plain(one.groups),
        "rounded": plain(one.rounded),
        "constants": None if one.constants is one.fit else _plain_uncertainty(one.constants),
    }


def rebuilt_reported(content: Mapping[str, Any], loss: Loss) -> Reported:
    """What `plain_reported` was given."""
    fit = _rebuilt_uncertainty(content["fit"], loss)
    own = _rebuilt_uncertainty(content["constants"], loss)
    return Reported(
        expression(content["shown"]),
        fit,
        rebuilt(tuple[str, ...], content["names"]),
        fit if own is None else own,
        rebuilt(Guess | None, content["guess"]),
        rebuilt(tuple[str, ...], content.get("groups", [])),
        rebuilt(tuple[tuple[float, float], ...], content.get("rounded", [])),
    )


def rebuilt_expression(tokens: Any, n_variables: int) -> Expression:
    """The expression of these tokens.

    Raises:
        ValueError: If it has other variables than there are.
    """
    found = expression(tokens)
    if found.variables and found.variables[-1] >= n_variables:
        raise ValueError(f"there is no variable x_{found.variables[-1]} among {n_variables}")
    return found


def place_of_row(index: int | None, best: int, n_rows: int) -> int:
    """The number of a row from 0: the best one where none is given; negative ones count from the end.

    Raises:
        ValueError: If there is no such row.
    """
    if index is None:
        return best
    if not -n_rows <= index < n_rows:
        raise ValueError(f"there is no row {index}: the front has the rows 0 to {n_rows - 1}")
    return index % n_rows


def _plain_uncertainty(one: Uncertainty | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {name: plain(value) for name, value in vars(one).items() if name != "loss"}


def _rebuilt_uncertainty(content: Mapping[str, Any] | None, loss: Loss) -> Uncertainty | None:
    if content is None:
        return None
    found: Uncertainty = rebuilt(Uncertainty, {**content, "loss": None}, {Loss: lambda _: loss})
    return found


def _cell(cell: Any) -> Any:
    """Numbers; truth values and whole numbers stay what they are."""
    return cell if isinstance(cell, int) else number(cell)
