"""Trajectories in files of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.data.reading import read_table
from nsr.data.table import pass_over_units, with_numbers


def read_trajectories(
    path: Path, time: str, states: Sequence[str] | None, trajectory: str | None, may_miss: bool = False
) -> tuple[list[NDArray[np.float64]], list[pd.DataFrame], Names]:
    """Reads a table of observations.

    Args:
        path: A file that `nsr.data.reading.read_table` reads.
        time: Column of times.
        states: Columns of states; by default every other column that holds a number.
        trajectory: Column whose value is the same for the rows of one trajectory.
        may_miss: Whether states may be missing, which are NaN then.

    Returns:
        Times and states of each trajectory, the states' names being identifiers, and the names of the states.

    Raises:
        ValueError: If a column is missing or holds no numbers.
    """
    table = read_table(path)
    pass_over_units(table)
    taken = {table.place(time)} | ({table.place(trajectory)} if trajectory is not None else set())
    if trajectory is not None and len(taken) == 1:
        raise ValueError(f"column {time!r} cannot both hold the times and tell trajectories apart")
    if states is None:
        places = with_numbers(table, [place for place in range(len(table.names)) if place not in taken])
    else:
        places = table.places(states)
    if taken & set(places):
        wrong = table.names[min(taken & set(places))]
        raise ValueError(f"column {wrong!r} holds the times or trajectories; leave it out of --states")
    if not places:
        raise ValueError(f"{path} has no column of numbers beside {time!r}: a state is needed, or more")
    names = Names.of([table.names[place] for place in places])
    clock = table.numbers(table.place(time))
    values = pd.DataFrame(table.matrix(places, may_miss), columns=list(names.identifiers))
    groups = np.zeros(len(table), dtype=np.intp)
    if trajectory is not None:
        groups, _ = pd.factorize(table.cells[table.place(trajectory)], use_na_sentinel=False)
    rows = [np.flatnonzero(groups == group) for group in range(groups.max(initial=0) + 1)]
    return [clock[own] for own in rows], [values.iloc[own] for own in rows], names
