"""Chaotic systems of the literature, maps, driven systems and order 2: `python -m eval.chaos`.

A method sees 300 points of a chaotic system, over about twelve turns on the attractor. As chaos drives every
simulation astray, right-hand sides are compared: the error of each is its root mean square on another part of
the attractor, in deviations of the true one, and the worst component's counts. Below 1e-3 a field is exact,
below 0.05 good. The form is right if every component's skeleton is. With `--motions` NSR is asked for twenty
maps, driven systems and equations of order 2 instead.
"""

from __future__ import annotations

import itertools
import time
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from eval.dynamics import Array, make, package
from eval.odebench import trajectory
from eval.other_motions import MOTIONS
from eval.records import write_rows
from eval.report import markdown_table
from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.expression import Expression
from nsr.expressions.sympy_form import from_sympy
from nsr.ode import ODERegressor
from nsr.ode.motion import System
from nsr.problems.suites import load_systems

EXACT, GOOD = 1e-3, 0.05
_N_POINTS, _N_FRESH = 300, 1_000


def main(
    methods: Annotated[str, typer.Option(help="names, separated by commas")] = "nsr,sindy",
    noise: Annotated[str, typer.Option(help="shares of each state's deviation, by commas")] = "0,0.01",
    motions: Annotated[
        bool, typer.Option("--motions", help="maps, driven systems and order 2 instead, by NSR")
    ] = False,
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 10.0,
    seed: Annotated[int, typer.Option(help="of the noise")] = 0,
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per fit")] = None,
) -> None:
    """Fits, and prints how many fields are exact and good, and how many forms are right."""
    levels = [float(level) for level in noise.split(",")]
    warnings.simplefilter("ignore")
    rows = (
        _motions(levels, time_limit, seed)
        if motions
        else _chaotic(methods.split(","), levels, time_limit, seed)
    )
    if output is not None:
        write_rows(output, rows.to_dict("records"), package)
    typer.echo(markdown_table(summary(rows).reset_index()))


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of results, by noise and method: how many percent are exact, good and of the right form."""
    groups = rows.groupby(["noise", "method"], sort=False)
    table = groups[["exact", "good", "form"]].mean() * 100
    return table.assign(systems=groups.size(), seconds=groups["seconds"].median())


def field_error(found: System, true: System, variables: Array) -> float:
    """The worst component's error at some points, shape (N, V), in deviations of the true right-hand side."""
    with np.errstate(all="ignore"):
        ours, wanted = (np.asarray(Program(list(one)).values(variables)) for one in (found, true))
        sizes = np.std(wanted, axis=1)
        sizes = np.where(sizes > 0, sizes, np.maximum(np.abs(wanted[:, 0]), 1.0))
        errors = np.sqrt(np.mean((ours - wanted) ** 2, axis=1)) / sizes
    return float(np.max(np.where(np.isfinite(errors), errors, np.inf)))


def _chaotic(methods: list[str], levels: list[float], time_limit: float, seed: int) -> pd.DataFrame:
    rows = []
    for problem, sigma, name in itertools.product(load_systems("chaotic"), levels, methods):
        times = np.linspace(*problem.time_span, _N_POINTS)
        states = trajectory(problem, problem.initial_values[0], times)
        rng = np.random.default_rng(seed)
        noisy = states + sigma * np.std(states, axis=0) * rng.standard_normal(states.shape)
        fresh = trajectory(problem, problem.initial_values[1], np.linspace(*problem.time_span, _N_FRESH))
        method, begun = make(name, time_limit), time.perf_counter()
        try:
            method.fit(times, noisy)
            found = tuple(from_sympy(one) for one in method.sympy())
        except Exception as error:  # whatever a method fails by is its result
            found = tuple(Expression((0.0,)) for _ in problem.system)
            typer.echo(f"{problem.name}: {name} failed: {error}")
        seconds = time.perf_counter() - begun
        rows.append(_row(problem.name, name, sigma, found, problem.system, fresh, seconds))
    return pd.DataFrame(rows)


def _motions(levels: list[float], time_limit: float, seed: int) -> pd.DataFrame:
    rows = []
    for problem, sigma in itertools.product(MOTIONS, levels):
        times, states = problem.observe(sigma, seed)
        begun = time.perf_counter()
        model = ODERegressor(time_limit=time_limit, **problem.settings).fit(times, states)
        seconds = time.perf_counter() - begun
        fresh = problem.variables()
        found = model.expressions_[model.best_index_]
        rows.append(_row(problem.name, "nsr", sigma, found, problem.system, fresh, seconds))
    return pd.DataFrame(rows)


def _row(
    name: str, method: str, sigma: float, found: System, true: System, fresh: Array, seconds: float
) -> dict[str, object]:
    error = field_error(found, true, fresh)
    has_form = [form_key(one) for one in found] == [form_key(one) for one in true]
    typer.echo(
        f"{name:44} {method:8} {sigma:<5g} {error:9.2g} {'form' if has_form else '':5} {seconds:5.1f} s"
    )
    return {
        "problem": name, "method": method, "noise": sigma, "exact": error < EXACT, "good": error < GOOD,
        "form": has_form, "seconds": seconds,
    }  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
