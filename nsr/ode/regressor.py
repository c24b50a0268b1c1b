"""The scikit-learn style estimator for dynamical systems: trajectories in, equations of motion out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import sympy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from nsr.export.latex import to_latex
from nsr.expressions.expression import constant
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.expressions.sympy_form import to_sympy
from nsr.network.checkpoint import DEFAULT_CHECKPOINT, Pretrained, from_pretrained
from nsr.ode.candidates import Ask, distinct, ranked, sparse, written
from nsr.ode.combination import combined
from nsr.ode.compiling import compile_ode_kernels
from nsr.ode.fitting import Fitting
from nsr.ode.integrate import Systems
from nsr.ode.neural import by_functions, by_systems
from nsr.ode.noise import with_scatter
from nsr.ode.shooting import Paths, Shot, System
from nsr.ode.trajectories import as_trajectories, moving
from nsr.ode.weak_form import WIDTHS, WeakForm

Array = NDArray[np.float64]
SOURCES = ("systems", "functions", "library", "variation")

# Points of the pieces that systems are first simulated on.
_SEGMENT = 25
_STILL = constant(0.0)


class ODERegressor(BaseEstimator):  # type: ignore[misc]
    """Finds dx/dt = f(x) behind observed trajectories.

    Args:
        time_limit: Seconds after which no new system is tried.
        sources: Where right-hand sides come from: `systems`, the network that knows systems; `functions`, the
            network that knows functions, asked for each derivative; `library`, sparse sums of terms;
            `variation`, small changes of the best systems of the others.
        checkpoint: Name or folder of the network that knows systems.
        function_checkpoint: Name or folder of the network that knows functions.
        n_candidates: Sequences that are sampled from each network, for each component of the second.
        random_state: Seed of the sampling.

    Attributes:
        equations_: The systems that were fitted by shooting as a data frame, the chosen one first, with
            columns `complexity`, `r2` (variance of the observations explained by the simulation, the worst
            state's), `score` (bits saved, on pieces and on the whole) and `equations`.
        systems_: These systems as tuples of `nsr.expressions.expression.Expression`, in the same order.
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
        started = time.monotonic()
        networks = self._networks()
        loading = time.monotonic() - started
        compile_ode_kernels()
        deadline = time.monotonic() + self.time_limit - loading  # compiling does not count
        first = X[0] if isinstance(X, list | tuple) and len(X) else X
        trajectories = with_scatter(as_trajectories(t, X))
        n_states = trajectories[0].states.shape[1]
        self.state_names_ = [
            str(name) for name in getattr(first, "columns", [f"x_{i}" for i in range(n_states)])
        ]
        pieces = [trajectory.segments(_SEGMENT) for trajectory in trajectories]
        whole, loose = Paths(trajectories), Paths(list(itertools.chain.from_iterable(pieces)))
        weak_forms = [WeakForm(trajectories, width) for width in WIDTHS]
        places = written(networks, trajectories, weak_forms, self.n_candidates, self.random_state, deadline)
        if "library" in self.sources:
            more = sparse(n_states, weak_forms, deadline)
            places = [[*own, *others] for own, others in zip(places, more, strict=True)]
        moves = moving(trajectories)
        candidates = [
            (ranked(distinct(place), weak_forms, component) if moves[component] else []) or [_STILL]
            for component, place in enumerate(places)
        ]
        firsts = np.cumsum([0, *(len(own) for own in pieces[:-1])])
        varies = np.flatnonzero(moves).tolist() if "variation" in self.sources else ()
        fitting = Fitting(loose, whole, firsts, weak_forms, candidates, varies)
        fitted = fitting.best(combined(candidates, loose, deadline), deadline)
        self._keep(fitted, whole, moves)
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
            asked.append((by_systems, from_pretrained(self.checkpoint, knows="systems")))
        if "functions" in self.sources:
            asked.append((by_functions, from_pretrained(self.function_checkpoint, knows="functions")))
        return asked

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


def _written(system: System, names: Sequence[str], digits: int | None) -> list[str]:
    return [
        f"d{name}/dt = {to_infix(component, names, digits)}"
        for name, component in zip(names, system, strict=True)
    ]
