"""Fronts of equations y = f(X): a fitted `SymbolicRegressor` as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.category import Category
from nsr.data.indicators import Indicators
from nsr.data.missing import Filling
from nsr.data.names import Names
from nsr.data.nature import NamedConstant, values_of
from nsr.data.summary import DataSummary
from nsr.data.templates import read_template
from nsr.refinement.guessed import FaredGuess
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.reported import constants_table
from nsr.saving.losses import plain_loss, rebuilt_loss
from nsr.saving.operators import add_operators, plain_operators
from nsr.saving.parameters import plain_parameters
from nsr.saving.plain import number, plain, rebuilt
from nsr.saving.rows import (
    plain_constants,
    plain_reported,
    plain_table,
    rebuilt_expression,
    rebuilt_reported,
    rebuilt_table,
)

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

KIND = "function"


def plain_function(estimator: SymbolicRegressor) -> dict[str, Any]:
    """Everything that a fitted estimator says, but the rows that it was fitted to.

    `features` are the columns as equations call them, `columns` what the user calls these; `best` is the
    place of the chosen one among the `equations`, each with its `constants`, for readers of the file. The
    `tokens` of an equation are its prefix form, which is what is read back.
    """
    names = estimator.names_
    losses = [one.fit.loss for one in estimator.reports_ if one.fit is not None]
    rows = zip(plain_table(estimator.equations_), estimator.expressions_, estimator.reports_, strict=True)
    return {
        "target": estimator.data_.target.name,
        "features": list(names.identifiers),
        "columns": dict(zip(names.identifiers, names.columns, strict=True)),
        "indicators": plain(estimator.indicators_),
        "filling": plain(estimator.filling_),
        "category": plain(estimator.category_),
        "named_constants": plain(estimator.named_constants_),
        "named": plain(list(getattr(estimator, "feature_names_in_", []))),
        "relevance": _plain_columns(estimator.relevance_),
        "best": int(estimator.best_index_),
        "guesses": plain(estimator.guesses_),
        "operators": plain_operators(estimator.expressions_),
        "equations": [
            row
            | {
                "constants": plain_constants(estimator.constants_, place),
                "tokens": plain(expression),
                "said": plain_reported(said),
            }
            for place, (row, expression, said) in enumerate(rows)
        ],
        "ended": estimator.ended_,
        "n_tried": estimator.n_tried_,
        "seconds": estimator.seconds_,
        "warnings": estimator.warnings_,
        "loss": plain_loss(losses[0] if losses else SQUARED_ERROR),
        "data": plain(estimator.data_),
        "report": plain(estimator.report()),
        "parameters": plain_parameters(estimator.get_params(deep=False)),
    }


def fill_function(
    estimator: SymbolicRegressor,
    content: Mapping[str, Any],
    report: Any,
    loss: Callable[[Array, Array], Array] | None,
) -> None:
    """Gives an estimator what another one said.

    Args:
        estimator: Not fitted, with the parameters of the other.
        content: What `plain_function` said.
        report: That of the other.
        loss: The user's own, where the other was fitted with one.

    Raises:
        ValueError: If the content is not one of these, or a loss is missing that is a function.
        KeyError: If a part is missing.
        TypeError: If a part has not the form that it should have.
    """
    add_operators(content["operators"])
    features = [str(name) for name in content["features"]]
    rows = content["equations"]
    own = rebuilt_loss(content["loss"], loss)
    estimator.names_ = Names(tuple(str(content["columns"][name]) for name in features), tuple(features))
    indicators: Indicators | None = rebuilt(Indicators | None, content.get("indicators"))
    estimator.indicators_ = indicators
    relevance = content.get("relevance")
    estimator.relevance_ = None if relevance is None else pd.DataFrame(relevance)
    estimator.filling_ = rebuilt(Filling | None, content.get("filling"))
    estimator.n_features_in_ = len(features) if indicators is None else len(indicators.columns)
    if content["named"]:
        estimator.feature_names_in_ = np.array(content["named"], dtype=object)
    category: Category | None = rebuilt(Category | None, content.get("category"))
    estimator.category_ = category
    estimator.named_constants_ = rebuilt(tuple[NamedConstant, ...], content.get("named_constants", []))
    values = values_of(estimator.named_constants_)
    estimator.template_ = read_template(estimator.template, estimator.names_, values)
    n_variables = estimator._wide.n_variables
    estimator.expressions_ = [rebuilt_expression(row["tokens"], n_variables) for row in rows]
    estimator.reports_ = [rebuilt_reported(row["said"], own) for row in rows]
    estimator.constants_ = constants_table(estimator.reports_)
    estimator.equations_ = rebuilt_table(rows)
    estimator.best_index_ = range(len(rows))[content["best"]]
    estimator.guesses_ = rebuilt(tuple[FaredGuess, ...], content.get("guesses", []))
    estimator.loss_ = own.name
    estimator.ended_ = content["ended"]
    estimator.n_tried_, estimator.seconds_ = rebuilt(int, content["n_tried"]), number(content["seconds"])
    estimator.warnings_ = rebuilt(list[str], content["warnings"])
    estimator.data_ = rebuilt(DataSummary, content["data"])
    estimator._report = report


def _plain_columns(table: pd.DataFrame | None) -> dict[str, list[Any]] | None:
    """A table, column by column."""
    return None if table is None else {str(name): plain(cells.tolist()) for name, cells in table.items()}
