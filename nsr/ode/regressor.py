"""The scikit-learn style estimator for dynamical systems: trajectories in, equations of motion out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_random_state

from nsr.clock import Clock, check_time_limit
from nsr.data.limits import limits_of
from nsr.data.missing import check_way
from nsr.data.names import Names, places_of
from nsr.data.notes import kept_notes, tell
from nsr.export.leaderboard import leaderboard
from nsr.export.rows import ExportedRows
from nsr.expressions.expression import Expression, variable
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.live import shown
from nsr.network.checkpoint import DEFAULT_CHECKPOINT
from nsr.network.devices import check_device
from nsr.ode.compiling import compile_ode_kernels
from nsr.ode.missing import without_missing
from nsr.ode.neural import Networks
from nsr.ode.paths import System
from nsr.ode.printing import to_equations
from nsr.ode.search import FoundSystem, SystemSearch, Watch
from nsr.ode.settings import DEFAULTS, OdeSettings
from nsr.ode.simulation import simulate
from nsr.ode.stages import STAGES
from nsr.ode.task import OdeTask
from nsr.ode.telling import Telling
from nsr.ode.trajectories import is_several
from nsr.progress import Stopped, Watcher, check_callback, watchers
from nsr.refinement.selection import thinned
from nsr.saving.rows import place_of_row
from nsr.saving.saveable import Saveable
from nsr.saving.systems import KIND, plain_systems
from nsr.stopping import StopWhen

Array = NDArray[np.float64]

# Seconds for a last look at what an interrupted search has found.
_AFTER_INTERRUPTION = 0.5
# Share of a state's variance that a system may leave unexplained before the user is told.
_MOST_UNEXPLAINED = 0.5
# Systems of which `candidates_` tells.
_MOST_FOUND = 500
# Digits of constants in what is shown.
_DIGITS = 4


class ODERegressor(ExportedRows, Saveable, BaseEstimator):  # type: ignore[misc]
    """Finds dx/dt = f(x) behind observed trajectories.

    Args:
        checkpoint: Name or folder of the network that knows systems.
        function_checkpoint: Name or folder of the network that knows functions.
        n_candidates: Sequences that are sampled from each network, for each component of the second.
        time_limit: Seconds after which no new system is tried; a short system that is exact ends the search
            before.
        stages: Where right-hand sides come from, of `nsr.ode.stages.STAGES`: `library`, sparse sums of terms;
            `systems`, the network that knows systems; `functions`, the network that knows functions, asked
            for each derivative; `variation`, small changes of the best systems of the others.
        settings: Effort and preferences of the search.
        device: Where the networks run: `auto`, or a device of PyTorch such as `cpu`, `cuda:0` or `mps`.
        n_equations: Rows of the front at most.
        random_state: Seed; what is done depends on the data and the seed alone, and the time limit only ends
            it. So a search that ends by itself gives the same front again, on the same machine and with as
            many cores for it.
        operators: Which operators a right-hand side may have; this and the following as
            `nsr.SymbolicRegressor` takes them. A constant is always allowed.
        without: Which operators it may not have.
        max_complexity: Largest complexity of a right-hand side.
        max_depth: Its levels at most.
        max_constants: Its constants at most.
        exponents: Exponents that its powers may have.
        nesting: How often an operator may stand in the argument of another one.
        verbose: Whether to show the front so far, as `nsr.SymbolicRegressor` does.
        callback: Is called with an `nsr.progress.Progress` whenever there is a new best system; what it
            returns, if it is true, ends the search with the best so far.
        stop_when: When the best system is good enough to end the search: `exact`, or a mapping of `r2` (of
            the worst state, at least) and `complexity` (of all components, at most).
        warm_start: Whether a further fit, of the same states, begins with the systems of the one before.
        missing: What to do about missing states, NaN in X: `error` refuses them, `drop` leaves out the times
            at which one is missing, and `impute` interpolates between the times before and after.

    Attributes:
        equations_: The Pareto front of systems as a data frame, from simple to accurate, with columns
            `complexity`, `loss` (mean squared error of the simulation in units of each state's variance),
            `r2` (variance that the simulation explains, the worst state's), `score` (bits saved, on pieces
            and on the whole), `stage` (what found the components; empty for constants) and `equation` (all of
            a system's).
        expressions_: These systems as tuples of `nsr.expressions.expression.Expression`, in the same order.
        best_index_: Row of the chosen system: the one with the highest score.
        initial_values_: Initial values of each trajectory that fit the chosen system best.
        n_features_in_: Number of states.
        feature_names_in_: Names of the states, where the observations had names that are text.
        names_: Names of the states, and the identifiers that stand for them in equations.
        time_name_: Name of the times; `t` where they came without one.
        warnings_: What the fit has warned of.
    """

    def __init__(
        self,
        *,
        checkpoint: str = "nsr-ode",
        function_checkpoint: str = DEFAULT_CHECKPOINT,
        n_candidates: int = 256,
        time_limit: float = 10.0,
        stages: str | Sequence[str] = tuple(STAGES),
        settings: OdeSettings | None = None,
        device: str = "auto",
        n_equations: int = 12,
        random_state: int | np.random.RandomState | None = 0,
        operators: str | Sequence[str] | None = None,
        without: str | Sequence[str] = (),
        max_complexity: float | None = None,
        max_depth: int | None = None,
        max_constants: int | None = None,
        exponents: Iterable[float] | None = None,
        nesting: Mapping[str, Mapping[str, int]] | None = None,
        verbose: bool = False,
        callback: Watcher | None = None,
        stop_when: str | Mapping[str, float] | None = None,
        warm_start: bool = False,
        missing: str = "error",
    ) -> None:
        self.checkpoint = checkpoint
        self.function_checkpoint = function_checkpoint
        self.n_candidates = n_candidates
        self.time_limit = time_limit
        self.stages = stages
        self.settings = settings
        self.device = device
        self.n_equations = n_equations
        self.random_state = random_state
        self.operators = operators
        self.without = without
        self.max_complexity = max_complexity
        self.max_depth = max_depth
        self.max_constants = max_constants
        self.exponents = exponents
        self.nesting = nesting
        self.verbose = verbose
        self.callback = callback
        self.stop_when = stop_when
        self.warm_start = warm_start
        self.missing = missing

    def fit(self, t: ArrayLike | Sequence[ArrayLike], X: ArrayLike | Sequence[ArrayLike]) -> ODERegressor:
        """Searches for systems; Ctrl-C ends the search early and keeps the best so far.

        Args:
            t: Times, shape (T,), or one such array for each trajectory.
            X: States, shape (T, D), as an array or a data frame, or one such table for each trajectory.

        Returns:
            The fitted estimator.

        Raises:
            ValueError: If the observations or the parameters cannot be used; the message says why.
            KeyboardInterrupt: If Ctrl-C comes before anything was found. The estimator is as it was before.

        Warns:
            DataWarning: If the chosen system explains less than half of the variance of a state.
        """
        with kept_notes() as notes, shown(self.verbose) as display:
            self._fit(t, X, display)
        self.warnings_ = notes
        return self

    def _fit(
        self,
        t: ArrayLike | Sequence[ArrayLike],
        X: ArrayLike | Sequence[ArrayLike],
        display: Watcher | None,
    ) -> None:
        self._check_parameters()
        t, X = without_missing(t, X, self.missing)
        networks = Networks(self.checkpoint, self.function_checkpoint, self.n_candidates, self.device)
        stages = {name: make(networks) for name, make in STAGES.items() if name in self._stages}
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        compile_ode_kernels()  # in the first fit on a machine, which is not the search's time
        clock = Clock.of(self.time_limit)
        task = OdeTask.of(t, X, self.settings or DEFAULTS, seed)
        names = _names(X, task.n_states)
        task = replace(task, space=limits_of(self, names).space)
        search = SystemSearch(task, stages, self._watch(names, display))
        try:
            search.run(clock, self._starts(names))
        except (KeyboardInterrupt, Stopped) as stop:
            if search.is_empty and isinstance(stop, KeyboardInterrupt):
                raise KeyboardInterrupt("interrupted before any system was found") from None
            clock = Clock.of(_AFTER_INTERRUPTION)
        try:
            found, best = search.found(clock)
        except KeyboardInterrupt:
            found, best = search.found(Clock.of(0))
        kept = thinned(found, best, self.n_equations)
        self._keep([found[place] for place in kept], kept.index(best), X, task.n_states)
        self._found = search.everything[:_MOST_FOUND]
        self.time_name_ = _name_of_time(t)
        self._tell_unexplained(found[best].fitted.unexplained)

    def predict(self, t: ArrayLike, x0: ArrayLike, index: int | None = None) -> Array:
        """Simulates a system; the chosen one by default.

        Args:
            t: Times in any order, shape (T,).
            x0: Initial values, those of the earliest time, shape (D,).
            index: Row of `equations_`.

        Returns:
            States at the times as they were given, shape (T, D); NaN, with a warning that says why, after the
            solution has gone to infinity or left the domain of its equations.

        Raises:
            ValueError: If times or initial values cannot be used.
        """
        system = self._system(index)
        initial, times = np.asarray(x0, dtype=np.float64).ravel(), np.asarray(t, dtype=np.float64)
        if len(initial) != len(system):
            raise ValueError(f"{len(system)} initial values are needed, not {len(initial)}")
        if times.ndim != 1 or not (np.all(np.isfinite(times)) and np.all(np.isfinite(initial))):
            raise ValueError("times must be one row of finite numbers, and initial values finite")
        return simulate(system, times, initial) if len(times) else np.empty((0, len(system)))

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

    def equations(self, digits: int | None = None) -> list[str]:
        """The front as infix text, with constants of that many digits, or all that are needed."""
        check_is_fitted(self)
        return [_text(system, self.names_.identifiers, digits) for system in self.expressions_]

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The leaderboard once fitted, the parameters before."""
        header: str = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "equations_"):
            return header
        return f"{header}\n{leaderboard(self.equations_, self.equations(_DIGITS), self.best_index_)}"

    @property
    def candidates_(self) -> pd.DataFrame:
        """The best few hundred systems that were fitted, not the front alone, the best first.

        Columns are `equation`, `complexity`, `loss`, `bits` (those that describing the observations takes;
        the fewer the better) and `stage`; see `equations_`.

        Raises:
            AttributeError: If the estimator was read from a file, which holds the front only.
        """
        check_is_fitted(self)
        if not hasattr(self, "_found"):
            raise AttributeError("result files hold the front only: fit again to have all candidates")
        names = self.names_.identifiers
        return pd.DataFrame(
            {
                "equation": [_text(one.system, names, None) for one in self._found],
                "complexity": [one.complexity for one in self._found],
                "loss": [one.loss for one in self._found],
                "bits": [one.fitted.bits for one in self._found],
                "stage": [one.stage for one in self._found],
            }
        )

    def row(self, index: int | None = None) -> int:
        """The number of a row of `equations_`, from 0: the chosen one by default; negative ones from the end.

        Raises:
            ValueError: If there is no such row.
        """
        check_is_fitted(self)
        return place_of_row(index, self.best_index_, len(self.expressions_))

    def _plain(self) -> tuple[str, dict[str, Any]]:
        return KIND, plain_systems(self)

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        system = self._system(index)
        if is_shown:
            names = self.names_.identifiers
            system = tuple(parse(to_infix(one, names, _DIGITS), names) for one in system)
        return list(zip(self.names_.identifiers, system, strict=True))

    def _system(self, index: int | None) -> System:
        return self.expressions_[self.row(index)]

    def _check_parameters(self) -> None:
        if not self._stages or set(self._stages) - set(STAGES):
            raise ValueError(f"stages {self._stages} must be some of {', '.join(STAGES)}")
        check_time_limit(self.time_limit)
        if self.n_candidates < 1:
            raise ValueError(f"n_candidates must be at least 1, not {self.n_candidates}")
        if self.n_equations < 1:
            raise ValueError(f"n_equations must be at least 1, not {self.n_equations}")
        check_device(self.device)
        check_way(self.missing)
        StopWhen.of(self.stop_when)
        check_callback(self.callback)

    def _watch(self, names: Names, display: Watcher | None) -> Watch | None:
        watcher, stop_when = watchers(self.callback, display), StopWhen.of(self.stop_when)
        if watcher is None and stop_when is None:
            return None
        return Telling(watcher, stop_when, names, self.time_limit, time.monotonic())

    def _starts(self, names: Names) -> list[System]:
        """What a fit before has found, the best first, in the order of the states of this one."""
        if not (self.warm_start and hasattr(self, "equations_")):
            return []
        places = places_of(*(Names(one.identifiers, one.identifiers) for one in (self.names_, names)))
        by_score = np.argsort(-self.equations_["score"].to_numpy(), kind="stable")
        moved = {old: variable(new) for old, new in places.items()}
        systems = ([one.substitute(moved) for one in self.expressions_[place]] for place in by_score)
        return [tuple(own[old] for old in sorted(places, key=places.__getitem__)) for own in systems]

    @property
    def _stages(self) -> tuple[str, ...]:
        return (self.stages,) if isinstance(self.stages, str) else tuple(self.stages)

    def _tell_unexplained(self, unexplained: Array) -> None:
        """Tells the user where the chosen system is no answer."""
        names = [
            name for name, u in zip(self.names_.columns, unexplained, strict=True) if u > _MOST_UNEXPLAINED
        ]
        if names:
            tell(
                f"the simulation of the best system explains less than half of the variance of "
                f"{', '.join(names)}: give the search more time with time_limit, or observe more often or "
                "more states; where motion is chaotic the equations may be right all the same"
            )

    def _keep(self, found: list[FoundSystem], best: int, X: Any, n_states: int) -> None:
        """Sets all fitted attributes at once, so that a fit that fails changes none."""
        columns = _columns(X)
        self.names_ = _names(X, n_states)
        self.n_features_in_ = n_states
        if columns and all(isinstance(column, str) for column in columns):
            self.feature_names_in_ = np.array(columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.expressions_ = [one.system for one in found]
        self.best_index_ = best
        self.initial_values_ = list(found[best].fitted.initials)
        self.equations_ = pd.DataFrame(
            {
                "complexity": [one.complexity for one in found],
                "loss": [one.loss for one in found],
                "r2": [1 - float(np.max(one.fitted.unexplained)) for one in found],
                "score": [-one.fitted.bits for one in found],
                "stage": [one.stage for one in found],
            }
        )
        self.equations_["equation"] = self.equations()


def _name_of_time(t: Any) -> str:
    """What a series calls its times; `t` where it says nothing."""
    name = getattr(t[0] if is_several(t) else t, "name", None)
    return "t" if name is None else str(name)


def _columns(X: Any) -> list[Any]:
    """Names of the columns of data frames; none of arrays."""
    return list(getattr(X[0] if is_several(X) else X, "columns", []))


def _names(X: Any, n_states: int) -> Names:
    return Names.of(_columns(X) or [f"x_{i}" for i in range(n_states)])


def _text(system: System, names: Sequence[str], digits: int | None) -> str:
    return "; ".join(to_equations(system, names, digits))
