"""Random systems of differential equations and their trajectories.

Right-hand sides are made as models are: reactions that take from one state what they give to another,
oscillators whose forces act on velocities, sums of simple terms, and generic trees. Trajectories are kept
if they stay finite and still move; the benchmarks' systems are kept out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.constants import draw_constants
from generators.equations import rounded
from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout, SystemHoldout
from nsr.expression import PLACEHOLDER, Expression, apply, constant, variable
from nsr.integrate import Systems
from nsr.simplify import length, simplify

Array = NDArray[np.float64]
System = tuple[Expression, ...]

_UNKNOWN = Expression((PLACEHOLDER,))
_ZERO = constant(0.0)
# Trajectories stay below this; initial values are of order one.
_LARGEST_VALUE = 1e3
# A state that moves by less than this share of its size in the trajectory's second half has settled.
_SETTLED = 1e-2
_RTOL, _MAX_STEPS = 1e-5, 1_000


@dataclass(frozen=True)
class SystemConfig:
    """The prior over observed systems.

    Attributes:
        state_weights: Relative frequency of 1, 2, ... states.
        max_length: Most vocabulary tokens of one right-hand side.
        min_points: Fewest points of a trajectory.
        max_points: Most points; each batch has one number of them, drawn log-uniformly.
        noise_share: Share of trajectories with noise.
        max_noise: Largest deviation of the noise, relative to each value.
        uneven_share: Share of trajectories observed at random times.
        settled_share: Share of systems that only settle which are kept.
    """

    state_weights: tuple[float, ...] = (25, 35, 20, 12, 5, 3)
    max_length: int = 48
    min_points: int = 30
    max_points: int = 512
    noise_share: float = 0.5
    max_noise: float = 0.1
    uneven_share: float = 0.3
    settled_share: float = 0.15


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
            valued = [self._valued(component) for component in self._drawn(n_states)]
            system = tuple(component for component in valued if component is not None)
            if len(system) == n_states and self._is_acceptable(system):
                return system

    def _drawn(self, n_states: int) -> list[Expression]:
        draw = self.rng.random()
        for weight, kind in self._kinds:
            draw -= weight
            if draw < 0:
                return kind(n_states)
        return self._sums(n_states)

    def _valued(self, component: Expression) -> Expression | None:
        skeleton = simplify(component)
        values = draw_constants(self.rng, skeleton.tokens.count(PLACEHOLDER)).tolist()
        tokens = tuple(values.pop() if token == PLACEHOLDER else token for token in skeleton.tokens)
        return rounded(simplify(Expression(tokens)))

    def _is_acceptable(self, system: System) -> bool:
        return all(
            component.variables and length(component) <= self.config.max_length for component in system
        ) and not self.holdout.contains(system)

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

    def batch(self, n_systems: int) -> Observations:
        """Draws systems that share one number of points."""
        config = self.config
        low, high = np.log(config.min_points), np.log(config.max_points + 1)
        n_points = int(np.exp(self.rng.uniform(low, high)))
        times: list[Array] = []
        states: list[Array] = []
        systems: list[System] = []
        while len(systems) < n_systems:
            drawn = [self.sampler.sample() for _ in range(2 * (n_systems - len(systems)) + 4)]
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
        times = self._times(n, n_points)
        with np.errstate(all="ignore"):
            compiled = Systems(systems)
            states = compiled.integrate(
                initial, times, rtol=_RTOL, atol=1e-8, max_steps=_MAX_STEPS, largest=_LARGEST_VALUE
            )
            own = np.arange(width) < np.array([len(system) for system in systems])[:, None]
            states = np.where(own[:, None], states, 0.0)
            good = np.all(np.isfinite(states), axis=(1, 2))
            later = states[:, n_points // 2 :]
            moved = np.ptp(later, axis=1) > _SETTLED * np.abs(later).max(axis=1)
            all_move = np.all((np.ptp(states, axis=1) > 1e-3 * np.abs(states).max(axis=1)) | ~own, axis=1)
        alive = np.any(moved & own, axis=1) | (self.rng.random(n) < self.config.settled_share)
        return times, states, good & all_move & alive

    def _times(self, n: int, n_points: int) -> Array:
        """Even or random times from 0 to an end between 1 and 30."""
        even = np.tile(np.linspace(0.0, 1.0, n_points), (n, 1))
        uneven = np.sort(self.rng.random((n, n_points)), axis=1)
        uneven = (uneven - uneven[:, :1]) / (uneven[:, -1:] - uneven[:, :1])
        chosen = np.where(self.rng.random((n, 1)) < self.config.uneven_share, uneven, even)
        return np.asarray(chosen * np.exp(self.rng.uniform(0.0, np.log(30.0), (n, 1))))

    def _observed(self, states: Array) -> Array:
        noisy = self.rng.random((len(states), 1, 1)) < self.config.noise_share
        level = self.rng.uniform(0.0, self.config.max_noise, (len(states), 1, 1)) * noisy
        return states * (1 + level * self.rng.standard_normal(states.shape))


def _total(terms: list[tuple[str, Expression]]) -> Expression:
    """Terms with their signs added up."""
    result = _ZERO
    for sign, term in terms:
        result = apply(sign, result, term)
    return result
