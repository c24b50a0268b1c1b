"""Fronts of systems: a fitted `ODERegressor` as JSON has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.expressions.expression import Expression
from nsr.saving.operators import add_operators, plain_operators
from nsr.saving.parameters import plain_parameters
from nsr.saving.plain import plain, rebuilt
from nsr.saving.rows import plain_table, rebuilt_expression, rebuilt_table

if TYPE_CHECKING:
    from nsr.ode.motion import Motion
    from nsr.ode.regressor import ODERegressor

KIND = "system"


def plain_systems(estimator: ODERegressor) -> dict[str, Any]:
    """Everything that a fitted estimator says, but the observations that it was fitted to.

    `motion` says what the equations say, `groups` are those of the trajectories by the column `category`,
    `states` are the states as equations call them, and the first of the `variables`; `columns` are what the
    user calls these; `best` is the place of the chosen one among the `systems`. The `tokens` of a system are
    the prefix forms of its right-hand sides, which are what is read back.
    """
    names = estimator.names_
    return {
        "time": estimator.time_name_,
        "motion": plain(asdict(estimator.motion_)),
        "groups": list(estimator.groups_),
        "category": estimator.category_name_,
        "conserved": estimator.conserved_,
        "states": list(names.identifiers[: estimator.n_features_in_]),
        "variables": list(names.identifiers),
        "columns": dict(zip(names.identifiers, names.columns, strict=True)),
        "named": plain(list(getattr(estimator, "feature_names_in_", []))),
        "best": estimator.best_index_,
        "operators": plain_operators(one for system in estimator.expressions_ for one in system),
        "systems": [
            row | {"tokens": plain(system)}
            for row, system in zip(plain_table(estimator.equations_), estimator.expressions_, strict=True)
        ],
        "constants": plain_table(estimator.constants_),
        "initial_values": plain(estimator.initial_values_),
        "warnings": estimator.warnings_,
        "parameters": plain_parameters(estimator.get_params(deep=False)),
    }


def fill_systems(estimator: ODERegressor, content: Mapping[str, Any], motion: Motion) -> None:
    """Gives an estimator what another one said.

    Args:
        estimator: Not fitted, with the parameters of the other.
        content: What `plain_systems` said.
        motion: What the equations say.

    Raises:
        ValueError: If the content is not one of these.
        KeyError: If a part is missing.
        TypeError: If a part has not the form that it should have.
    """
    add_operators(content["operators"])
    names = [str(name) for name in content["variables"]]
    n_states = len(content["states"])
    if len(names) != motion.n_variables(n_states):
        raise ValueError(f"{n_states} states cannot have {len(names)} variables")
    rows = content["systems"]
    estimator.time_name_ = str(content["time"])
    estimator.names_ = Names(tuple(str(content["columns"][name]) for name in names), tuple(names))
    estimator.motion_ = motion
    estimator.groups_ = rebuilt(tuple[str, ...], content["groups"])
    estimator.category_name_ = rebuilt(str, content["category"])
    estimator.conserved_ = rebuilt(list[str], content["conserved"])
    estimator.n_features_in_ = n_states
    if content["named"]:
        estimator.feature_names_in_ = np.array(content["named"], dtype=object)
    estimator.expressions_ = [_system(row["tokens"], n_states, len(names)) for row in rows]
    estimator.best_index_ = range(len(rows))[content["best"]]
    estimator.initial_values_ = rebuilt(list[NDArray[np.float64]], content["initial_values"])
    estimator.equations_ = rebuilt_table(rows)
    estimator.constants_ = rebuilt_table(content["constants"]) if content["constants"] else pd.DataFrame()
    estimator.warnings_ = rebuilt(list[str], content["warnings"])


def _system(components: Any, n_states: int, n_variables: int) -> tuple[Expression, ...]:
    if len(components) != n_states:
        raise ValueError(f"{n_states} states have {len(components)} right-hand sides")
    return tuple(rebuilt_expression(tokens, n_variables) for tokens in components)
