"""Trajectories in CSV files, and systems in JSON files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.data.reading import identifiers, label_columns, read_table, select_columns
from nsr.ode.printing import to_equations

if TYPE_CHECKING:
    from nsr.ode.regressor import ODERegressor


def read_trajectories(
    path: Path, time: str, states: Sequence[str] | None, trajectory: str | None
) -> tuple[list[NDArray[np.float64]], list[pd.DataFrame], dict[str, str]]:
    """Reads a table of observations.

    Args:
        path: CSV file with a header.
        time: Column of times.
        states: Columns of states; by default every other column that holds a number.
        trajectory: Column whose value is the same for the rows of one trajectory.

    Returns:
        Times and states of each trajectory, the states' names being identifiers, and the columns' names as
        they were read with these.

    Raises:
        ValueError: If a column is missing or holds no numbers.
    """
    table = read_table(path)
    if trajectory is not None and trajectory not in table.columns:
        raise ValueError(
            f"no column {trajectory!r} to tell trajectories apart; there are {', '.join(table.columns)}"
        )
    labels = pd.Series(0, index=table.index) if trajectory is None else table[trajectory]
    if trajectory is not None:
        table = table.drop(columns=trajectory)
    if states is not None and time in states:
        raise ValueError(f"column {time!r} holds the times; leave it out of --states")
    chosen = states or [c for c in table.columns if c not in {time, *label_columns(table, time)}]
    if not chosen:
        raise ValueError(f"{path} has no column of numbers beside {time!r}: a state is needed, or more")
    values, times = select_columns(table, time, chosen)
    names = identifiers(list(values.columns))
    values = values.rename(columns=names)
    groups = [np.flatnonzero(labels == label) for label in labels.unique()]
    clocks = [np.asarray(times, dtype=np.float64)[rows] for rows in groups]
    return clocks, [values.iloc[rows] for rows in groups], names


def write_systems(path: Path, estimator: ODERegressor, time: str) -> None:
    """Writes the front of systems; `best` is the place of the chosen one."""
    names, front = estimator.state_names_, estimator.equations_.to_dict(orient="records")
    rows = [
        {"equations": to_equations(system, names)} | {key: row[key] for key in ("complexity", "loss", "r2")}
        for system, row in zip(estimator.expressions_, front, strict=True)
    ]
    content = {"time": time, "states": names, "best": estimator.best_index_, "systems": rows}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
