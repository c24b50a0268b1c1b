"""Coverage of intervals: `python -m eval.coverage` fits noisy generated problems and counts what lies inside.

Most problems are fitted in their true form, as if the search had found it, which tells whether linearised
intervals keep their promise: 95 % of true constants, of true values and of new observations should lie
within. For some, which are short enough to be found soon, the whole search runs, and those are counted whose
chosen equation has the true form, in these or other words: choosing among forms and rounding constants may
cost coverage. An equation that has a constant more than the truth, such as an exponent for a square, is
another form: it is chosen where the noise speaks against the truth.

Problems come from the generator of the development suites, with constants drawn anew so that none is round;
no benchmark's skeleton is among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from eval.generated import draw
from eval.records import write_rows
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.rewriting import without_redundant_constants
from nsr.problems.problem import Problem, sample
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.naming import as_written
from nsr.refinement.uncertainty import Uncertainty, most_likely, uncertainty
from nsr.regressor import SymbolicRegressor
from nsr.task import Task

Array = NDArray[np.float64]

_SEED = 0x636F766572
# Rows and noise (relative to the target's spread) of problems that are fitted, and that are searched.
_FITTED = tuple((rows, noise) for rows in (12, 30, 100, 500) for noise in (0.01, 0.05, 0.2))
_SEARCHED = tuple((rows, noise) for rows in (100, 500) for noise in (0.01, 0.05))
# Tokens of a problem for which the search runs.
_SHORT = 12
_N_FRESH = 200
_LEVEL = 0.95


@dataclass(frozen=True)
class Trial:
    """Noisy data of a problem.

    Attributes:
        problem: The truth.
        rows: How many.
        noise: Standard deviation of the noise relative to that of the target.
        seed: Of everything that is drawn.
    """

    problem: Problem
    rows: int
    noise: float
    seed: int

    def data(self) -> tuple[Array, Array]:
        """Rows to fit."""
        X, clean = sample(self.problem, self.rows, self.seed)
        return X, clean + self._errors(self.rows, 1)

    def fresh(self) -> tuple[Array, Array, Array]:
        """New rows: variables, true values and observations."""
        X, clean = sample(self.problem, _N_FRESH, self.seed + 1)
        return X, clean, clean + self._errors(_N_FRESH, 2)

    def _errors(self, n: int, stream: int) -> Array:
        _, clean = sample(self.problem, 1000, self.seed + 2)
        drawn = np.random.default_rng((self.seed, stream)).standard_normal(n)
        return np.asarray(self.noise * np.std(clean) * drawn)


@dataclass
class Coverage:
    """What was counted, by kind.

    Attributes:
        inside: How many lay in their intervals.
        total: How many there were.
    """

    inside: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str, is_inside: NDArray[np.bool_]) -> None:
        """Counts some of a kind, shape (n,)."""
        self.inside[kind] += int(np.sum(is_inside))
        self.total[kind] += len(is_inside)

    def add_constants(self, found: Uncertainty, true: Array) -> None:
        """Counts the fitted constants of an equation against their true values, shape (K,)."""
        low, high = found.intervals(_LEVEL).T
        is_known = np.isfinite(found.errors)
        self.count("constants", ((low <= true) & (true <= high))[is_known])
        self.count("constants that the data leave open", ~is_known)

    def add_values(self, found: Uncertainty, form: Expression, X: Array, true: Array) -> None:
        """Counts the most likely values of a fitted form on rows X, shape (P, D), against true ones, (P,)."""
        off = Program([found.with_values(form)]).values(X)[0] - true
        self.count("values", np.abs(off) <= found.quantile(_LEVEL) * found.of_mean(form, X))


def trials(settings: tuple[tuple[int, float], ...], longest: int | None = None) -> Iterator[Trial]:
    """Endless trials, each of a form of its own, with rows and noise in turns.

    Args:
        settings: Rows and noise.
        longest: Tokens that a form has at most; any number by default.
    """
    rng = np.random.default_rng(_SEED)
    number = 0
    for drawn in draw(_SEED):
        problem = with_arbitrary_constants(drawn, rng)
        rows, noise = settings[number % len(settings)]
        if problem is None or (longest is not None and len(problem.expression) > longest):
            continue
        if 3 * len(problem.expression.constants) <= rows:
            number += 1
            yield Trial(problem, rows, noise, number)


def with_arbitrary_constants(problem: Problem, rng: np.random.Generator) -> Problem | None:
    """The problem with factors before it and before its variables, its constants moved.

    Those factors that change nothing that others do not are left out. None where the rest has no value
    somewhere, or hardly varies but for a pole.
    """
    scaled = {
        place: apply("mul", constant(rng.uniform(0.7, 1.4)), variable(place))
        for place in problem.expression.variables
    }
    scaled_problem = apply("mul", constant(rng.uniform(0.5, 3)), problem.expression.substitute(scaled))
    form = without_redundant_constants(scaled_problem)
    moved = [value * rng.uniform(0.8, 1.25) for value in form.constants]
    changed = replace(problem, expression=form.with_constants(moved))
    X, _ = sample(problem, 1000, 0)
    values = Program([changed.expression]).values(X)[0]
    is_usable = np.all(np.isfinite(values)) and np.max(np.abs(values - np.median(values))) < 20 * np.std(
        values
    )
    return changed if is_usable else None


def fit_true_form(trial: Trial, coverage: Coverage) -> None:
    """Fits a problem in its true form and counts."""
    truth = trial.problem.expression
    task = Task(*trial.data(), SQUARED_ERROR)
    places = np.arange(len(truth.constants))
    own = most_likely(truth, task, places)
    found = uncertainty(own, task, places)
    if found is None:
        return
    coverage.add_constants(found, np.array(truth.constants))
    X, clean, observed = trial.fresh()
    coverage.add_values(found, own, X, clean)
    off = Program([own]).values(X)[0]
    coverage.count("observations", np.abs(off - observed) <= found.reach_of_observation(own, X, _LEVEL))


def search(trial: Trial, coverage: Coverage, time_limit: float) -> bool:
    """Searches for a problem's equation; counts if it has the true form, and says whether it does."""
    X, y = trial.data()
    model = SymbolicRegressor(time_limit=time_limit).fit(X, y)
    chosen, report = model.expressions_[model.best_index_], model.reports_[model.best_index_]
    places = np.arange(len(chosen.constants))
    task = Task(X, y, SQUARED_ERROR)
    truth = as_written(chosen, trial.problem.expression, task, places)
    if (
        truth is None
        or report.fit is None
        or _n_fixed(chosen, task) != _n_fixed(trial.problem.expression, task)
    ):
        return False
    coverage.add_constants(report.fit, truth[report.fit.places])
    coverage.count("rounded constants", np.isin(places, report.fit.places, invert=True))
    X, clean, observed = trial.fresh()
    coverage.add_values(report.fit, chosen, X, clean)
    _, bounds = model.predict(X, interval=_LEVEL)
    coverage.count("observations", (bounds[:, 0] <= observed) & (observed <= bounds[:, 1]))
    return True


