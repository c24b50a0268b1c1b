"""Trajectories in files of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.data.reading import read_table
from nsr.data.table import Table, pass_over_units, with_numbers


@dataclass(frozen=True)
class Observed:
    """Trajectories of a file.

    Attributes:
        times: Of each trajectory.
        states: Of each, the states' names being identifiers.
        inputs: Of each, in the same way; None without inputs.
        names: Of the states.
        names_of_inputs: Of the inputs.
        category: Label of the group of each trajectory; None without groups.
        weights: Of the rows of each; None without them.
    """

    times: list[NDArray[np.float64]]
    states: list[pd.DataFrame]
    inputs: list[pd.DataFrame] | None
    names: Names
    names_of_inputs: Names
    category: pd.Series | None = None
    weights: list[NDArray[np.float64]] | None = None

    def clocks(self, name: str) -> list[pd.Series]:
        """The times as series of this name, which is what a fit then calls them."""
        return [pd.Series(times, name=name) for times in self.times]

    def with_columns(self, fitted: Names) -> Names:
        """Names of a fit's variables, with the columns of the file."""
        own = dict(
            zip(
                self.names.identifiers + self.names_of_inputs.identifiers,
                self.names.columns + self.names_of_inputs.columns,
                strict=True,
            )
        )
        return Names(tuple(own.get(name, name) for name in fitted.columns), fitted.identifiers)


def read_trajectories(
    path: Path,
    time: str,
    states: Sequence[str] | None,
    trajectory: str | None,
    inputs: Sequence[str] = (),
    may_miss: bool = False,
    category: str | None = None,
    weights: str | None = None,
) -> Observed:
    """Observations in a file that `nsr.data.reading.read_table` reads; see `trajectories_of`."""
    table = read_table(path)
    return trajectories_of(table, time, states, trajectory, inputs, may_miss, category, weights)


def trajectories_of(
    table: Table,
    time: str,
    states: Sequence[str] | None,
    trajectory: str | None,
    inputs: Sequence[str] = (),
    may_miss: bool = False,
    category: str | None = None,
    weights: str | None = None,
) -> Observed:
    """Observations in a table.

    Args:
        table: What was read.
        time: Column of times.
        states: Columns of states; by default every other column that holds a number.
        trajectory: Column whose value is the same for the rows of one trajectory.
        inputs: Columns of inputs.
        may_miss: Whether states may be missing, which are NaN then.
        category: Column of the group that a trajectory belongs to; tells trajectories apart, too, if nothing
            else does.
        weights: Column of weights of the rows.

    Raises:
        ValueError: If a column is missing or holds no numbers.
    """
    pass_over_units(table)
    trajectory = category if trajectory is None else trajectory
    apart = [table.place(one) for one in (trajectory, category) if one is not None]
    taken = {table.place(time), *apart, *([] if weights is None else [table.place(weights)])}
    if table.place(time) in apart:
        raise ValueError(f"column {time!r} cannot both hold the times and tell trajectories apart")
    acting = table.places(inputs) if inputs else []
    _check_apart(taken, acting, "the times or trajectories; leave it out of --inputs", table.names)
    if states is None:
        rest = [place for place in range(len(table.names)) if place not in taken | set(acting)]
        places = with_numbers(table, rest)
    else:
        places = table.places(states)
    _check_apart(taken, places, "the times or trajectories; leave it out of --states", table.names)
    _check_apart(set(acting), places, "an input; leave it out of --states", table.names)
    if not places:
        raise ValueError(
            f"{table.source} has no column of numbers beside {time!r}: a state is needed, or more"
        )
    # Told apart from each other, too.
    everything = Names.of([table.names[place] for place in (*places, *acting)])
    parts = [slice(0, len(places)), slice(len(places), None)]
    names, of_inputs = (Names(everything.columns[own], everything.identifiers[own]) for own in parts)
    clock = table.numbers(table.place(time))
    values = pd.DataFrame(table.matrix(places, may_miss), columns=list(names.identifiers))
    forces = pd.DataFrame(table.matrix(acting), columns=list(of_inputs.identifiers)) if acting else None
    groups = np.zeros(len(table), dtype=np.intp)
    if trajectory is not None:
        groups, _ = pd.factorize(table.cells[table.place(trajectory)], use_na_sentinel=False)
    rows = [np.flatnonzero(groups == group) for group in range(groups.max(initial=0) + 1)]
    labels = None if category is None else _labels(table.labels(table.place(category)), rows, category)
    counted = None if weights is None else table.numbers(table.place(weights))
    return Observed(
        [clock[own] for own in rows],
        [values.iloc[own] for own in rows],
        None if forces is None else [forces.iloc[own] for own in rows],
        names,
        of_inputs,
        labels,
        None if counted is None else [counted[own] for own in rows],
    )


def _labels(labels: Sequence[str], rows: Sequence[NDArray[np.intp]], category: str) -> pd.Series:
    """The label of each trajectory."""
    own = [{labels[row] for row in places} for places in rows]
    for place, several in enumerate(own):
        if len(several) > 1:
            raise ValueError(
                f"column {category!r} changes within trajectory {place + 1}, which has "
                f"{', '.join(sorted(several))}: give each trajectory one group"
            )
    return pd.Series([several.pop() for several in own], name=category)


def _check_apart(taken: set[int], places: Sequence[int], what: str, names: Sequence[str]) -> None:
    """Raises where a column is to be two things."""
    if taken & set(places):
        raise ValueError(f"column {names[min(taken & set(places))]!r} holds {what}")
