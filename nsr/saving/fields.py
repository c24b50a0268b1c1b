"""Fronts of equations for fields: a fitted `PDERegressor` as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.saving.fronts import fill_front, plain_front
from nsr.saving.plain import plain, rebuilt

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor
    from nsr.fields.variables import FieldVariables

KIND = "fields"


def plain_fields(estimator: PDERegressor) -> dict[str, Any]:
    """Everything that a fitted estimator says, but the observations that it was fitted to.

    `variables` says what equations are made of, and `columns` what the time and the axes are called in
    tables; for the front see `nsr.saving.fronts`.
    """
    return {
        "variables": plain(asdict(estimator.variables_)),
        "axes": plain(estimator.axes_),
        "columns": list(estimator.scale_names_),
        "boundaries": list(estimator.boundaries_),
        **plain_front(estimator),
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
    fill_front(estimator, content, len(variables.fields), len(variables.names))
    estimator.variables_, estimator.names_ = variables, Names(variables.names, variables.names)
    estimator.axes_ = rebuilt(list[NDArray[np.float64]], content["axes"])
    estimator.scale_names_ = rebuilt(tuple[str, ...], content["columns"])
    estimator.boundaries_ = rebuilt(tuple[str, ...], content["boundaries"])
