"""Random systems of differential equations and their trajectories.

Right-hand sides are made as models are: reactions that take from one state what they give to another,
oscillators whose forces act on velocities, sums of simple terms, and generic trees. Trajectories are kept
if they stay finite and still move; the benchmarks' systems are kept out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from generators.constants import draw_constants
from generators.equations import rounded
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout, SystemHoldout
from nsr.data.scaling import COMFORTABLE_RMS
from nsr.expressions.expression import PLACEHOLDER, Expression, _trusted, apply, constant, variable
from nsr.expressions.simplify import length, simplify
from nsr.ode.integrate import Systems

Array = NDArray[np.float64]
System = tuple[Expression, ...]

_UNKNOWN = Expression((PLACEHOLDER,))
_ZERO = constant(0.0)
# Trajectories stay below this; initial values are of order one.
_LARGEST_VALUE = 1e3
# A state that moves by less than this share of its size in the trajectory's second half has settled.
_SETTLED = 1e-2
_RTOL, _MAX_STEPS = 1e-5, 400
# Shortest and longest time spans, in times in which a system moves by its own size.
_SPANS = (1.0, 30.0)


@dataclass(frozen=True)
class SystemConfig:
    """The prior over observed systems.

    Attributes:
        state_weights: Relative frequency of 1, 2, ... states.
        max_length: Most vocabulary tokens of one right-hand side.
        max_total_length: Most vocabulary tokens of a system.
        min_points: Fewest points of a trajectory.
        max_points: Most points; each batch has one number of them, drawn log-uniformly.
        noise_share: Share of trajectories with noise.
        max_noise: Largest deviation of the noise, relative to each value, or, for one noisy trajectory
            in four, to each state's deviation.
        grid_shares: Shares of trajectories observed at even times, at even times of which up to half are
            dropped, and at random times.
        settled_share: Share of systems that only settle which are kept.
        runaway_share: Share of systems that leave all bounds which are kept, observed until before they do.
        n_rows: Rows of local slopes that a network in training sees of each system.
    """

    state_weights: tuple[float, ...] = (25, 35, 20, 12, 5, 3)
    max_length: int = 48
    max_total_length: int = 180
    min_points: int = 30
    max_points: int = 512
    noise_share: float = 0.5
    max_noise: float = 0.1
    grid_shares: tuple[float, float, float] = (0.6, 0.25, 0.15)
    settled_share: float = 0.15
    runaway_share: float = 0.4
    n_rows: int = 128


@dataclass(frozen=True)
class Observations:
    """A batch of B systems, each observed at T times.

    Attributes:
        times: Ascending, shape (B, T).
        states: Observed states with noise, shape (B, T, D); columns beyond a system's own are zero.
        systems: The systems, with constants of three digits.
    """

    times: Array
    states: Array
    systems: list[System]


class SystemSampler:
    """Draws systems with values for their constants, none of them a benchmark's.

    Args:
        config: The prior.
        rng: Source of randomness.
        holdout: Systems never drawn; every benchmark's by default.
    """

    def __init__(
        self, config: SystemConfig, rng: np.random.Generator, holdout: SystemHoldout | None = None
    ) -> None:
        self.config = config
        self.rng = rng
        self.holdout = holdout or SystemHoldout.default()
        self._trees = ExpressionSampler(
            ExpressionConfig(max_length=config.max_length), Holdout.default(), rng
        )
        self._kinds: tuple[tuple[float, Callable[[int], list[Expression]]], ...] = (
            (0.4, self._reactions),
            (0.25, self._oscillators),
            (0.25, self._sums),
            (0.1, self._generic),
        )
        weights = np.array(config.state_weights, dtype=float)
        self._cuts = np.cumsum(weights / weights.sum())

    def sample(self) -> System:
        """A system in canonical form, every state of which moves."""
        while True:
            n_states = 1 + int(np.searchsorted(self._cuts, self.rng.random()))
            system = self._valued(self._shuffled(self._drawn(n_states)))
            if system is not None and self._is_acceptable(system):
                return system

    def _drawn(self, n_states: int) -> list[Expression]:
        draw = self.rng.random()
        for weight, kind in self._kinds:
            draw -= weight
            if draw < 0:
                return kind(n_states)
        return self._sums(n_states)

    def _shuffled(self, components: list[Expression]) -> list[Expression]:
        """The same system with its states in random order."""
        order = self.rng.permutation(len(components)).tolist()
        renamed = {old: variable(new) for new, old in enumerate(order)}
        return [components[old].substitute(renamed) for old in order]

    def _valued(self, components: list[Expression]) -> System | None:
        """The components with values for their constants; None if three digits cannot say one."""
        n_constants = sum(component.tokens.count(PLACEHOLDER) for component in components)
        values = iter(draw_constants(self.rng, n_constants).tolist())
        result = []
        for component in components:
            tokens = tuple(next(values) if token == PLACEHOLDER else token for token in component.tokens)
            result.append(rounded(simplify(_trusted(tokens))))
        return tuple(result) if None not in result else None  # type: ignore[arg-type]

    def _is_acceptable(self, system: System) -> bool:
        lengths = [length(component) for component in system]
        return (
            all(component.variables for component in system)
            and max(lengths) <= self.config.max_length
            and sum(lengths) + len(system) - 1 <= self.config.max_total_length
            and not self.holdout.contains(system)
        )

    # Kinds of systems

    def _reactions(self, n_states: int) -> list[Expression]:
        """Flows between states, from and to the outside, as in chemistry, ecology and epidemics."""
        right: list[list[tuple[str, Expression]]] = [[] for _ in range(n_states)]
        for place in range(n_states):  # everything takes part in something
            self._add_flow(right, place)
        for _ in range(int(self.rng.integers(0, n_states + 1))):
            self._add_flow(right, int(self.rng.integers(n_states)))
        return [_total(terms) for terms in right]

    def _add_flow(self, right: list[list[tuple[str, Expression]]], place: int) -> None:
        rate = self._rate(place, len(right))
        right[place].append(("add" if self._chance(0.35) else "sub", rate))
        others = [other for other in range(len(right)) if other != place]
        if others and self._chance(0.7):
            gain = rate if self._chance(0.6) else apply("mul", _UNKNOWN, rate)
            right[int(self.rng.choice(others))].append(("add", gain))

    def _rate(self, place: int, n_states: int) -> Expression:
        """How fast a flow that needs this state goes."""
        rate = apply("mul", _UNKNOWN, variable(place))
        draw = self.rng.random()
        if draw < 0.3:
            rate = apply("mul", rate, variable(int(self.rng.integers(n_states))))
        elif draw < 0.4:
            rate = apply(
                "mul", rate, apply("mul", *(variable(int(i)) for i in self.rng.integers(n_states, size=2)))
            )
        elif draw < 0.6:
            half = apply("add", _UNKNOWN, variable(int(self.rng.integers(n_states))))
            rate = apply("div", rate, half)
        elif draw < 0.68:
            rate = apply("mul", rate, apply("exp", apply("neg", variable(int(self.rng.integers(n_states))))))
        elif draw < 0.74:
            rate = _UNKNOWN  # a constant supply
        return rate

    def _oscillators(self, n_states: int) -> list[Expression]:
        """Positions and velocities: forces, friction, and springs between neighbours."""
        right: list[Expression] = []
        for place in range(0, n_states - 1, 2):
            x, v = variable(place), variable(place + 1)
            terms = [("sub", self._force(x)), ("sub", self._friction(x, v))][: 1 + self._chance(0.6)]
            if n_states > 2 and self._chance(0.6):
                other = variable((place + 2) % (n_states - n_states % 2))
                terms.append(("add", apply("mul", _UNKNOWN, apply("sub", other, x))))
            right += [v, _total(terms)]
        if n_states % 2:
            right += [_total([("sub", self._force(variable(n_states - 1)))])]
        return right

    def _force(self, x: Expression) -> Expression:
        cubic = apply("add", apply("mul", _UNKNOWN, x), apply("mul", _UNKNOWN, apply("cube", x)))
        options = (x, x, apply("sin", x), apply("cube", x), apply("tanh", x), cubic)
        chosen = options[int(self.rng.integers(len(options)))]
        return chosen if chosen is cubic else apply("mul", _UNKNOWN, chosen)

    def _friction(self, x: Expression, v: Expression) -> Expression:
        options = (
            v,
            v,
            apply("mul", v, apply("abs", v)),
            apply("mul", v, apply("sub", apply("square", x), constant(1.0))),
        )
        return apply("mul", _UNKNOWN, options[int(self.rng.integers(len(options)))])

    def _sums(self, n_states: int) -> list[Expression]:
        """One to four simple terms in each component."""
        return [
            _total([("add", self._term(place, n_states)) for _ in range(int(self.rng.integers(1, 5)))])
            for place in range(n_states)
        ]

    def _term(self, place: int, n_states: int) -> Expression:
        first = variable(place if self._chance(0.6) else int(self.rng.integers(n_states)))
        second = variable(int(self.rng.integers(n_states)))
        options = (
            first,
            first,
            first,
            apply("mul", first, second),
            apply("mul", first, second),
            apply("square", first),
            apply("cube", first),
            apply("mul", first, apply("square", second)),
            apply("sin", first),
            apply("cos", second),
            apply("exp", apply("neg", first)),
            apply("div", first, apply("add", constant(1.0), apply("square", second))),
            apply("log", apply("abs", first)),
            constant(1.0),
        )
        return apply("mul", _UNKNOWN, options[int(self.rng.integers(len(options)))])

    def _generic(self, n_states: int) -> list[Expression]:
        """Trees of the prior over functions, in any of the states."""
        trees = []
        for _ in range(n_states):
            tree = self._trees.sample()
            places = self.rng.integers(n_states, size=10)
            renamed = {old: variable(int(places[old])) for old in tree.variables}
            trees.append(apply("mul", _UNKNOWN, tree.substitute(renamed)))
        return trees

    def _chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)


class SystemGenerator:
    """Draws observed systems without end.

    Args:
        config: The prior.
        seed: Seed of all draws.
        holdout: Systems never drawn; every benchmark's by default.
    """

    def __init__(self, config: SystemConfig, seed: int, holdout: SystemHoldout | None = None) -> None:
        self.config = config
        self.rng = np.random.default_rng(seed)
        self.sampler = SystemSampler(config, self.rng, holdout)

    def batch(self, n_systems: int, given: Sequence[System] = ()) -> Observations:
        """Draws observations that share one number of points.

        Args:
            n_systems: B.
            given: Systems to observe, once each and in this order, where they let themselves be observed.
                Fresh ones are drawn when these run out.
        """
        config = self.config
        low, high = np.log(config.min_points), np.log(config.max_points + 1)
        n_points = int(np.exp(self.rng.uniform(low, high)))
        times: list[Array] = []
        states: list[Array] = []
        systems: list[System] = []
        waiting = iter(given)
        while len(systems) < n_systems:
            wanted = 3 * (n_systems - len(systems)) // 2 + 4
            drawn = list(islice(waiting, wanted))
            drawn += [self.sampler.sample() for _ in range(wanted - len(drawn))]
            grid, found, good = self._simulated(drawn, n_points)
            times.append(grid[good])
            states.append(found[good])
            systems += [system for system, is_good in zip(drawn, good, strict=True) if is_good]
        table = np.concatenate(states)[:n_systems]
        return Observations(np.concatenate(times)[:n_systems], self._observed(table), systems[:n_systems])

    def _simulated(self, systems: list[System], n_points: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Times (B, T), states (B, T, D) with zeros beyond each system's own, and which are good."""
        n, width = len(systems), len(self.config.state_weights)
        size = np.exp(self.rng.normal(0.0, 1.0, (n, width)))
        signed = self.rng.random((n, 1)) < 0.3
        initial = size * np.where(signed, self.rng.choice([-1.0, 1.0], (n, width)), 1.0)
        compiled = Systems(systems)
        with np.errstate(all="ignore"):
            times = self._grids(n, n_points) * self._spans(compiled, initial)[:, None]
            states = self._integrated(compiled, initial, times, np.arange(n))
            wanted = self.rng.random(n) < self.config.runaway_share
            broken = np.flatnonzero(~_is_complete(states, compiled) & wanted)
            times[broken] *= self._shares_survived(times[broken], states[broken])[:, None]
            states[broken] = self._integrated(compiled, initial[broken], times[broken], broken)
        good = _is_complete(states, compiled)
        states = np.where(np.isnan(states), 0.0, states)
        own = np.arange(width) < np.diff(compiled.first)[:, None]
        later = states[:, n_points // 2 :]
        moved = np.ptp(later, axis=1) > _SETTLED * np.abs(later).max(axis=1)
        all_move = np.all((np.ptp(states, axis=1) > 1e-3 * np.abs(states).max(axis=1)) | ~own, axis=1)
        alive = np.any(moved & own, axis=1) | (self.rng.random(n) < self.config.settled_share)
        return times, states, good & all_move & alive & _is_comfortable(states)

    def _integrated(self, compiled: Systems, initial: Array, times: Array, rows: NDArray[np.intp]) -> Array:
        return compiled.integrate(
            initial, times, index=rows, rtol=_RTOL, atol=1e-8, max_steps=_MAX_STEPS, largest=_LARGEST_VALUE
        )

    def _grids(self, n: int, n_points: int) -> Array:
        """Even times from 0 to 1, or some of more even times, or random ones, shape (n, n_points)."""
        even = np.linspace(0.0, 1.0, n_points)
        kinds = self.rng.choice(3, n, p=self.config.grid_shares)
        return np.array([even if kind == 0 else self._uneven(n_points, kind == 1) for kind in kinds.tolist()])

    def _uneven(self, n_points: int, dropped: bool) -> Array:
        if dropped:
            n_before = round(n_points / self.rng.uniform(0.5, 1.0))
            times = np.sort(self.rng.permutation(n_before)[:n_points]).astype(np.float64)
        else:
            times = np.sort(self.rng.random(n_points))
        return np.asarray((times - times[0]) / (times[-1] - times[0]))

    def _spans(self, compiled: Systems, initial: Array) -> Array:
        """A few of the times in which each system at first moves by its own size, shape (B,)."""
        counts = np.diff(compiled.first)
        owner = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(owner)) - compiled.first[owner]
        slopes = compiled.program.values(initial[owner][:, None])[:, 0]
        rates = np.log(np.clip(np.abs(slopes / initial[owner, place]), 1e-2, 1e2))
        mean = np.bincount(owner, np.nan_to_num(rates)) / counts
        shortest, longest = np.log(_SPANS)
        return np.asarray(np.exp(self.rng.uniform(shortest, longest, len(counts)) - mean))

    def _shares_survived(self, times: Array, states: Array) -> Array:
        """Shares of the time after which systems that broke down still live, shape (B,)."""
        last = np.isfinite(states[:, :, 0]).sum(axis=1) - 1
        survived = times[np.arange(len(times)), last] / times[:, -1]
        # What breaks down before the first observation does so in less than half a step.
        survived = np.maximum(survived, 0.5 / times.shape[1])
        return np.asarray(survived * self.rng.uniform(0.3, 1.0, len(times)))

    def _observed(self, states: Array) -> Array:
        """States with noise: multiplicative, or additive."""
        noisy = self.rng.random((len(states), 1, 1)) < self.config.noise_share
        level = self.rng.uniform(0.0, self.config.max_noise, (len(states), 1, 1)) * noisy
        is_additive = self.rng.random((len(states), 1, 1)) < 0.25
        size = np.where(is_additive, states.std(axis=1, keepdims=True), states)
        return np.asarray(states + level * size * self.rng.standard_normal(states.shape))


def _is_complete(states: Array, compiled: Systems) -> NDArray[np.bool_]:
    """Which systems have all their own states to the end, shape (B,)."""
    return np.asarray(np.isfinite(states[:, -1]).sum(axis=1) == np.diff(compiled.first))


def _is_comfortable(states: Array) -> NDArray[np.bool_]:
    """Whether scaling would leave all states (B, T, D) as they are."""
    size = np.sqrt(np.mean(states**2, axis=1))
    low, high = COMFORTABLE_RMS
    return np.asarray(np.all((size == 0) | ((size >= low) & (size <= high)), axis=1))


def _total(terms: list[tuple[str, Expression]]) -> Expression:
    """Terms with their signs added up."""
    result = _ZERO
    for sign, term in terms:
        result = apply(sign, result, term)
    return result
