"""The scikit-learn style estimator for dynamical systems: trajectories in, equations of motion out."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import sympy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from nsr.export.latex import to_latex
from nsr.export.sympy import to_sympy
from nsr.expression import constant
from nsr.integrate import Systems
from nsr.ode.library import libraries
from nsr.ode.shooting import Shot, System, deviations, residuals, scores, shot
from nsr.ode.trajectories import Trajectory, as_trajectories
from nsr.ode.weak_form import WIDTHS, Fit, sparse_fits
from nsr.printing import to_infix
from nsr.selection import expression_bits
from nsr.simplify import simplify

Array = NDArray[np.float64]

# Right-hand sides of each library and width that are simulated, and how many of all in every combination.
_N_EACH, _N_COMBINED = 4, 5
_MOST_COMBINATIONS = 150
_N_ROUNDS = 4
# Systems whose constants are fitted by shooting.
_N_SHOT = 16
# Of these, as many are then fitted to whole trajectories.
_N_WHOLE = 5
# Points of the pieces that systems are first simulated on.
_SEGMENT = 25
# Weak equations that count as independent observations.
_N_WEAK = 60
_EXACT_RESIDUAL = 1e-6


class ODERegressor(BaseEstimator):  # type: ignore[misc]
    """Finds dx/dt = f(x) behind observed trajectories.

    Args:
        time_limit: Seconds after which no new system is tried.

    Attributes:
        equations_: The systems that were fitted by shooting as a data frame, the chosen one first, with
            columns `complexity`, `r2` (variance of the observations explained by the simulation, the worst
            state's), `score` (bits saved, on pieces and on the whole) and `equations`.
        systems_: These systems as tuples of `nsr.expression.Expression`, in the same order.
        initial_values_: Initial values of each trajectory that fit the chosen system best.
        state_names_: Names of the states.
    """

    def __init__(self, time_limit: float = 10.0) -> None:
        self.time_limit = time_limit

    def fit(self, t: ArrayLike | Sequence[ArrayLike], X: ArrayLike | Sequence[ArrayLike]) -> ODERegressor:
        """Searches for systems.

        Args:
            t: Times, shape (T,), or one such array for each trajectory.
            X: States, shape (T, D), as an array or a data frame, or one such table for each trajectory.

        Raises:
            ValueError: If the observations cannot be used; the message says why.
        """
        deadline = time.monotonic() + self.time_limit
        first = X[0] if isinstance(X, list | tuple) and len(X) else X
        trajectories = as_trajectories(t, X)
        n_states = trajectories[0].states.shape[1]
        self.state_names_ = [
            str(name) for name in getattr(first, "columns", [f"x_{i}" for i in range(n_states)])
        ]
        # From many starting points an error of the first one, or chaos, spoils little.
        pieces = [trajectory.segments(_SEGMENT) for trajectory in trajectories]
        tried = _simulated(
            _candidates(trajectories, deadline), list(itertools.chain.from_iterable(pieces)), deadline
        )
        fitted = _shot(_distinct_forms(tried), trajectories, pieces, deadline)
        self._keep(fitted, trajectories)
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
        states: Array = Systems(self.systems_[:1]).integrate(initial, times, rtol=1e-8)[0]
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

    def _keep(self, fitted: list[Shot], trajectories: list[Trajectory]) -> None:
        systems = [shot.system for shot in fitted]
        self.systems_ = [tuple(simplify(component) for component in system) for system in systems]
        self.initial_values_ = list(fitted[0].initials)
        size = deviations(trajectories)
        off = [
            residuals(systems, trajectory, size, np.array([shot.initials[place] for shot in fitted]))
            for place, trajectory in enumerate(trajectories)
        ]
        explained = 1 - np.mean(np.concatenate(off, axis=1) ** 2, axis=1).max(axis=1)
        self.equations_ = pd.DataFrame(
            {
                "complexity": [sum(component.complexity for component in s) for s in self.systems_],
                "r2": explained,
                "score": [-shot.bits for shot in fitted],
                "equations": ["; ".join(_written(s, self.state_names_, 6)) for s in self.systems_],
            }
        )


def _written(system: System, names: Sequence[str], digits: int | None) -> list[str]:
    return [
        f"d{name}/dt = {to_infix(component, names, digits)}"
        for name, component in zip(names, system, strict=True)
    ]


def _candidates(trajectories: list[Trajectory], deadline: float) -> list[list[Fit]]:
    """Right-hand sides of each component: the best few of every library and width, the best of all first.

    Residuals of different widths do not compare, so each width has its own places.
    """
    n_states = trajectories[0].states.shape[1]
    places: list[list[list[Fit]]] = [[] for _ in range(n_states)]
    for library, width in itertools.product(libraries(n_states), WIDTHS):
        if time.monotonic() > deadline and all(places):
            break
        for place, fits in zip(places, sparse_fits(trajectories, library, width), strict=True):
            place.append(sorted(fits, key=_weak_bits)[:_N_EACH])
    return [_distinct(place) or [Fit(constant(0.0), 1.0, 0)] for place in places]


def _weak_bits(fit: Fit) -> float:
    return _N_WEAK * math.log2(max(fit.residual, _EXACT_RESIDUAL)) + expression_bits(fit.expression, _N_WEAK)


def _distinct(lists: list[list[Fit]]) -> list[Fit]:
    """All fits, those that lead their lists first; of fits with the same terms, three."""
    seen: dict[object, int] = {}
    result = []
    for fit in itertools.chain.from_iterable(itertools.zip_longest(*lists)):
        if fit is None:
            continue
        skeleton = fit.expression.skeleton()
        seen[skeleton] = seen.get(skeleton, 0) + 1
        if seen[skeleton] <= len(WIDTHS):
            result.append(fit)
    return result


def _simulated(
    candidates: list[list[Fit]], trajectories: list[Trajectory], deadline: float
) -> dict[System, float]:
    """Description lengths of systems: all combinations of the best, then one component changed at a time."""
    tried: dict[System, float] = {}

    def simulate(systems: list[System]) -> None:
        new = [system for system in dict.fromkeys(systems) if system not in tried]
        if new:
            tried.update(zip(new, scores(new, trajectories).tolist(), strict=True))

    best = [[fit.expression for fit in fits[:_N_COMBINED]] for fits in candidates]
    simulate(list(itertools.islice(itertools.product(*best), _MOST_COMBINATIONS)))
    for _ in range(_N_ROUNDS):
        current = min(tried, key=tried.__getitem__)
        simulate(
            [
                (*current[:place], fit.expression, *current[place + 1 :])
                for place, fits in enumerate(candidates)
                for fit in fits
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
    systems: list[System],
    trajectories: list[Trajectory],
    pieces: list[list[Trajectory]],
    deadline: float,
) -> list[Shot]:
    """Systems fitted to the pieces, the best of them then to whole trajectories; the best first."""
    flat = list(itertools.chain.from_iterable(pieces))
    firsts = np.cumsum([0, *(len(own) for own in pieces[:-1])])
    loose: list[Shot] = []
    for system in systems:
        loose.append(shot(system, flat))
        if time.monotonic() > deadline:
            break
    loose.sort(key=lambda found: found.bits)
    whole: list[Shot] = []
    for found in loose[:_N_WHOLE]:
        if whole and time.monotonic() > deadline:
            break
        begun = [
            replace(trajectory, start=found.initials[first])
            for trajectory, first in zip(trajectories, firsts, strict=True)
        ]
        entire = shot(found.system, begun)
        whole.append(replace(entire, bits=entire.bits + found.bits))
    return sorted(whole, key=lambda found: found.bits)
