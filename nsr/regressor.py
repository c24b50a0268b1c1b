"""`SymbolicRegressor`: y = f(X) as a scikit-learn estimator."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import sympy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from nsr.clock import check_time_limit
from nsr.data.column_units import ordered_units
from nsr.data.guesses import read_guesses
from nsr.data.names import Names, with_text_names
from nsr.data.notes import tell
from nsr.data.preparation import Prepared, prepare
from nsr.data.scaling import Scaler
from nsr.evaluate.program import Program
from nsr.export.latex import to_latex
from nsr.expressions.expression import Expression, constant, variable
from nsr.expressions.printing import to_infix
from nsr.expressions.rewriting import rewritten, tidied, without_idle_abs
from nsr.expressions.simplify import simplify
from nsr.expressions.sympy_form import to_sympy
from nsr.expressions.units import Units
from nsr.network.checkpoint import DEFAULT_CHECKPOINT, Pretrained, from_pretrained
from nsr.network.devices import find_device
from nsr.refinement.selection import (
    LONG,
    Candidate,
    choose,
    description_length,
    is_exact,
    merged,
    pareto_front,
    ranked,
    refitted,
    rescored,
)
from nsr.refinement.snapping import snap
from nsr.refinement.warm_up import warm_up
from nsr.search.engine import STAGES, Search

Array = NDArray[np.float64]

# How many of the best candidates are fitted to all rows, are snapped, and are put in other words.
_N_POLISHED, _N_SNAPPED, _N_REWRITTEN = 40, 12, 6
# Share of the time limit that is kept for that.
_FINISHING_SHARE = 0.1
# Batches that are still searched after an exact answer, as a simpler one may come; and after a long one.
_BATCHES_AFTER, _BATCHES_AFTER_LONG = 8, 30
# Candidates kept at a time.
_MAX_POOL = 2_000


class SymbolicRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Finds equations y = f(X) with a pretrained transformer and refines their constants.

    Args:
        checkpoint: Name of a shipped checkpoint, or a folder.
        n_candidates: Sequences sampled from the network.
        time_limit: Seconds after which no new work is begun; an exact answer ends the search before.
        stages: Stages of the search to use, of `nsr.search.engine.STAGES`; `evolution` alone is plain
            genetic programming. A single name is a single stage.
        guesses: Equations to begin with, such as `a*x_0 + b`, or a single one, in the names of the columns
            where they have names, in quotes or backticks where these are not plain words; any other name
            is a constant to be fitted.
        constant_units: Where units are given: whether constants are `dimensionless`, so that the units
            lead the search, or `free`.
        device: Where the network runs: `auto`, or a device of PyTorch such as `cpu`, `cuda:0` or `mps`.
        random_state: Seed; the same seed gives the same result unless the time limit cuts in.

    Attributes:
        equations_: The Pareto front as a data frame, from simple to accurate, with columns
            `complexity`, `loss` (mean squared error), `r2`, `score` (bits saved over describing the
            target without an equation), `stage` (what found it; empty for constants) and `equation`.
        expressions_: Its equations as `nsr.expressions.expression.Expression`, in the same order.
        best_index_: Row of the chosen equation: the one with the highest score.
        n_features_in_: Number of columns of X.
        feature_names_in_: Names of the columns, where X had names that are text.
        names_: Names of the columns, and the identifiers that stand for them in equations.
    """

    def __init__(
        self,
        checkpoint: str = DEFAULT_CHECKPOINT,
        n_candidates: int = 1024,
        time_limit: float = 30.0,
        stages: str | Sequence[str] = STAGES,
        guesses: str | Sequence[str] = (),
        constant_units: str = "dimensionless",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.checkpoint = checkpoint
        self.n_candidates = n_candidates
        self.time_limit = time_limit
        self.stages = stages
        self.guesses = guesses
        self.constant_units = constant_units
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_units: Mapping[str, str] | Sequence[str] | None = None,
        y_units: str | None = None,
    ) -> SymbolicRegressor:
        """Searches for equations; Ctrl-C ends the search early and keeps the best so far.

        Args:
            X: Variables, shape (n_rows, n_columns), finite.
            y: Target, shape (n_rows,), finite.
            X_units: Unit of each column, such as `m/s`, `kg*m^2` or `1`, as pint reads them, in order or
                by the columns' names. With units only equations that they allow are kept.
            y_units: Unit of the target.

        Returns:
            The fitted estimator.

        Raises:
            ValueError: If the data or the parameters cannot be used; the message says why.
        """
        table, target = validate_data(self, with_text_names(X), y, dtype=np.float64, y_numeric=True)
        target = np.asarray(target, dtype=np.float64)
        names = Names.of_table(X if hasattr(X, "columns") else table)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if self.n_candidates < 1:
            raise ValueError(f"n_candidates must be at least 1, not {self.n_candidates}")
        check_time_limit(self.time_limit)
        if not self._stages or set(self._stages) - set(STAGES):
            raise ValueError(f"stages {self._stages} must be some of {', '.join(STAGES)}")
        given = read_guesses(self.guesses, names)
        units = _parsed(X_units, y_units, names, self.constant_units)
        pretrained = from_pretrained(self.checkpoint, find_device(self.device), knows="functions")
        warm_up()  # which compiles the evaluator in the first fit on a machine; that is not the search's time
        deadline = time.monotonic() + self.time_limit
        data = prepare(table, target, pretrained.config.max_variables, seed, names.columns)
        self.names_ = names
        if data.varies:
            own_units = units.of(data.columns) if units else None
            own_guesses = _over_columns(given, data.columns)
            pool = self._searched(pretrained, data, own_units, own_guesses, seed, deadline)
            finished = _finished(pool, data, seed, deadline)
            candidates = _allowed([*_without_variables(data), *finished], own_units)
        elif np.ptp(data.y) > 0:
            candidates = _without_variables(data)[:1]
        else:
            candidates = [Candidate(constant(float(data.y[0])), 0.0)]
        self._keep_front(candidates, data)
        return self

    def predict(self, X: ArrayLike, index: int | None = None) -> Array:
        """Values of an equation of the front; of the chosen one by default.

        Args:
            X: Variables, shape (n_rows, n_columns).
            index: Row of `equations_`.

        Returns:
            Predictions, shape (n_rows,); NaN where the equation has no value.
        """
        check_is_fitted(self)
        self.names_.check_order(X)
        table = validate_data(self, with_text_names(X), dtype=np.float64, reset=False)
        expression = self.expressions_[self.best_index_ if index is None else index]
        return np.asarray(Program([expression]).values(table)[0], dtype=np.float64)

    @property
    def best_(self) -> pd.Series:
        """The chosen row of `equations_`."""
        check_is_fitted(self)
        return self.equations_.iloc[self.best_index_]

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """An equation of the front as a SymPy expression; the chosen one by default."""
        check_is_fitted(self)
        expression = self.expressions_[self.best_index_ if index is None else index]
        return to_sympy(expression, self._names())

    def latex(self, index: int | None = None) -> str:
        """An equation of the front as LaTeX; the chosen one by default."""
        check_is_fitted(self)
        expression = self.expressions_[self.best_index_ if index is None else index]
        return to_latex(expression, self._names())

    def equations(self, digits: int | None = None) -> list[str]:
        """The front as infix text, with constants of that many digits, or all that are needed."""
        return [to_infix(expression, self._names(), digits) for expression in self.expressions_]

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The leaderboard once fitted, the parameters before."""
        header: str = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "equations_"):
            return header
        shown = self.equations_.assign(equation=self.equations(digits=4))
        shown.insert(0, "", ["*" if i == self.best_index_ else "" for i in range(len(shown))])
        return f"{header}\n{shown.to_string(float_format=lambda value: f'{value:.4g}')}"

    def _searched(
        self,
        pretrained: Pretrained,
        data: Prepared,
        units: Units | None,
        given: list[Expression],
        seed: int,
        deadline: float,
    ) -> list[Candidate]:
        """The best of what the search finds, in the user's units; Ctrl-C ends it once there is something."""
        scaler = Scaler.gentle(data.X, data.y)
        search = Search(
            pretrained,
            data.X / scaler.x_scale,
            data.y / scaler.y_scale,
            self.n_candidates,
            self._stages,
            seed,
            units,
            tuple(scaler.scaled(expression) for expression in given),
        )
        pool: list[Candidate] = []
        try:
            _explore(search, pool, deadline - _FINISHING_SHARE * self.time_limit)
        except KeyboardInterrupt:
            if not pool:
                raise
        best = _pruned(pool, len(search.y), float(np.var(search.y)))
        in_units = [
            replace(c, expression=without_idle_abs(simplify(scaler.undo(c.expression)), data.X)) for c in best
        ]
        return rescored(in_units, data.X, data.y)

    def _keep_front(self, candidates: list[Candidate], data: Prepared) -> None:
        variance = float(np.var(data.y))
        distinct = merged(candidates, data.X, float(np.max(np.abs(data.y))) or 1.0)
        front = pareto_front(distinct, len(data.y), variance)
        back = {used: variable(int(column)) for used, column in enumerate(data.columns)}
        self.expressions_ = [candidate.expression.substitute(back) for candidate in front]
        self.best_index_ = choose(front, len(data.y), variance)
        bits = [description_length(candidate, len(data.y), variance) for candidate in front]
        self.equations_ = pd.DataFrame(
            {
                "complexity": [candidate.complexity for candidate in front],
                "loss": [candidate.loss for candidate in front],
                "r2": [1 - c.loss / variance if variance > 0 else 1.0 for c in front],
                "score": [-value for value in bits],
                "stage": [candidate.stage for candidate in front],
            }
        )
        self.equations_["equation"] = self.equations()

    def _names(self) -> Sequence[str]:
        return self.names_.identifiers

    @property
    def _stages(self) -> tuple[str, ...]:
        return (self.stages,) if isinstance(self.stages, str) else tuple(self.stages)

    def __sklearn_tags__(self) -> Any:
        """Scores on scikit-learn's toy data depend on the checkpoint, which may be tiny."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.non_deterministic = False
        return tags


def _parsed(
    X_units: Mapping[str, str] | Sequence[str] | None,
    y_units: str | None,
    names: Names,
    constants: str,
) -> Units | None:
    """The units of a table, if they were given."""
    if X_units is None and y_units is None:
        return None
    n_columns = len(names.columns)
    if X_units is None or y_units is None or (len(X_units) != n_columns and not isinstance(X_units, Mapping)):
        given = 0 if X_units is None else len(X_units)
        raise ValueError(
            f"units were given for {given} columns and {'the' if y_units else 'no'} target: give X_units for "
            f"all {n_columns} columns ('1' for none) and y_units"
        )
    return Units.parse(ordered_units(X_units, names), y_units, constants)


def _over_columns(given: list[Expression], columns: NDArray[np.intp]) -> list[Expression]:
    """The user's guesses over the columns that are used."""
    places = {int(column): variable(place) for place, column in enumerate(columns)}
    usable = [expression for expression in given if set(expression.variables) <= places.keys()]
    if len(usable) < len(given):
        tell(f"{len(given) - len(usable)} of the guesses need columns that are left out, and are not used")
    return [expression.substitute(places) for expression in usable]