def _n_fixed(expression: Expression, task: Task) -> int:
    """How many directions of all of its constants the data fix."""
    known = uncertainty(expression, task, np.arange(len(expression.constants)))
    return -1 if known is None else known.n_fixed


def main(
    count: Annotated[int, typer.Option(help="problems that are fitted in their true form")] = 300,
    searched: Annotated[int, typer.Option(help="problems for which the whole search runs")] = 24,
    time_limit: Annotated[float, typer.Option(help="seconds of each search")] = 5.0,
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per row of the table")] = None,
) -> None:
    """Prints which share of true constants, true values and new observations lies in 95 % intervals."""
    by_rows: dict[str, Coverage] = {}
    for trial in islice(trials(_FITTED), count):
        for key in ("true form", f"true form, {trial.rows} rows", f"true form, noise {trial.noise:g}"):
            fit_true_form(trial, by_rows.setdefault(key, Coverage()))
    n_found = 0
    for trial in islice(trials(_SEARCHED, _SHORT), searched):
        n_found += search(trial, by_rows.setdefault("searched", Coverage()), time_limit)
    rows = [
        {"problems": key, "kind": kind, "inside": coverage.inside[kind], "of": total}
        for key, coverage in by_rows.items()
        for kind, total in coverage.total.items()
    ]
    made = {"found": n_found, "searched": searched, "time_limit": time_limit}
    if output is not None:
        write_rows(output, (row | made for row in rows))
    console = Console()
    console.print(_table(rows))
    console.print(f"the form was found in {n_found} of {searched} searches")


def _table(rows: list[dict[str, Any]]) -> Table:
    """Shares, for people to read."""
    table = Table("", "kind", "inside", "of", "share")
    for row in rows:
        share = f"{row['inside'] / row['of']:.3f}" if row["of"] else "-"
        table.add_row(row["problems"], row["kind"], str(row["inside"]), str(row["of"]), share)
    return table


if __name__ == "__main__":
    typer.run(main)
