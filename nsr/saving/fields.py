"""Fronts of equations for fields: a fitted `PDERegressor` as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.saving.operators import add_operators, plain_operators
from nsr.saving.parameters import plain_parameters
from nsr.saving.plain import plain, rebuilt
from nsr.saving.rows import plain_table, rebuilt_expression, rebuilt_table

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor
    from nsr.fields.variables import FieldVariables

KIND = "fields"


def plain_fields(estimator: PDERegressor) -> dict[str, Any]:
    """Everything that a fitted estimator says, but the observations that it was fitted to.

    `variables` says what equations are made of; `best` is the place of the chosen one among the `systems`,
    whose `tokens` are the prefix forms of their right-hand sides, one for each field, which are read back.
    """
    return {
        "variables": plain(asdict(estimator.variables_)),
        "axes": plain(estimator.axes_),
        "boundaries": list(estimator.boundaries_),
        "best": estimator.best_index_,
        "operators": plain_operators(one for system in estimator.expressions_ for one in system),
        "systems": [
            row | {"tokens": plain(system)}
            for row, system in zip(plain_table(estimator.equations_), estimator.expressions_, strict=True)
        ],
        "constants": plain_table(estimator.constants_),
        "warnings": estimator.warnings_,
        "parameters": plain_parameters(estimator.get_params(deep=False)),
    }


def fill_fields(estimator: PDERegressor, content: Mapping[str, Any], variables: FieldVariables) -> None:
    """Gives an estimator what another one said.

    Args:
        estimator: Not fitted, with the parameters of the other.
        content: What `plain_fields` said.
        variables: What equations are made of.

    Raises:
        ValueError: If the content is not one of these.
        KeyError: If a part is missing.
        TypeError: If a part has not the form that it should have.
    """
    add_operators(content["operators"])
    rows, n_fields = content["systems"], len(variables.fields)
    systems = [tuple(rebuilt_expression(one, len(variables.names)) for one in row["tokens"]) for row in rows]
    if any(len(system) != n_fields for system in systems):
        raise ValueError(f"{n_fields} fields need as many right-hand sides")
    estimator.variables_, estimator.names_ = variables, Names(variables.names, variables.names)
    estimator.axes_ = rebuilt(list[NDArray[np.float64]], content["axes"])
    estimator.boundaries_ = rebuilt(tuple[str, ...], content["boundaries"])
    estimator.expressions_ = systems
    estimator.best_index_ = range(len(rows))[content["best"]]
    estimator.equations_ = rebuilt_table(rows)
    estimator.constants_ = rebuilt_table(content["constants"]) if content["constants"] else pd.DataFrame()
    estimator.warnings_ = rebuilt(list[str], content["warnings"])
