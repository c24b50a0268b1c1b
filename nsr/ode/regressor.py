"""The scikit-learn style estimator for dynamical systems: trajectories in, equations of motion out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from nsr.clock import Clock
from nsr.data.notes import kept_notes, quiet_arithmetic
from nsr.export.latex import symbol_latex
from nsr.export.rows import ExportedRows
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.fitted_systems import DIGITS
from nsr.live import shown
from nsr.network.checkpoint import DEFAULT_CHECKPOINT
from nsr.ode.asked import Asked, check_parameters, starts_of
from nsr.ode.by_category import CategorySearch
from nsr.ode.compiling import compile_ode_kernels
from nsr.ode.doubts import tell_doubts
from nsr.ode.fitted import FittedMotion
from nsr.ode.motion import System
from nsr.ode.neural import Networks
from nsr.ode.printing import to_equations
from nsr.ode.search import FoundSystem, SystemSearch, Watch
from nsr.ode.settings import OdeSettings
from nsr.ode.stages import STAGES
from nsr.ode.telling import Telling
from nsr.ode.totals import FIND_SUMS
from nsr.ode.uncertainty import uncertain, unknown
from nsr.progress import Stopped, Watcher, watchers
from nsr.refinement.selection import thinned
from nsr.saving.saveable import Saveable
from nsr.saving.systems import KIND, plain_systems
from nsr.stopping import StopWhen

Array = NDArray[np.float64]

# Seconds for a last look at what an interrupted search has found.
_AFTER_INTERRUPTION = 0.5
# Systems of which `candidates_` tells.
_MOST_FOUND = 500


class ODERegressor(ExportedRows, Saveable, FittedMotion):
    """Finds dx/dt = f(x) behind observed trajectories, or other equations of motion.

    Args:
        checkpoint: Name or folder of the network that knows systems.
        function_checkpoint: Name or folder of the network that knows functions.
        n_candidates: Sequences that are sampled from each network, for each component of the second.
        time_limit: Seconds after which no new system is tried; a short system that is exact ends the search
            before.
        stages: Where right-hand sides come from, of `nsr.ode.stages.STAGES`: `derivatives`, what is exact
            in derivatives that observations without noise know to many digits; `library`, sparse sums of
            terms; `curves`, sums with functions that have constants inside; `systems`, the network that knows
            systems; `functions`, the network that knows functions, asked for each derivative; `variation`,
            small changes of the best systems of the others.
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
        order: Of the derivative that the equations give: with 2, d2x/dt2 = f(x, dx/dt), of which positions
            alone are observed.
        discrete: Whether the system is a map, x[k+1] = f(x[k]); times then count steps.
        explicit_time: Whether the time may stand in the equations, too.
        hold_inputs: Whether inputs stay what they are from one observation to the next. By default they
            follow straight lines, or a curve where it predicts them clearly better.
        missing: What to do about missing states, NaN in X: `error` refuses them, `drop` leaves out the times
            at which one is missing, and `impute` interpolates between the times before and after, for the
            search to begin with; constants are fitted to what was observed.
        known: What is known of right-hand sides, such as `dS/dt = P - f(S)`: numbers stay as they are, other
            names that are no variables are constants to be fitted, and functions that no operator has the
            name of are to be found, of the variables in their parentheses; each stands alone or is multiplied
            by what is known.
        conserved: Weighted sums of states that stay constant, such as `S + I + R`: all systems keep them, as
            some right-hand sides follow from the others. With `auto` totals that stay constant as far as the
            observations say are found and told; with `none` systems need not keep any.
        constant_units: With units, whether constants are `free` to have any, as rates have, or
            `dimensionless`.

    Attributes:
        equations_: The Pareto front of systems as a data frame, from simple to accurate, with columns
            `complexity`, `loss` (mean squared error of the simulation in units of each state's variance),
            `r2` (variance that the simulation explains, the worst state's), `score` (bits saved, on the
            whole or on pieces), `stage` (what found the components; empty for constants) and `equation` (all
            of a system's).
        expressions_: These systems as tuples of `nsr.expressions.expression.Expression`, in the same order.
        best_index_: Row of the chosen system: the one with the highest score.
        constants_: The fitted constants of the chosen system as a data frame with columns `state` (whose
            equation it is in), `name` (`c0`, `c1`, ... in the order in which the equation has them),
            `value`, `error` (standard error), `low` and `high` (95 % interval by Student's t). Equations that
            follow from others, as sums stay constant, have the constants of these and no rows. What the
            observations leave open has infinite errors; round constants, which belong to the form, are not
            among them, and none is of a system that is exact.
        constant_covariance_: Covariance of all constants of the chosen system, in the order in which its
            equations have them, shape (K, K): 0 for round ones, infinite for what is left open.
        initial_values_: Initial values of each trajectory that fit the chosen system best; with order 2 those
            of velocities follow.
        n_features_in_: Number of states.
        feature_names_in_: Names of the states, where the observations had names that are text.
        names_: Names of all variables of the equations, the states' first, and the identifiers that stand for
            them; velocities, inputs and the time follow, where there are any.
        motion_: What the equations say, as `nsr.ode.motion.Motion`.
        time_name_: Name of the times; `t` where they came without one.
        groups_: Labels of the groups of trajectories; empty where there are none.
        category_name_: What the user calls what tells them apart; empty where that has no name.
        conserved_: Sums of states that stay constant in every system, as text.
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
        order: int = 1,
        discrete: bool = False,
        explicit_time: bool = False,
        hold_inputs: bool = False,
        missing: str = "error",
        known: str | Sequence[str] = (),
        conserved: str | Sequence[str] = FIND_SUMS,
        constant_units: str = "free",
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
        self.order = order
        self.discrete = discrete
        self.explicit_time = explicit_time
        self.hold_inputs = hold_inputs
        self.missing = missing
        self.known = known
        self.conserved = conserved
        self.constant_units = constant_units

    def fit(
        self,
        t: ArrayLike | Sequence[ArrayLike],
        X: ArrayLike | Sequence[ArrayLike],
        inputs: ArrayLike | Sequence[ArrayLike] | None = None,
        category: Iterable[object] | None = None,
        weights: ArrayLike | Sequence[ArrayLike] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> ODERegressor:
        """Searches for systems; Ctrl-C ends the search early and keeps the best so far.

        Args:
            t: Times, shape (T,), or one such array for each trajectory.
            X: States, shape (T, D), as an array or a data frame, or one such table for each trajectory.
            inputs: What acts on the system and is not changed by it, at the same times, shape (T, M), or one
                such table for each trajectory.
            category: A label for each trajectory: those of one group have one law with one set of constants,
                and constants may differ from group to group. Equations then have an indicator of each group,
                such as `is_a`, which is 1 there and 0 elsewhere.
            weights: How much observations count where systems are fitted and compared, one over the square of
                their error: of each time, shape (T,), or of each state at each time, shape (T, D); or one
                such array for each trajectory. What has a weight of 0 is left out.
            units: Units such as `m/s`, or `1`, by the names of the time, the states and the inputs, as in
                `{"t": "s", "x": "m"}`: right-hand sides then have those of their states over that of the
                time.

        Returns:
            The fitted estimator.

        Raises:
            ValueError: If the observations or the parameters cannot be used; the message says why.
            KeyboardInterrupt: If Ctrl-C comes before anything was found. The estimator is as it was before.

        Warns:
            DataWarning: If the states do not say how they go on, so that something else must act on them, or
                if the chosen system explains them poorly. The message names what may help.
        """
        with kept_notes() as notes, quiet_arithmetic(), shown(self.verbose) as display:
            self._fit((t, X, inputs, category, weights, units), display)
        self.warnings_ = notes
        return self

    def _fit(self, given: tuple[Any, ...], display: Watcher | None) -> None:
        check_parameters(self)
        networks = Networks(self.checkpoint, self.function_checkpoint, self.n_candidates, self.device)
        stages = {name: make(networks) for name, make in STAGES.items() if name in self._stages}
        compile_ode_kernels()  # in the first fit on a machine, which is not the search's time
        clock = Clock.of(self.time_limit)
        asked = Asked.of(self, *given)
        watch = self._watch(asked, display)
        search = SystemSearch(asked.task, stages, watch)
        if asked.groups is not None:
            search = CategorySearch(asked.tasks_of_groups, asked.task, stages, watch)
        try:
            search.run(clock, starts_of(self, asked))
        except (KeyboardInterrupt, Stopped) as stop:
            if search.is_empty and isinstance(stop, KeyboardInterrupt):
                raise KeyboardInterrupt("interrupted before any system was found") from None
            clock = Clock.of(_AFTER_INTERRUPTION)
        try:
            found, best = search.found(clock)
        except KeyboardInterrupt:
            found, best = search.found(Clock.of(0))
        kept = thinned(found, best, self.n_equations)
        self._keep([found[place] for place in kept], kept.index(best), asked)
        self._found = search.everything[:_MOST_FOUND]
        with contextlib.suppress(KeyboardInterrupt):  # what was found is kept already
            states = asked.names.columns[: asked.task.n_states]
            tell_doubts(asked.task, found[best], search.baseline.unexplained_on_pieces, states)

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
        return pd.DataFrame(
            {
                "equation": [self._text(one.system, None) for one in self._found],
                "complexity": [one.complexity for one in self._found],
                "loss": [one.loss for one in self._found],
                "bits": [one.fitted.bits for one in self._found],
                "stage": [one.stage for one in self._found],
            }
        )

    def _plain(self) -> tuple[str, dict[str, Any]]:
        return KIND, plain_systems(self)

    def _parts(self, index: int | None, is_shown: bool = False) -> list[tuple[str, Expression]]:
        system = self._system(index)
        if is_shown:
            names = self.names_.identifiers
            system = tuple(parse(to_infix(one, names, DIGITS), names) for one in system)
        return list(zip(self.names_.identifiers, system, strict=False))

    def _left(self, state: str, is_latex: bool = False) -> str:
        return self.motion_.left_latex(symbol_latex(state)) if is_latex else self.motion_.left(state)

    def _function(self, state: str) -> str:
        return self.motion_.function(state)

    def _text(self, system: System, digits: int | None) -> str:
        return "; ".join(to_equations(system, self.names_.identifiers, digits, self.motion_))

    def _system(self, index: int | None) -> System:
        return self.expressions_[self.row(index)]

    def _watch(self, asked: Asked, display: Watcher | None) -> Watch | None:
        watcher, stop_when = watchers(self.callback, display), StopWhen.of(self.stop_when)
        if watcher is None and stop_when is None:
            return None
        motion = asked.task.motion
        return Telling(watcher, stop_when, asked.names, motion, self.time_limit, time.monotonic())

    @property
    def _stages(self) -> tuple[str, ...]:
        return (self.stages,) if isinstance(self.stages, str) else tuple(self.stages)

    def _keep(self, found: list[FoundSystem], best: int, asked: Asked) -> None:
        """Sets all fitted attributes at once, so that a fit that fails changes none."""
        states = asked.names.identifiers[: asked.task.n_states]
        try:
            sure = uncertain(found[best].system, found[best].fitted, asked.task, states)
        except KeyboardInterrupt:
            sure = unknown(found[best].system)
        self.names_, self.motion_, self.time_name_ = asked.names, asked.task.motion, asked.time_name
        self.groups_ = () if asked.groups is None else asked.groups.labels
        self.category_name_ = "" if asked.groups is None else asked.groups.name
        self.conserved_ = asked.written_sums
        self.n_features_in_ = asked.task.n_states
        if asked.columns and all(isinstance(column, str) for column in asked.columns):
            self.feature_names_in_ = np.array(asked.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.expressions_ = [one.system for one in found]
        self.best_index_ = best
        initials, firsts = found[best].fitted.initials, asked.task.first_excerpts
        self.initial_values_ = list(initials if firsts is None else initials[firsts])
        self.constants_, self.constant_covariance_ = sure.table, sure.covariance
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
