"""What a fit of a system is asked: the user's observations and parameters, checked and read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_random_state

from nsr.clock import check_time_limit
from nsr.data.kinds import check_kinds
from nsr.data.limits import limits_of
from nsr.data.missing import check_way
from nsr.data.names import Names, places_of
from nsr.expressions.expression import variable
from nsr.expressions.units import Units
from nsr.network.devices import check_device
from nsr.ode.by_category import Groups, indicators
from nsr.ode.conserved import written_sum
from nsr.ode.derived import choose_derived
from nsr.ode.inputs import NOTHING, Inputs
from nsr.ode.known import read_known
from nsr.ode.missing import with_weights, without_missing
from nsr.ode.motion import Motion, System
from nsr.ode.settings import DEFAULTS
from nsr.ode.stages import STAGES
from nsr.ode.task import OdeTask
from nsr.ode.totals import sums_that_stay
from nsr.ode.trajectories import check_steps, in_one_order, is_several, numbers
from nsr.ode.units import check_sums, units_of_states, without_groups
from nsr.progress import check_callback
from nsr.stopping import StopWhen

if TYPE_CHECKING:
    from nsr.ode.fitted import FittedMotion
    from nsr.ode.regressor import ODERegressor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """One fit, read.

    Attributes:
        task: What is to be solved.
        names: Of all variables of right-hand sides, the states' first.
        columns: What the user calls the states; empty for arrays.
        groups: Which groups the trajectories belong to; None where there are none.
        tasks_of_groups: What is to be solved of each group by itself.
        time_name: What the user calls the times.
        sums: Weights of the states in sums that stay constant, shape (Q, D).
    """

    task: OdeTask
    names: Names
    columns: list[Any]
    time_name: str
    groups: Groups | None = None
    tasks_of_groups: tuple[OdeTask, ...] = ()
    sums: Array = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(
        cls,
        estimator: ODERegressor,
        t: Any,
        X: Any,
        inputs: Any = None,
        category: Any = None,
        weights: Any = None,
        units: Mapping[str, str] | None = None,
    ) -> Asked:
        """What an estimator is asked to fit, its parameters being checked already.

        Args:
            estimator: With the user's parameters.
            t: Times, as `ODERegressor.fit` takes them.
            X: States.
            inputs: Inputs.
            category: A label for each trajectory, or None.
            weights: Of the observations, or None.
            units: By the names of the time, the states and the inputs, or None.

        Raises:
            ValueError: If the observations cannot be used; the message says why.
        """
        names_of_inputs, acting = read_inputs(t, inputs, estimator.explicit_time, estimator.hold_inputs)
        motion = Motion(estimator.order, estimator.discrete, len(names_of_inputs), estimator.explicit_time)
        clocks = t
        if weights is not None:
            X, weights = with_weights(t, X, weights)
        t, X, weights = without_missing(t, X, estimator.missing, weights)
        seed = int(check_random_state(estimator.random_state).randint(2**31 - 1))
        settings = estimator.settings or DEFAULTS
        groups = None if category is None else _groups(category, X)
        of_groups = []
        if groups is not None:
            t, X = list(t), in_one_order(list(X), "states")
            for own in map(groups.members, range(len(groups.labels))):
                given = None if acting is None else [acting[place] for place in own]
                parts = [t[place] for place in own], [X[place] for place in own]
                counted = None if weights is None else [weights[place] for place in own]
                of_groups.append(OdeTask.of(*parts, settings, seed, motion, given, counted))
            joined = with_indicators(clocks, inputs, groups)
            _, acting = read_inputs(clocks, joined, estimator.explicit_time, estimator.hold_inputs)
            motion = replace(motion, n_inputs=motion.n_inputs + len(groups.labels))
            names_of_inputs = [*names_of_inputs, *groups.names]
        task = OdeTask.of(t, X, settings, seed, motion, acting, weights)
        columns, time = _columns(X), _name_of_time(t)
        states = list(map(str, columns)) or [f"x_{i}" for i in range(task.n_states)]
        names = Names.of(motion.variable_names(states, names_of_inputs, time))
        space = limits_of(estimator, names).space
        known = read_known(estimator.known, names, motion, task.n_states)
        limited = [replace(one, space=space, known=known) for one in (task, *of_groups)]
        if units is not None:
            n_groups = 0 if groups is None else len(groups.labels)
            of_states = units_of_states(
                units, names, time, motion, task.n_states, n_groups, estimator.constant_units
            )
            alone = without_groups(of_states, motion, n_groups)
            limited = [
                replace(limited[0], units=of_states),
                *(replace(one, units=alone) for one in limited[1:]),
            ]
        sums = sums_that_stay(estimator.conserved, limited[0], names)
        check_sums(sums, limited[0].units, names)
        if len(sums):
            conserved = choose_derived(limited[-1], sums)
            limited = [replace(one, conserved=conserved) for one in limited]
        return cls(limited[0], names, columns, time, groups, tuple(limited[1:]), sums)

    @property
    def written_sums(self) -> list[str]:
        """The sums that stay constant as text."""
        return [written_sum(own, self.names.identifiers) for own in self.sums]


def check_parameters(estimator: ODERegressor) -> None:
    """Raises where a parameter cannot be used.

    Raises:
        ValueError: The message says which, and what it may be.
    """
    check_kinds(estimator)
    stages = estimator._stages
    if not stages or set(stages) - set(STAGES):
        raise ValueError(f"stages {stages} must be some of {', '.join(STAGES)}")
    check_time_limit(estimator.time_limit)
    if estimator.n_candidates < 1:
        raise ValueError(f"n_candidates must be at least 1, not {estimator.n_candidates}")
    if estimator.n_equations < 1:
        raise ValueError(f"n_equations must be at least 1, not {estimator.n_equations}")
    if estimator.order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, not {estimator.order!r}")
    if estimator.discrete and estimator.order > 1:
        raise ValueError("maps have no derivatives: leave out order=2, or give delayed states as inputs")
    check_device(estimator.device)
    Units.check_constants(estimator.constant_units)
    check_way(estimator.missing)
    StopWhen.of(estimator.stop_when)
    check_callback(estimator.callback)


def read_inputs(t: Any, inputs: Any, has_time: bool, is_held: bool) -> tuple[list[str], list[Inputs] | None]:
    """Inputs as functions of time, of which the time itself may be the last.

    Args:
        t: Times, shape (T,), or a list of such arrays.
        inputs: Shape (T,) or (T, M), or a list of such tables; None for none.
        has_time: Whether the time counts as one.
        is_held: Whether inputs change in steps.

    Returns:
        Names of the inputs without the time, and one set of functions for each trajectory; None where there
        is nothing.

    Raises:
        ValueError: If the inputs cannot be used; the message says why.
    """
    if inputs is None and not has_time:
        return [], None
    several = _is_several(t)
    clocks = list(t) if several else [t]
    if inputs is None:
        tables: list[Any] = [np.empty((len(clock), 0)) for clock in clocks]
    else:
        tables = in_one_order(list(inputs), "inputs") if several else [inputs]
    if len(tables) != len(clocks):
        raise ValueError(f"{len(clocks)} trajectories need as many tables of inputs, not {len(tables)}")
    found = [_inputs(*pair, has_time, is_held) for pair in zip(clocks, tables, strict=True)]
    widths = {len(own.pieces) for own in found}
    if len(widths) > 1:
        raise ValueError("trajectories must have the same inputs")
    n_inputs = widths.pop() - has_time
    return _names_of_inputs(tables[0], n_inputs), found


def starts_of(estimator: ODERegressor, asked: Asked) -> list[System]:
    """What a fit before has found, the best first, in the order of the states of this one.

    Raises:
        ValueError: If it was of equations of another kind.
    """
    if not (estimator.warm_start and hasattr(estimator, "equations_")):
        return []
    if estimator.motion_ != asked.task.motion:
        raise ValueError(
            "a fit that begins with another one needs equations of its kind: the same order, inputs and "
            "time; or leave out warm_start, or --resume"
        )
    places = places_of(*(Names(one.identifiers, one.identifiers) for one in (estimator.names_, asked.names)))
    by_score = np.argsort(-estimator.equations_["score"].to_numpy(), kind="stable")
    moved = {old: variable(new) for old, new in places.items()}
    systems = ([one.substitute(moved) for one in estimator.expressions_[place]] for place in by_score)
    states = sorted(range(estimator.n_features_in_), key=places.__getitem__)
    return [tuple(own[old] for old in states) for own in systems]


def inputs_to_predict(estimator: FittedMotion, times: Array, inputs: Any, category: Any = None) -> Inputs:
    """What acts on a system that is to be simulated.

    Args:
        estimator: Fitted.
        times: Of the simulation, shape (T,).
        inputs: At these times, shape (T,) or (T, M); None for none.
        category: Label of the group that it is of; None where there are none.

    Raises:
        ValueError: If they are not those of the fit; the message says why.
    """
    labels, motion = estimator.groups_, estimator.motion_
    if (category is None) == bool(labels):
        raise ValueError(
            f"say of which group the simulation is with category=, one of {', '.join(labels)}"
            if labels
            else "the fit had no groups: leave out category"
        )
    n_inputs = motion.n_inputs - len(labels)
    first = motion.n_coordinates(estimator.n_features_in_)
    wanted = estimator.names_.columns[first : first + n_inputs]
    if motion.is_discrete:
        check_steps(times)
    if inputs is None and n_inputs:
        raise ValueError(f"the system has inputs: give {', '.join(wanted)} at all times, as inputs=")
    if motion.n_outer == 0 and inputs is None:
        return NOTHING
    columns = [str(column) for column in _columns(inputs)]
    if columns and n_inputs and set(wanted) <= set(columns):
        inputs = inputs[[inputs.columns[columns.index(name)] for name in wanted]]
    elif columns and sorted(columns) != sorted(wanted):
        raise ValueError(f"the inputs of the fit were {', '.join(wanted)}, not {', '.join(columns)}")
    if labels:
        inputs = _beside(inputs, indicators(labels, category, len(times)))
    _, (found, *_) = read_inputs(times, inputs, motion.has_time, estimator.hold_inputs)  # type: ignore[misc]
    if len(found.pieces) != motion.n_outer:
        given = len(found.pieces) - motion.has_time - len(labels)
        raise ValueError(f"{n_inputs} inputs are needed, not {given}")
    return found


def _groups(category: Any, X: Any) -> Groups:
    if not is_several(X):
        raise ValueError("category tells trajectories apart: give several, as lists of times and states")
    return Groups.read(category, len(X))


def with_indicators(t: Any, inputs: Any, groups: Groups) -> list[Array]:
    """Tables of inputs and indicators."""
    tables = [None] * len(t) if inputs is None else in_one_order(list(inputs), "inputs")
    return [
        _beside(table, indicators(groups.labels, groups.labels[own], len(clock)))
        for table, clock, own in zip(tables, t, groups.of, strict=True)
    ]


def _beside(table: Any, further: Array) -> Array:
    """A table of inputs, or none, and further columns, shape (N, M)."""
    if table is None:
        return further
    values = numbers(table, "inputs")
    return np.column_stack((values[:, None] if values.ndim == 1 else values, further))


def _inputs(t: Any, table: Any, has_time: bool, is_held: bool) -> Inputs:
    times, values = numbers(t, "times"), numbers(table, "inputs")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or times.ndim != 1 or len(values) != len(times):
        raise ValueError(f"there are {len(times)} times: give the inputs at each, not {len(values)} rows")
    if not np.all(np.isfinite(values)):
        raise ValueError("inputs must be finite numbers: fill in what is missing")
    if not np.all(np.isfinite(times)):
        raise ValueError("times must be finite numbers: drop the rows that are not")
    ascending, places = np.unique(times, return_index=True)
    if len(ascending) < 2:
        ascending, places = np.append(ascending, ascending[-1] + 1), np.repeat(places, 2)
    return Inputs.of(ascending, values[places], is_held, has_time)


def _names_of_inputs(table: Any, n_inputs: int) -> list[str]:
    name = getattr(table, "name", None)
    columns: Sequence[Any] = _columns(table) or ([name] if name is not None else [])
    return list(map(str, columns)) or [f"u_{i}" for i in range(n_inputs)]


def _name_of_time(t: Any) -> str:
    """What a series calls its times; `t` where it says nothing."""
    name = getattr(t[0] if _is_several(t) else t, "name", None)
    return "t" if name is None else str(name)


def _columns(X: Any) -> list[Any]:
    """Names of the columns of data frames; none of arrays."""
    return list(getattr(X[0] if is_several(X) else X, "columns", []))


def _is_several(t: Any) -> bool:
    """Whether these are times of several trajectories."""
    return isinstance(t, list | tuple) and len(t) > 0 and np.ndim(t[0]) == 1
