"""Units of systems: a right-hand side has those of its state over those of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names, did_you_mean
from nsr.expressions.units import Units
from nsr.ode.conserved import written_sum
from nsr.ode.motion import Motion


def units_of_states(
    given: Mapping[str, str],
    names: Names,
    time: str,
    motion: Motion,
    n_states: int,
    n_groups: int,
    constants: str,
) -> tuple[Units, ...]:
    """What units allow as the right-hand side of each state.

    Args:
        given: Units by the names of the time, the states and the inputs.
        names: Of all variables of right-hand sides.
        time: What the user calls the time; maps, whose times count steps, need no unit of it.
        motion: What the equations say.
        n_states: D.
        n_groups: Indicators of groups, the last of the inputs, which have no unit.
        constants: Whether constants are `dimensionless` or `free`.

    Raises:
        ValueError: If a unit is missing, cannot be read, or is of what there is not.
    """
    first = motion.n_coordinates(n_states)
    named = [*range(n_states), *range(first, first + motion.n_inputs - n_groups)]
    own = _by_place(given, names, named, time)
    if motion.is_discrete:
        own.setdefault(time, "1")
    wanted = {place: names.columns[place] for place in named} | {time: time}
    missing = [repr(name) for place, name in wanted.items() if place not in own]
    if missing:
        raise ValueError(f"units: there is none for {', '.join(missing)}; give each one, '1' for none")
    states, clock = [own[place] for place in range(n_states)], own[time]
    velocities = [f"({unit})/({clock})" for unit in states] if motion.order > 1 else []
    inputs = [own[place] for place in named[n_states:]] + ["1"] * n_groups
    variables = [*states, *velocities, *inputs, *([clock] if motion.has_time else [])]
    rate = "" if motion.is_discrete else f"/({clock})**{motion.order}"
    return tuple(Units.parse(variables, f"({unit}){rate}", constants) for unit in states)


def without_groups(units: Sequence[Units], motion: Motion, n_groups: int) -> tuple[Units, ...]:
    """The same for the trajectories of one group, which have no indicators.

    Args:
        units: Of each state.
        motion: What the equations of all groups say.
        n_groups: Of these.
    """
    last = motion.n_coordinates(len(units)) + motion.n_inputs
    others = np.delete(np.arange(len(units[0].variables)), range(last - n_groups, last))
    return tuple(one.of(others) for one in units)


def check_sums(sums: NDArray[np.float64], units: Sequence[Units], names: Names) -> None:
    """Raises where a sum that stays constant has parts of unlike units.

    Args:
        sums: Weights of the states, shape (Q, D).
        units: Of the states' right-hand sides; none where units do not matter.
        names: Of the variables, the states' first.

    Raises:
        ValueError: If so.
    """
    for own in sums if units else ():
        members = units[0].variables[np.flatnonzero(own)]
        if not np.allclose(members, members[0]):
            raise ValueError(
                f"the parts of {written_sum(own, names.identifiers)} have unlike units, so that it is no sum "
                "that stays constant: check units, and conserved, which may be 'none'"
            )


def _by_place(
    given: Mapping[str, str], names: Names, named: Sequence[int], time: str
) -> dict[int | str, str]:
    """Units by the places of variables, and by the name of the time."""
    places: dict[str, int | str] = {time: time}
    for place in named:
        places |= {names.identifiers[place]: place, names.columns[place]: place}
    found: dict[int | str, str] = {}
    for name, unit in given.items():
        if str(name) not in places:
            raise ValueError(f"units: there is no {str(name)!r}; {did_you_mean(str(name), list(places))}")
        found[places[str(name)]] = str(unit).strip() or "1"
    return found
