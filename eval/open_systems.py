"""Whether users are warned of systems that are not closed: `python -m eval.open_systems`.

Of open systems something that acts on the states is not observed: another state, an input, the time, a
velocity, or what the states were some time ago. Each is one that trajectories show: there are times at which
the observed states are all but equal and move differently. Closed ones are drawn from the same prior; every
other one turns. Thresholds are chosen on the seeds below `HELD_OUT`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.signal import find_peaks
from scipy.spatial import cKDTree

from generators.systems import SystemConfig, SystemGenerator
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.ode import ODERegressor
from nsr.ode.inputs import Inputs, StackedInputs
from nsr.ode.integrate import Systems

Array = NDArray[np.float64]

HELD_OUT = 1_000
_SEED_TAG = 0x6F70656E  # "open"
_N_POINTS, _N_FINE, _N_BATCH = 200, 2_000, 60
# Pairs of times are neighbours if the states are within this share of their spread, and the times are not
# within that share of the span. They move differently if velocities differ by a share of their spread; this
# share of times must.
_NEAR, _APART, _DIFFERENT, _LEAST_SHOWN = 0.02, 0.05, 0.3, 0.1
# Turns of a state that stand out by a share of its range; a closed system that turns has as many.
_PROMINENCE, _LEAST_TURNS = 0.05, 2
_STEPS_A_POINT = 20
# Characters of what is said.
_SHOWN = 240


@dataclass(frozen=True)
class Case:
    """One system as it is observed.

    Attributes:
        kind: What is missing; `closed` where nothing is.
        times: Shape (T,).
        states: What is observed, shape (T, D).
    """

    kind: str
    times: Array
    states: Array


def open_cases(seed: int) -> Iterator[Case]:
    """Endless open systems, kind after kind."""
    rng = np.random.default_rng([_SEED_TAG, seed])
    kinds = [_hidden_states(seed), _driven(rng, seed + 1), _positions(seed + 2), _delayed(rng)]
    while True:
        yield from map(next, kinds)


def closed_cases(seed: int) -> Iterator[Case]:
    """Endless closed systems; every other one turns."""
    for place, (_, times, states) in enumerate(_drawn(seed + 3, (23, 28, 10, 2))):
        if place % 2 == 0 or _n_turns(states) >= _LEAST_TURNS:
            yield Case("closed", *_thinned(times, states))


def _drawn(
    seed: int, state_weights: tuple[float, ...]
) -> Iterator[tuple[tuple[Expression, ...], Array, Array]]:
    """Endless systems with trajectories on fine grids."""
    config = SystemConfig(
        state_weights=state_weights,
        min_points=_N_FINE,
        max_points=_N_FINE,
        noise_share=0.0,
        grid_shares=(1.0, 0.0, 0.0),
    )
    generator = SystemGenerator(config, _SEED_TAG + seed)
    while True:
        found = generator.batch(_N_BATCH)
        for times, states, system in zip(found.times, found.states, found.systems, strict=True):
            yield system, times, states[:, : len(system)]


def _hidden_states(seed: int) -> Iterator[Case]:
    for system, times, states in _drawn(seed, (0, 2, 2, 1)):
        hidden = seed % len(system)
        acts = any(hidden in one.variables for place, one in enumerate(system) if place != hidden)
        seen = np.delete(states, hidden, axis=1)
        if acts and _is_shown(times, seen):
            yield Case("hidden state", *_thinned(times, seen))


def _positions(seed: int) -> Iterator[Case]:
    """Oscillators without their velocities: equations of order 2."""
    for system, times, states in _drawn(seed, (0, 1, 0, 0)):
        first = next((i for i in range(2) if system[i] == variable(1 - i)), None)
        if first is not None and _is_shown(times, states[:, [first]]):
            yield Case("velocity", *_thinned(times, states[:, [first]]))


def _driven(rng: np.random.Generator, seed: int) -> Iterator[Case]:
    """A wave of the time, or a wandering input that repeats nothing, in one of the equations."""
    for system, times, states in _drawn(seed, (2, 1)):
        span, size = float(times[-1]), float(np.std(np.gradient(states[:, 0], times)))
        knots = np.linspace(0, span, 40)
        is_wave = bool(rng.random() < 0.5)
        wave = np.sin(2 * np.pi * rng.uniform(2, 8) * knots / span + rng.uniform(0, 6))
        walk = np.cumsum(rng.standard_normal(40))
        force = wave if is_wave else walk / np.std(walk)
        forced = apply("add", system[0], apply("mul", constant(size), variable(len(system))))
        compiled = Systems([(forced, *system[1:])], 1)
        inputs = StackedInputs.of([Inputs.of(knots, force[:, None], False, False)])
        with np.errstate(all="ignore"):
            found = compiled.integrate(states[:1], times, rtol=1e-9, inputs=inputs, largest=1e3)[0]
        if np.all(np.isfinite(found)) and _is_shown(times, found):
            yield Case("time" if is_wave else "input", *_thinned(times, found))


def _delayed(rng: np.random.Generator) -> Iterator[Case]:
    """Hutchinson's growth, and Mackey and Glass's, both with a delay."""
    while True:
        delay, rate, power = rng.uniform(1.0, 2.0), rng.uniform(1.2, 2.0), rng.uniform(7, 10)
        slope = partial(_growth, rate) if rng.random() < 0.5 else partial(_production, rate, power)
        times, states = _with_delay(slope, delay, 20 * delay, 0.7)
        if np.all(np.isfinite(states)) and _is_shown(times, states):
            yield Case("delay", *_thinned(times, states))


def _growth(rate: float, x: float, before: float) -> float:
    return rate * x * (1 - before)


def _production(rate: float, power: float, x: float, before: float) -> float:
    return float(2 * rate * before / (1 + before**power) - rate * x)


def _with_delay(
    slope: Callable[[float, float], float], delay: float, span: float, initial: float
) -> tuple[Array, Array]:
    """Heun's method for dx/dt = slope(x(t), x(t - delay)) with a constant past."""
    n = _STEPS_A_POINT * _N_POINTS
    times = np.linspace(0, span, n + 1)
    step = span / n
    lag = round(delay / step)
    x = np.full(n + 1, initial)
    for k in range(n):
        past = x[max(0, k - lag)], x[max(0, k + 1 - lag)]
        first = slope(x[k], past[0])
        x[k + 1] = x[k] + step / 2 * (first + slope(x[k] + step * first, past[1]))
    return times, x[:, None]