def _allowed(candidates: list[Candidate], units: Units | None) -> list[Candidate]:
    """The candidates that the units allow; all of them, with a warning, if that is none."""
    if units is None:
        return candidates
    allowed = [candidate for candidate in candidates if units.allow(candidate.expression)]
    if not allowed:
        tell("no equation with the given units was found: the best one shown is without regard to them")
    return allowed or candidates


def _explore(search: Search, pool: list[Candidate], deadline: float) -> None:
    """Runs a search; good candidates are added to the pool as they come."""
    variance = float(np.var(search.y))
    shortest, n_after = math.inf, 0
    for found in search.run(deadline):
        pool += found
        if len(pool) > _MAX_POOL:
            pool[:] = _pruned(pool, len(search.y), variance)
        exact = (candidate.complexity for candidate in found if is_exact(candidate, variance))
        shortest = min(shortest, *exact, math.inf)
        n_after += shortest < math.inf
        if n_after >= (_BATCHES_AFTER if shortest <= LONG else _BATCHES_AFTER_LONG):
            break


def _pruned(pool: list[Candidate], n_points: int, variance: float) -> list[Candidate]:
    """The candidates that may still matter: the Pareto front and those of shortest description."""
    best = ranked(pool, n_points, variance)[: _MAX_POOL // 4]
    return list(dict.fromkeys((*pareto_front(pool, n_points, variance), *best)))


def _without_variables(data: Prepared) -> list[Candidate]:
    """The mean of the target, and the round value that it may stand for."""
    mean = Candidate(constant(float(np.mean(data.y))), float(np.var(data.y)))
    snapped = snap(mean, data.X, data.y)
    return [mean] if snapped is None else [mean, snapped]


def _finished(pool: list[Candidate], data: Prepared, seed: int, deadline: float) -> list[Candidate]:
    """The pool with the best of it polished and snapped as well; Ctrl-C leaves it as it is."""
    variance = float(np.var(data.y))
    finished = list(pool)
    try:
        if not any(is_exact(candidate, variance) for candidate in pool):
            finished += _polished(finished, data, seed, deadline)
        finished += _snapped(finished, data, deadline)
    except KeyboardInterrupt:
        pass
    return finished


def _polished(pool: list[Candidate], data: Prepared, seed: int, deadline: float) -> list[Candidate]:
    """The best candidates with their constants fitted to all rows, as the search fits them to some."""
    best = ranked(pool, len(data.y), float(np.var(data.y)))[:_N_POLISHED]
    stages = {candidate.expression.skeleton(): candidate.stage for candidate in best}
    expressions = [candidate.expression for candidate in best]
    found = refitted(expressions, data.X, data.y, restarts=1, max_iterations=20, seed=seed, deadline=deadline)
    return [Candidate(simplify(c.expression), c.loss, stages.get(c.expression.skeleton(), "")) for c in found]


def _snapped(pool: list[Candidate], data: Prepared, deadline: float) -> list[Candidate]:
    """The best candidates in other words and with round constants; as many as there is time for."""
    variance = float(np.var(data.y))
    best = ranked(pool, len(data.y), variance)[:_N_SNAPPED]
    exact = [c for c in best if is_exact(c, variance)]
    forms: list[Candidate] = []
    for place, candidate in enumerate(exact[:_N_REWRITTEN] or best):
        if forms and time.monotonic() > deadline:
            break
        others = rewritten(candidate.expression) if place < _N_REWRITTEN else []
        for form in (candidate.expression, *others):
            forms.append(replace(candidate, expression=form))
            snapped = snap(forms[-1], data.X, data.y, deadline)
            if snapped is not None:
                forms.append(replace(candidate, expression=tidied(snapped.expression)))
    return rescored(forms, data.X, data.y)
