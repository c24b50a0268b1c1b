"""Fronts of systems: a fitted `ODERegressor` as JSON has it, and back."""

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
    from nsr.ode.motion import Motion
    from nsr.ode.regressor import ODERegressor

KIND = "system"


def plain_systems(estimator: ODERegressor) -> dict[str, Any]:
    """Everything that a fitted estimator says, but the observations that it was fitted to.

    `motion` says what the equations say, `groups` are those of the trajectories by the column `category`,
    `states` are the states as equations call them, and the first of the `variables`; `columns` are what the
    user calls these; for the front see `nsr.saving.fronts`.
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
        "constant_covariance": plain(estimator.constant_covariance_),
        "initial_values": plain(estimator.initial_values_),
        **plain_front(estimator),
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
    names = [str(name) for name in content["variables"]]
    n_states = len(content["states"])
    if len(names) != motion.n_variables(n_states):
        raise ValueError(f"{n_states} states cannot have {len(names)} variables")
    fill_front(estimator, content, n_states, len(names))
    estimator.time_name_ = str(content["time"])
    estimator.names_ = Names(tuple(str(content["columns"][name]) for name in names), tuple(names))
    estimator.motion_ = motion
    estimator.groups_ = rebuilt(tuple[str, ...], content["groups"])
    estimator.category_name_ = rebuilt(str, content["category"])
    estimator.conserved_ = rebuilt(list[str], content["conserved"])
    estimator.n_features_in_ = n_states
    if content["named"]:
        estimator.feature_names_in_ = np.array(content["named"], dtype=object)
    n = sum(len(one.constants) for one in estimator.expressions_[estimator.best_index_])
    covariance = rebuilt(NDArray[np.float64], content["constant_covariance"])
    if covariance.size != n * n:
        raise ValueError(f"{n} constants have no covariance of {covariance.size} numbers")
    estimator.constant_covariance_ = covariance.reshape(n, n)
    estimator.initial_values_ = rebuilt(list[NDArray[np.float64]], content["initial_values"])