def _thinned(times: Array, states: Array) -> tuple[Array, Array]:
    kept = np.linspace(0, len(times) - 1, _N_POINTS).astype(int)
    return times[kept], states[kept]


def _is_shown(times: Array, states: Array) -> bool:
    """Whether a trajectory comes back near to where it was and moves differently there."""
    velocities = np.gradient(states, times, axis=0)
    if np.any(np.std(states, axis=0) == 0) or np.any(np.std(velocities, axis=0) == 0):
        return False
    x, v = (values / np.std(values, axis=0) for values in (states, velocities))
    span = len(times) * _APART
    pairs = cKDTree(x).query_pairs(_NEAR * np.sqrt(x.shape[1]), output_type="ndarray")
    pairs = pairs[np.abs(pairs[:, 0] - pairs[:, 1]) > span]
    differ = np.linalg.norm(v[pairs[:, 0]] - v[pairs[:, 1]], axis=1) > _DIFFERENT * np.sqrt(x.shape[1])
    return len(np.unique(pairs[differ])) > _LEAST_SHOWN * len(times)


def _n_turns(states: Array) -> int:
    """Of the state that turns most often."""
    return max(
        sum(len(find_peaks(sign * column, prominence=_PROMINENCE * np.ptp(column))[0]) for sign in (1, -1))
        for column in states.T
    )


def main(
    n: Annotated[int, typer.Option(help="systems of each sort")] = 20,
    seed: Annotated[int, typer.Option(help=f"those from {HELD_OUT} on are held out")] = HELD_OUT,
    noise: Annotated[float, typer.Option(help="deviations of noise, as a share of each state's")] = 0.0,
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 10.0,
) -> None:
    """Fits open and closed systems, and prints of which of them users are warned."""
    rng = np.random.default_rng(seed)
    for sort, cases in (("open", open_cases(seed)), ("closed", closed_cases(seed))):
        n_warned = 0
        for _ in range(n):
            case = next(cases)
            scatter = noise * np.std(case.states, axis=0) * rng.standard_normal(case.states.shape)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = ODERegressor(time_limit=time_limit).fit(case.times, case.states + scatter)
            n_warned += bool(model.warnings_)
            found = f"{model.best_['r2']:8.5f} {model.equations(3)[model.best_index_][:70]}"
            typer.echo(f"{case.kind:13} {found}  {' '.join(model.warnings_)[:_SHOWN]}")
        typer.echo(f"{sort}: {n_warned} of {n} warned of")


if __name__ == "__main__":
    typer.run(main)
