"""Simulation of one system at any times, and what to do where the explicit method does not get through."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import LSODA

from nsr.evaluate.program import Program
from nsr.ode.inputs import NOTHING, Inputs, StackedInputs
from nsr.ode.integrate import Systems
from nsr.ode.motion import PLAIN, Motion, System

Array = NDArray[np.float64]

_RTOL, _ATOL = 1e-8, 1e-9
# Steps of the explicit method, a second or so, and of SciPy's, some seconds.
_MOST_STEPS, _MOST_IMPLICIT_STEPS = 1_000_000, 50_000
_LARGEST = 1e300


def simulate(
    system: System, times: Array, initial: Array, motion: Motion = PLAIN, inputs: Inputs = NOTHING
) -> Array:
    """States of a system, shape (T, D).

    What is too stiff for the explicit method, or takes too many steps, is given to SciPy's LSODA.

    Args:
        system: Its right-hand sides.
        times: Any order, repeats allowed, shape (T,); the initial values are those of the earliest.
        initial: Coordinates, shape (C,).
        motion: What the equations say.
        inputs: What acts on the system.

    Warns:
        UserWarning: If the states after some time are NaN, because there the solution ends or takes too long.
    """
    if len(times) == 0:
        return np.empty((0, len(system)))
    ascending, places = np.unique(times, return_inverse=True)
    smallest = float(np.abs(initial[initial != 0]).min(initial=1.0))
    atol = _ATOL * smallest
    with np.errstate(all="ignore"):
        entire = motion.integrable(system)
        states: Array = Systems([entire], motion.n_outer, motion.is_discrete).integrate(
            initial[None],
            ascending,
            rtol=_RTOL,
            atol=atol,
            max_steps=_MOST_STEPS,
            largest=_LARGEST,
            inputs=StackedInputs.of([inputs]),
        )[0]
        if not (np.all(np.isfinite(states)) or motion.is_discrete):
            implicit = _by_lsoda(entire, ascending, initial, atol, inputs)
            if _n_known(implicit) > _n_known(states):
                states = implicit
    if (n := _n_known(states)) < len(ascending):
        warnings.warn(
            f"the solution could not be followed beyond time {ascending[max(n - 1, 0)]:g}: it goes to "
            "infinity, leaves the domain of its equations or takes too many steps; later states are NaN",
            UserWarning,
            stacklevel=3,
        )
    return states[places, : len(system)]


def _n_known(states: Array) -> int:
    """Times up to which all states are finite."""
    is_known = np.all(np.isfinite(states), axis=1)
    return len(states) if is_known.all() else int(np.argmin(is_known))


def _by_lsoda(system: System, times: Array, initial: Array, atol: float, inputs: Inputs) -> Array:
    """States at ascending times, NaN from where SciPy's solver fails."""
    states = np.full((len(times), len(initial)), np.nan)
    states[0] = initial
    program = Program(list(system))

    def derivatives(t: float, x: Any) -> Any:
        acting = inputs.at(np.array([t])) if len(inputs.pieces) else np.empty((1, 0))
        return program.values(np.concatenate((x[None], acting), axis=1))[:, 0]

    solver: Any = LSODA(derivatives, times[0], initial, times[-1], rtol=_RTOL, atol=atol)
    place = 1
    for _ in range(_MOST_IMPLICIT_STEPS):
        if place == len(times) or solver.status != "running":
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a step that fails ends the loop
            solver.step()
        if solver.status == "failed" or not np.all(np.isfinite(solver.y)):
            break
        reached = int(np.searchsorted(times, solver.t, side="right"))
        states[place:reached] = solver.dense_output()(times[place:reached]).T
        place = max(place, reached)
    return states
