"""Runs a plan of fits in parallel processes, each with hard limits, and records every one that ends.

joblib spreads the fits over worker processes, or over a cluster with its Ray backend. Each worker has a
sandbox, a process of its own that does the fitting and can be killed.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sympy
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.expansion import is_expanded_solution
from eval.methods import Budget, make, package
from eval.protocol import split
from eval.provenance import provenance
from eval.records import Fit, Records
from eval.sandbox import Sandbox, SandboxError
from eval.symbolic import count_nodes, judge
from nsr.expressions.operators import OPERATORS
from nsr.problems.folder import TableProblem
from nsr.problems.metrics import accuracy
from nsr.problems.problem import Problem
from nsr.search.settings import COMPONENTS

# A fit that outlasts its limit by this much (imports and a first compilation included) is killed.
_GRACE_FACTOR, _GRACE_SECONDS = 1.5, 120.0
# What each worker of a cluster does between two returns: more, and a kill costs more; fewer, and they wait.
_FITS_PER_JOB = 4
_PROC = Path("/proc/self")  # of Linux
# What a row tells of a fit, and what is counted of all of them.
_COLUMNS = (
    "r2", "fvu", "complexity", "seconds", "processor_seconds", "memory_gib", "stage", "equation", "error",
)  # fmt: skip
_SHARES = ("recovered", "by_numbers", "by_identities")


@dataclass(frozen=True)
class Limits:
    """What each fit may use.

    Attributes:
        time_limit: Seconds that the method is told.
        cores: Processor cores.
        memory: Gibibytes.
        rows: Training rows.
        stages: Stages of NSR's search.
    """

    time_limit: float
    cores: int
    memory: float
    rows: int
    stages: tuple[str, ...] = COMPONENTS


@dataclass(frozen=True)
class Fitted:
    """What comes back from the sandbox.

    Attributes:
        figures: Accuracy, size, seconds and memory, ready for JSON.
        model: The model, or None where it is not an equation.
    """

    figures: dict[str, Any]
    model: sympy.Expr | None


def plan(
    problems: Iterable[str], methods: Sequence[str], noises: Sequence[float], seeds: Sequence[int]
) -> list[Fit]:
    """Every combination; problems change slowest, so that a partial run compares like with like."""
    return [
        Fit(problem, method, noise, seed)
        for seed in seeds
        for noise in noises
        for problem in problems
        for method in methods
    ]


def run(
    fits: Sequence[Fit],
    problems: Mapping[str, Problem | TableProblem],
    limits: Limits,
    records: Records[Fit],
    jobs: int,
    backend: str = "threading",
) -> None:
    """Runs what the records lack.

    Args:
        fits: The plan.
        problems: By name.
        limits: What each fit may use.
        records: Where finished fits go, and which are done.
        jobs: Fits at a time.
        backend: joblib's backend: `threading` on this machine, where every thread waits for a process of
            its own, or `ray` on a cluster.
    """
    todo = [fit for fit in fits if fit not in records.done]
    with _progress(len(fits), len(fits) - len(todo)) as advance:
        for fit, row in _finished(todo, problems, limits, jobs, backend):
            records.add(fit, row)
            advance(f"{fit.problem} {fit.method}")


def _finished(
    fits: Sequence[Fit],
    problems: Mapping[str, Problem | TableProblem],
    limits: Limits,
    jobs: int,
    backend: str,
) -> Iterator[tuple[Fit, dict[str, Any]]]:
    """Fits as they end; where joblib's backend returns nothing before all is done, a few at a time."""
    work = (joblib.delayed(run_fit)(fit, problems[fit.problem], limits) for fit in fits)
    if backend == "threading":
        parallel = joblib.Parallel(jobs, backend, return_as="generator_unordered", pre_dispatch=jobs)
        yield from parallel(work)
        return
    while part := list(itertools.islice(work, _FITS_PER_JOB * jobs)):
        yield from joblib.Parallel(jobs, backend=backend)(part)


