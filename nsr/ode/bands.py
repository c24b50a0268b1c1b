"""Bands of simulations: how far the errors of constants carry.

Constants are drawn as often as they are likely to be so, and the system is simulated with each draw. So bands
widen as the system itself makes errors grow, and need not be symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsr.ode.inputs import Inputs, StackedInputs
from nsr.ode.integrate import Systems
from nsr.ode.motion import Motion, System, all_constants

Array = NDArray[np.float64]

_N_DRAWS, _SEED = 200, 0
_RTOL, _ATOL, _MOST_STEPS = 1e-6, 1e-9, 20_000


def bounds(
    system: System,
    covariance: Array,
    times: Array,
    initial: Array,
    motion: Motion,
    inputs: Inputs,
    probability: float,
) -> Array:
    """Bounds of the states, shape (T, D, 2).

    Args:
        system: Its right-hand sides.
        covariance: Of the constants of all components in a row, shape (K, K); infinite where nothing is
            known.
        times: Any order, shape (T,); the initial values are those of the earliest.
        initial: Coordinates, shape (C,), that are known.
        motion: What the equations say.
        inputs: What acts on the system.
        probability: With which states lie between bounds, if the form is right. Bounds are infinite where so
            many of the draws go to infinity, or a constant is not known at all.
    """
    if len(times) == 0:
        return np.empty((0, len(system), 2))
    values = all_constants(system)
    ascending, places = np.unique(times, return_inverse=True)
    result = np.empty((len(ascending), len(system), 2))
    if not np.all(np.isfinite(covariance)):
        result[:] = -np.inf, np.inf
        result[0] = initial[: len(system), None]
        return result[places]
    drawn = np.random.default_rng(_SEED).multivariate_normal(values, covariance, _N_DRAWS, method="eigh")
    smallest = float(np.abs(initial[initial != 0]).min(initial=1.0))
    with np.errstate(all="ignore"):
        states = Systems([motion.integrable(system)], motion.n_outer, motion.is_discrete).integrate(
            np.tile(initial, (_N_DRAWS, 1)),
            ascending,
            drawn if len(values) else None,
            np.zeros(_N_DRAWS, dtype=np.int64),
            rtol=_RTOL,
            atol=_ATOL * smallest,
            max_steps=_MOST_STEPS * len(ascending),
            inputs=StackedInputs.of([inputs]),
        )[..., : len(system)]
    is_lost = ~np.isfinite(states)
    outside = (1 - probability) / 2
    lowest, highest = np.where(is_lost, -np.inf, states), np.where(is_lost, np.inf, states)
    result[..., 0] = np.quantile(lowest, outside, axis=0, method="lower")
    result[..., 1] = np.quantile(highest, 1 - outside, axis=0, method="higher")
    return result[places]
