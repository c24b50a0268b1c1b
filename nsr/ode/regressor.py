"""The scikit-learn style estimator for dynamical systems: trajectories in, equations of motion out."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import sympy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from nsr.checkpoint import DEFAULT_CHECKPOINT, Pretrained, from_pretrained
from nsr.export.latex import to_latex
from nsr.export.sympy import to_sympy
from nsr.expression import Expression, constant, variable
from nsr.integrate import Systems
from nsr.ode.library import libraries
from nsr.ode.neural import by_functions, by_systems, smoothed
from nsr.ode.noise import with_scatter
from nsr.ode.shooting import Paths, Shot, System, scores, shot
from nsr.ode.slopes import local_slopes
from nsr.ode.trajectories import Trajectory, as_trajectories, moving
from nsr.ode.weak_form import WIDTHS, Fit, WeakForm, sparse_fits
from nsr.ode.weak_refinement import refined
from nsr.printing import to_infix
from nsr.program import Program, warm_up
from nsr.refine import refine
from nsr.selection import expression_bits
from nsr.simplify import simplify

Array = NDArray[np.float64]
# Asks a network for the right-hand sides of every component.
Ask = Callable[[Pretrained, Sequence[Trajectory], int, int, float], list[list[Expression]]]

SOURCES = ("systems", "functions", "library")

# Right-hand sides of a network whose constants are fitted to the weak form, and how the others fall out:
# by a fit to smoothed derivatives at so many points.
_N_ROUGH, _N_ROUGH_POINTS, _RESTARTS = 48, 150, 2
# Share of the time that asking the networks may take.
_ASKING_SHARE = 0.4
# Right-hand sides of each library and width that are simulated, and how many of all in every combination.
_N_EACH, _N_COMBINED = 4, 5
_MOST_COMBINATIONS = 150
_N_ROUNDS = 4
_N_AT_A_TIME = 16
# Systems whose constants are fitted by shooting.
_N_SHOT = 32
# Of these, as many are then fitted to whole trajectories.
_N_WHOLE = 16
# Points of the pieces that systems are first simulated on.
_SEGMENT = 25
# Weak equations that count as independent observations.
_N_WEAK = 60
_EXACT_RESIDUAL = 1e-6
_STILL = constant(0.0)


class ODERegressor(BaseEstimator):  # type: ignore[misc]
    """Finds dx/dt = f(x) behind observed trajectories.

    Args:
        time_limit: Seconds after which no new system is tried.
        sources: Where right-hand sides come from: `systems`, the network that knows systems; `functions`, the
            network that knows functions, asked for each derivative; `library`, sparse sums of terms.
        checkpoint: Name or folder of the network that knows systems.
        function_checkpoint: Name or folder of the network that knows functions.
        n_candidates: Sequences that are sampled from each network, for each component of the second.
        random_state: Seed of the sampling.

    Attributes:
        equations_: The systems that were fitted by shooting as a data frame, the chosen one first, with
            columns `complexity`, `r2` (variance of the observations explained by the simulation, the worst
            state's), `score` (bits saved, on pieces and on the whole) and `equations`.
        systems_: These systems as tuples of `nsr.expression.Expression`, in the same order.
        initial_values_: Initial values of each trajectory that fit the chosen system best.
        state_names_: Names of the states.
    """

    def __init__(
        self,
        time_limit: float = 10.0,
        *,
        sources: Sequence[str] = SOURCES,
        checkpoint: str = "nsr-ode",
        function_checkpoint: str = DEFAULT_CHECKPOINT,
        n_candidates: int = 256,
        random_state: int = 0,
    ) -> None:
        self.time_limit = time_limit
        self.sources = sources
        self.checkpoint = checkpoint
        self.function_checkpoint = function_checkpoint
        self.n_candidates = n_candidates
        self.random_state = random_state

    def fit(self, t: ArrayLike | Sequence[ArrayLike], X: ArrayLike | Sequence[ArrayLike]) -> ODERegressor:
        """Searches for systems.

        Args:
            t: Times, shape (T,), or one such array for each trajectory.
            X: States, shape (T, D), as an array or a data frame, or one such table for each trajectory.

        Raises:
            ValueError: If the observations or the sources cannot be used; the message says why.
        """
        if not self.sources or (unknown := set(self.sources) - set(SOURCES)):
            wrong = ", ".join(sorted(unknown)) if self.sources else "nothing"
            raise ValueError(f"{wrong} is no source of right-hand sides; choose from {', '.join(SOURCES)}")
        networks = self._networks()
        _warm_up()
        deadline = time.monotonic() + self.time_limit
        first = X[0] if isinstance(X, list | tuple) and len(X) else X
        trajectories = with_scatter(as_trajectories(t, X))
        n_states = trajectories[0].states.shape[1]
        self.state_names_ = [
            str(name) for name in getattr(first, "columns", [f"x_{i}" for i in range(n_states)])
        ]
        # From many starting points an error of the first one, or chaos, spoils little.
        pieces = [trajectory.segments(_SEGMENT) for trajectory in trajectories]
        whole, loose = Paths(trajectories), Paths(list(itertools.chain.from_iterable(pieces)))
        weak_forms = [WeakForm(trajectories, width) for width in WIDTHS]
        places = self._written_by(networks, trajectories, weak_forms, deadline)
        if "library" in self.sources:
            places = _joined(places, _sparse(n_states, weak_forms, deadline))
        candidates = [
            (_ranked(_distinct(place), weak_forms, component) if moves else []) or [_STILL]
            for component, (place, moves) in enumerate(zip(places, moving(trajectories), strict=True))
        ]
        tried = _simulated(candidates, loose, deadline)
        firsts = np.cumsum([0, *(len(own) for own in pieces[:-1])])
        fitted = _shot(_distinct_forms(tried), loose, whole, firsts, deadline)
        self._keep(fitted, whole, moving(trajectories))
        return self

    def predict(self, t: ArrayLike, x0: ArrayLike) -> Array:
        """Simulates the chosen system; shape (T, D), NaN after it has left the domain of its equations.

        Args:
            t: Ascending times, the first that of the initial values, shape (T,).
            x0: Initial values, shape (D,).
        """
        check_is_fitted(self)
        initial = np.asarray(x0, dtype=np.float64).reshape(1, -1)
        if initial.shape[1] != len(self.systems_[0]):
            raise ValueError(f"{len(self.systems_[0])} initial values are needed, not {initial.shape[1]}")
        times = np.asarray(t, dtype=np.float64)
        smallest = float(np.abs(initial[initial != 0]).min(initial=1.0))
        states: Array = Systems(self.systems_[:1]).integrate(initial, times, rtol=1e-8, atol=1e-9 * smallest)[
            0
        ]
        return states

    def sympy(self) -> list[sympy.Expr]:
        """Right-hand sides of the chosen system."""
        check_is_fitted(self)
        return [to_sympy(component, self.state_names_) for component in self.systems_[0]]

    def latex(self) -> list[str]:
        """The chosen system's equations as LaTeX."""
        check_is_fitted(self)
        return [to_latex(component, self.state_names_) for component in self.systems_[0]]

    def equations(self, digits: int | None = None) -> list[str]:
        """The chosen system's equations as text."""
        check_is_fitted(self)
        return _written(self.systems_[0], self.state_names_, digits)

    def _networks(self) -> list[tuple[Ask, Pretrained]]:
        """The networks among the sources, each with the way to ask it."""
        asked: list[tuple[Ask, Pretrained]] = []
        if "systems" in self.sources:
            asked.append((by_systems, from_pretrained(self.checkpoint)))
        if "functions" in self.sources:
            asked.append((by_functions, from_pretrained(self.function_checkpoint)))
        return asked

    def _written_by(
        self,
        networks: list[tuple[Ask, Pretrained]],
        trajectories: list[Trajectory],
        weak_forms: list[WeakForm],
        deadline: float,
    ) -> list[list[list[Fit]]]:
        """The best right-hand sides of the networks, for each component one list by network and width."""
        places: list[list[list[Fit]]] = [[] for _ in trajectories[0].states.T]
        states, slopes = smoothed(trajectories)
        for place, (ask, network) in enumerate(networks):
            now = time.monotonic()
            until = now + _ASKING_SHARE * (deadline - now) / (len(networks) - place)
            written = ask(network, trajectories, self.n_candidates, self.random_state, until)
            for component, expressions in enumerate(written):
                best = _rough(expressions, states, slopes[:, component])
                for weak in weak_forms:
                    places[component].append(_shortest(refined(best, weak, component)))
        return places

    def _keep(self, fitted: list[Shot], whole: Paths, moves: NDArray[np.bool_]) -> None:
        systems = [
            tuple(c if moved else _STILL for c, moved in zip(shot.system, moves, strict=True))
            for shot in fitted
        ]
        self.systems_ = [tuple(simplify(component) for component in system) for system in systems]
        self.initial_values_ = list(fitted[0].initials)
        off = whole.errors(Systems(systems), np.array([shot.initials for shot in fitted]))
        explained = 1 - np.mean((off * whole.scatter) ** 2, axis=1).max(axis=1)
        self.equations_ = pd.DataFrame(
            {
                "complexity": [sum(component.complexity for component in s) for s in self.systems_],
                "r2": explained,
                "score": [-shot.bits for shot in fitted],
                "equations": ["; ".join(_written(s, self.state_names_, 6)) for s in self.systems_],
            }
        )


def _warm_up() -> None:
    """Compiles in the first fit on a machine what fits need; that is not the search's time."""
    warm_up()
    times = np.linspace(0.0, 1.0, 8)
    states = Systems([(variable(0),)]).integrate(np.ones((1, 1)), times)
    local_slopes(times[None], states, 1, np.random.default_rng(0))


def _written(system: System, names: Sequence[str], digits: int | None) -> list[str]:
    return [
        f"d{name}/dt = {to_infix(component, names, digits)}"
        for name, component in zip(names, system, strict=True)
    ]


def _rough(expressions: Sequence[Expression], states: Array, slopes: Array) -> list[Expression]:
    """Those expressions that fit smoothed derivatives best, with constants that do."""
    if not expressions:
        return []
    program = Program(list(expressions))
    fitted = refine(program, states, slopes, restarts=_RESTARTS, max_points=_N_ROUGH_POINTS)
    size, n_points = float(np.var(slopes)) or 1.0, len(slopes)
    bits = {
        expression: 0.5 * n_points * math.log2(max(loss / size, _EXACT_RESIDUAL**2))
        + expression_bits(expression, n_points)
        for expression, loss in zip(
            program.expressions_with(fitted.constants), fitted.loss.tolist(), strict=True
        )
        if loss < math.inf and np.all(np.isfinite(expression.constants))
    }
    return sorted(bits, key=bits.__getitem__)[:_N_ROUGH]


def _sparse(n_states: int, weak_forms: list[WeakForm], deadline: float) -> list[list[list[Fit]]]:
    """Sums of terms: for each component the best few of every library and width.

    Residuals of different widths do not compare, so each width has its own list.
    """
    places: list[list[list[Fit]]] = [[] for _ in range(n_states)]
    for library, weak in itertools.product(libraries(n_states), weak_forms):
        if time.monotonic() > deadline and all(places):
            break
        for place, fits in zip(places, sparse_fits(weak, library), strict=True):
            place.append(_shortest(fits))
    return places


def _shortest(fits: list[Fit]) -> list[Fit]:
    return sorted(fits, key=_weak_bits)[:_N_EACH]


def _joined(first: list[list[list[Fit]]], second: list[list[list[Fit]]]) -> list[list[list[Fit]]]:
    """The lists of both for each component."""
    return [[*a, *b] for a, b in zip(first, second, strict=True)]


def _weak_bits(fit: Fit) -> float:
    return _N_WEAK * math.log2(max(fit.residual, _EXACT_RESIDUAL)) + expression_bits(fit.expression, _N_WEAK)


def _distinct(lists: list[list[Fit]]) -> list[Expression]:
    """All right-hand sides, those that lead their lists first; of those with the same terms, three."""
    seen: dict[object, int] = {}
    result = []
    for fit in itertools.chain.from_iterable(itertools.zip_longest(*lists)):
        if fit is None:
            continue
        skeleton = fit.expression.skeleton()
        seen[skeleton] = seen.get(skeleton, 0) + 1
        if seen[skeleton] <= len(WIDTHS):
            result.append(fit.expression)
    return result


def _ranked(expressions: list[Expression], weak_forms: list[WeakForm], component: int) -> list[Expression]:
    """The shortest descriptions first, on average over all widths."""
    if not expressions:
        return []
    program = Program(expressions)
    bits = np.zeros(len(expressions))
    for weak in weak_forms:
        target = weak.target[:, component]
        residuals = np.linalg.norm(weak.integrals(program) - target, axis=1) / (np.linalg.norm(target) or 1.0)
        residuals = np.where(np.isfinite(residuals), residuals, math.inf)
        bits += [_weak_bits(Fit(e, r)) for e, r in zip(expressions, residuals.tolist(), strict=True)]
    return [expressions[place] for place in np.argsort(bits, kind="stable")]


def _simulated(candidates: list[list[Expression]], loose: Paths, deadline: float) -> dict[System, float]:
    """Description lengths of systems: all combinations of the best, then one component changed at a time."""
    tried: dict[System, float] = {}

    def simulate(systems: list[System]) -> None:
        new = [system for system in dict.fromkeys(systems) if system not in tried]
        for first in range(0, len(new), _N_AT_A_TIME):
            if tried and time.monotonic() > deadline:
                return
            batch = new[first : first + _N_AT_A_TIME]
            tried.update(zip(batch, scores(batch, loose).tolist(), strict=True))

    best = [expressions[:_N_COMBINED] for expressions in candidates]
    simulate(list(itertools.islice(itertools.product(*best), _MOST_COMBINATIONS)))
    for _ in range(_N_ROUNDS):
        current = min(tried, key=tried.__getitem__)
        simulate(
            [
                (*current[:place], expression, *current[place + 1 :])
                for place, expressions in enumerate(candidates)
                for expression in expressions
            ]
        )
        if min(tried, key=tried.__getitem__) == current or time.monotonic() > deadline:
            break
    return tried


def _distinct_forms(tried: dict[System, float]) -> list[System]:
    """The best systems, one of each form."""
    best: dict[object, System] = {}
    for system in sorted(tried, key=tried.__getitem__):
        best.setdefault(tuple(component.skeleton() for component in system), system)
    return list(best.values())[:_N_SHOT]


def _shot(
    systems: list[System], loose: Paths, whole: Paths, firsts: NDArray[np.int64], deadline: float
) -> list[Shot]:
    """Systems fitted to pieces of trajectories, the best of them then to the whole; the best first.

    Args:
        systems: The most promising first.
        loose: The pieces.
        whole: The trajectories.
        firsts: The first piece of each trajectory.
        deadline: When fitting ends, and no further system is begun.
    """
    by_pieces: list[Shot] = []
    for system in systems:
        by_pieces.append(shot(system, loose, deadline=deadline))
        if time.monotonic() > deadline:
            break
    by_pieces.sort(key=lambda found: found.bits)
    result: list[Shot] = []
    for found in by_pieces[:_N_WHOLE]:
        if result and time.monotonic() > deadline:
            break
        entire = shot(found.system, whole, found.initials[firsts], deadline)
        result.append(replace(entire, bits=entire.bits + found.bits))
    return sorted(result, key=lambda found: found.bits)