def run_fit(fit: Fit, problem: Problem | TableProblem, limits: Limits) -> tuple[Fit, dict[str, Any]]:
    """One fit, measured and judged; whatever goes wrong is in the row's `error`."""
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | dict.fromkeys(_SHARES, False)
    row |= provenance(package(fit.method))
    row["symbolic"] = row["expanded"] = False if isinstance(problem, Problem) else None
    sandbox = _sandbox(limits.cores, limits.memory, threading.get_ident())
    started = time.monotonic()
    try:
        killed_after = hard_limit(limits.time_limit)
        fitted: Fitted = sandbox.run(fit_and_measure, fit, problem, limits, time_limit=killed_after)
    except SandboxError as error:
        return fit, row | {"error": str(error), "seconds": round(time.monotonic() - started, 3)}
    row |= fitted.figures
    if fitted.model is not None and isinstance(problem, Problem):
        r2 = -math.inf if row["r2"] is None else row["r2"]
        row |= asdict(judge(problem, fitted.model, r2, sandbox))
        row["expanded"] = row["symbolic"] or is_expanded_solution(problem, fitted.model, r2, sandbox)
    return fit, row


def hard_limit(time_limit: float) -> float:
    """Seconds after which a fit that was told a time limit is killed."""
    return time_limit * _GRACE_FACTOR + _GRACE_SECONDS


def fit_and_measure(fit: Fit, problem: Problem | TableProblem, limits: Limits) -> Fitted:
    """Fits and predicts; runs in the sandbox."""
    data = split(problem, fit.noise, fit.seed, limits.rows)
    method = make(fit.method, _budget(fit, problem, limits))
    _reset_peak_memory()
    started, worked = time.monotonic(), _processor_seconds()
    method.fit(data.X_train, data.y_train)
    seconds, worked = time.monotonic() - started, _processor_seconds() - worked
    measured = accuracy(data.y_test, np.asarray(method.predict(data.X_test)))
    figures = {"r2": measured.r2, "fvu": measured.fvu, "recovered": measured.recovered}
    figures |= {"seconds": round(seconds, 3), "processor_seconds": round(worked, 3)}
    figures["memory_gib"] = _peak_memory()
    model = method.sympy()
    figures["stage"] = getattr(method, "stage", None)  # which NSR alone has
    if isinstance(problem, TableProblem):  # no rounding here: a table's constants may all be small
        figures["complexity"] = getattr(method, "n_nodes", None) if model is None else count_nodes(model)
    return Fitted(figures | {"equation": None if model is None else str(model)}, model)


def _budget(fit: Fit, problem: Problem | TableProblem, limits: Limits) -> Budget:
    """What a method may use, and what it may know of a problem whose law is known."""
    budget = Budget(limits.time_limit, limits.cores, fit.seed, limits.stages)
    if isinstance(problem, TableProblem):
        return budget
    tokens = {token for token in problem.expression.tokens if isinstance(token, str)}
    operators = tuple(sorted(token for token in tokens if token in OPERATORS))
    return replace(budget, X_units=problem.units, y_units=problem.target_unit, operators=operators)


@cache
def _sandbox(cores: int, memory: float, thread: int) -> Sandbox:  # noqa: ARG001 (part of the cache's key)
    """This thread's sandbox; starting one takes seconds."""
    return Sandbox(cores, memory)


def _processor_seconds() -> float:
    """What this process and those that it has started and waited for have worked so far."""
    return sum(os.times()[:4])


def _reset_peak_memory() -> None:
    if _PROC.exists():
        (_PROC / "clear_refs").write_text("5", encoding="ascii")


def _peak_memory() -> float | None:
    """Gibibytes: the largest resident size since the last reset; None where the system does not tell."""
    if not _PROC.exists():
        return None
    status = (_PROC / "status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 2**20, 3)


@contextmanager
def _progress(total: int, done: int) -> Iterator[Any]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns) as progress:
        task = progress.add_task("", total=total, completed=done)
        yield lambda text: progress.update(task, advance=1, description=text)
