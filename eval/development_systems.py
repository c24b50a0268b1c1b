"""Systems to develop on: drawn as those of pretraining are, by seeds that no training stream uses.

Methods are improved and their settings chosen on these, so that ODEBench stays a test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from generators.systems import System, SystemConfig, SystemGenerator
from nsr.ode.integrate import Systems
from nsr.problems.problem import SystemProblem
from nsr.problems.suites import Suite, register

_SEED_TAG = 0x6465766F6465  # "devode"
_N_SYSTEMS = 60
_PRIOR = SystemConfig(
    state_weights=(23, 28, 10, 2),  # as many as ODEBench has of one to four states
    min_points=150,
    max_points=150,
    noise_share=0.0,
    grid_shares=(1.0, 0.0, 0.0),
)
# Spread of the logarithm of the second initial values around the first.
_SPREAD = 0.5
_ATTEMPTS = 20
# This many systems are drawn, and those taken that turn at least this often; a turn stands out, from a
# trajectory of this many points, by a share of the state's range.
_N_DRAWN, _LEAST_TURNS, _FINE, _PROMINENCE = 1_200, 3, 600, 0.05


def generated_systems(n: int = _N_SYSTEMS) -> list[SystemProblem]:
    """Systems with two sets of initial values, from both of which they live through the time span."""
    observed = SystemGenerator(_PRIOR, _SEED_TAG).batch(2 * n)
    rng = np.random.default_rng(_SEED_TAG)
    problems: list[SystemProblem] = []
    for times, states, system in zip(observed.times, observed.states, observed.systems, strict=True):
        first = states[0, : len(system)]
        second = _second(system, first, times, rng)
        if second is not None and len(problems) < n:
            initials = tuple(tuple(values.tolist()) for values in (first, second))
            problems.append(SystemProblem(str(len(problems) + 1), system, initials, (0.0, float(times[-1]))))
    return problems


def turning_systems(n_drawn: int = _N_DRAWN) -> list[SystemProblem]:
    """Those of many generated systems of which a state turns, as few do that are drawn at random.

    Args:
        n_drawn: Systems to choose from.
    """
    return [problem for problem in generated_systems(n_drawn) if _turns(problem) >= _LEAST_TURNS]


def _turns(problem: SystemProblem) -> int:
    """How often a state of the first trajectory turns, the one that does so most often."""
    times = np.linspace(*problem.time_span, _FINE)
    first = np.array([problem.initial_values[0]])
    states = Systems([problem.system]).integrate(first, times, rtol=1e-10, atol=1e-12, max_steps=10**6)[0]
    return max(_n_extrema(column) for column in states.T)


def _n_extrema(values: NDArray[np.float64]) -> int:
    size = np.ptp(values)
    if not (np.isfinite(size) and size > 0):
        return 0
    return sum(len(find_peaks(sign * values, prominence=_PROMINENCE * size)[0]) for sign in (1, -1))


def _second(
    system: System, first: NDArray[np.float64], times: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Initial values from which the system stays within ten times what is seen from the first."""
    compiled = Systems([system])
    bound = 10 * np.abs(compiled.integrate(first[None], times)).max()
    for _ in range(_ATTEMPTS):
        values: NDArray[np.float64] = first * np.exp(rng.normal(0.0, _SPREAD, len(first)))
        states = compiled.integrate(values[None], times)
        if np.all(np.isfinite(states)) and np.abs(states).max() < bound:
            return values
    return None


register(Suite("development", SystemProblem, "development", generated_systems))
register(Suite("turning", SystemProblem, "development", turning_systems))
