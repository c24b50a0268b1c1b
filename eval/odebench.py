"""ODEBench: `python -m eval.odebench run` and `python -m eval.odebench report`.

63 systems of one to four states (arXiv:2310.05573), integrated anew at tight tolerance, because stored
trajectories of three sensitive systems cannot be reproduced. A method sees one trajectory of 150 points on
[0, 10], with noise x (1 + sigma N(0, 1)) and a share rho of the points dropped. It succeeds if its simulation
explains more than 0.9 of the variance (R2, weighted by the states' variances): from the initial values it has
seen (reconstruction), and from others (generalisation). Its form is right if every component's skeleton is.
"""

from __future__ import annotations

import os
import platform
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.metrics import r2_score

import eval.development_systems  # noqa: F401 (registers its suites)
from eval.dynamics import make, package
from eval.provenance import provenance
from eval.records import opened, read_results, read_settings
from eval.registry import MethodMissingError
from eval.report import killed, made_by, markdown_table
from eval.sandbox import Sandbox, SandboxError
from eval.symbolic import count_nodes
from nsr.expressions.canonical import form_key
from nsr.expressions.sympy_form import from_sympy
from nsr.ode.compiling import compile_ode_kernels
from nsr.ode.integrate import Systems
from nsr.problems.problem import SystemProblem
from nsr.problems.suites import choices, load_systems

Array = NDArray[np.float64]

N_POINTS = 150
SUCCESS = 0.9
_MEMORY_GIB = 8.0
# A fit that outlasts its limit by this much is killed.
_GRACE_FACTOR, _GRACE_SECONDS = 2.0, 120.0

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)


@dataclass(frozen=True, order=True)
class SystemFit:
    """One fit of the plan.

    Attributes:
        problem: Name of the system.
        method: Name of the method.
        noise: Sigma of the multiplicative noise.
        dropped: Share of points dropped.
        seed: Seed of noise and dropping.
    """

    problem: str
    method: str
    noise: float
    dropped: float
    seed: int


@app.command()
def run(
    output: Annotated[Path, typer.Option(help="folder of the results; an interrupted run goes on there")],
    suite: Annotated[str, typer.Option(help=f"one of {', '.join(choices(SystemProblem))}")] = "odebench",
    methods: Annotated[str, typer.Option(help="names, separated by commas")] = "nsr,sindy",
    noise: Annotated[str, typer.Option(help="levels, separated by commas")] = "0,0.05",
    dropped: Annotated[str, typer.Option(help="shares of dropped points, by commas")] = "0",
    seed: Annotated[int, typer.Option(help="of noise and dropping")] = 0,
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 10.0,
    cores: Annotated[int, typer.Option(min=1, help="cores a fit")] = 2,
) -> None:
    """Fits every system with every method and records each fit; goes on where it was interrupted."""
    chosen = methods.split(",")
    for name in chosen:
        make(name, time_limit)  # a missing package is told now
    problems = {problem.name: problem for problem in load_systems(suite)}
    fits = [
        SystemFit(problem, method, float(sigma), float(rho), seed)
        for sigma in noise.split(",")
        for rho in dropped.split(",")
        for problem in problems
        for method in chosen
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    settings = {"suite": suite, "time_limit": time_limit, "cores": cores, "machine": machine}
    compile_ode_kernels()  # the first fit's seconds are not the compiler's
    with opened(output, settings, SystemFit) as records, Sandbox(cores, _MEMORY_GIB) as sandbox:
        todo = [fit for fit in fits if fit not in records.done]
        for fit in track(todo, console=Console(stderr=True)):
            records.add(fit, run_fit(fit, problems[fit.problem], time_limit, sandbox))


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Prints the table of a run, and writes it with pictures as report.md beside its results."""
    results, settings = read_results(folder), read_settings(folder)
    table = markdown_table(summarise(results))
    typer.echo(table)
    told = ", ".join(f"{name}: {value}" for name, value in settings.items())
    pictures = "".join(f"\n![{name}]({name})\n" for name in _pictures(results, settings["suite"], folder))
    made = f"Which code made the rows:\n\n{markdown_table(made_by(results))}"
    text = f"{table}\n\n{told}\n\n{killed(results)}\n\n{made}\n{pictures}"
    (folder / "report.md").write_text(text, encoding="utf-8")


def _pictures(results: pd.DataFrame, suite: str, folder: Path) -> list[str]:
    if find_spec("matplotlib") is None:
        return []
    from eval.trajectory_plots import draw_all

    return draw_all(results, suite, folder)


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row for each level of noise, share of dropped points and method; a failed fit is not a success."""
    frame = results.assign(
        reconstructed=results["reconstruction"].astype(float) > SUCCESS,
        generalised=results["generalisation"].astype(float) > SUCCESS,
        failed=results["error"].notna(),
    )
    groups = frame.groupby(["noise", "dropped", "method"])
    table = groups[["reconstructed", "generalised", "form"]].mean() * 100
    table.insert(0, "fits", groups.size())
    table["seconds"] = groups["seconds"].median()
    table["longest"] = groups["seconds"].max()
    table["complexity"] = groups["complexity"].median()
    table["failed"] = groups["failed"].sum()
    return table.reset_index()


def run_fit(fit: SystemFit, problem: SystemProblem, time_limit: float, sandbox: Sandbox) -> dict[str, Any]:
    """One fit, measured; whatever goes wrong is in the row's `error`."""
    row: dict[str, Any] = dict.fromkeys(
        ("reconstruction", "generalisation", "complexity", "seconds", "equations", "error")
    ) | provenance(package(fit.method))
    row["form"] = False
    started = time.monotonic()
    try:
        limit = time_limit * _GRACE_FACTOR + _GRACE_SECONDS
        figures: dict[str, Any] = sandbox.run(fit_and_measure, fit, problem, time_limit, time_limit=limit)
    except SandboxError as error:
        return row | {"error": str(error), "seconds": round(time.monotonic() - started, 3)}
    return row | figures


def fit_and_measure(fit: SystemFit, problem: SystemProblem, time_limit: float) -> dict[str, Any]:
    """Fits and simulates; runs in the sandbox."""
    method = make(fit.method, time_limit)
    times, states = observed(problem, fit.noise, fit.dropped, fit.seed)
    started = time.monotonic()
    method.fit(times, states)
    seconds = time.monotonic() - started
    grid = np.linspace(*problem.time_span, N_POINTS)
    seen, fresh = (
        explained(trajectory(problem, values, grid), method.predict(grid, np.array(values, dtype=np.float64)))
        for values in problem.initial_values[:2]
    )
    found = method.sympy()
    return {
        "reconstruction": seen,
        "generalisation": fresh,
        "form": has_form(problem, found),
        "complexity": sum(count_nodes(component) for component in found),
        "seconds": round(seconds, 3),
        "equations": [str(component) for component in found],
    }


def observed(problem: SystemProblem, noise: float, dropped: float, seed: int) -> tuple[Array, Array]:
    """Times and states as a method sees them."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(*problem.time_span, N_POINTS)
    states = trajectory(problem, problem.initial_values[0], grid)
    states = states * (1 + noise * rng.standard_normal(states.shape))
    kept = np.sort(rng.permutation(N_POINTS)[: round(N_POINTS * (1 - dropped))])
    return grid[kept], states[kept]


def trajectory(problem: SystemProblem, initial: tuple[float, ...], times: Array) -> Array:
    """The system's own states at some times, shape (T, D)."""
    start = np.array([initial], dtype=np.float64)
    compiled = Systems([problem.system])
    states: Array = compiled.integrate(start, times, rtol=1e-10, atol=1e-12, max_steps=10**6)[0]
    return states


def explained(true: Array, found: Array) -> float:
    """R2 of simulated states, each state weighted by its variance; -1 where the simulation failed."""
    if not np.all(np.isfinite(found)) or np.abs(found).max() > 1e100:
        return -1.0
    return float(max(-1.0, r2_score(true, found, multioutput="variance_weighted")))


def has_form(problem: SystemProblem, found: list[Any]) -> bool:
    """Whether each right-hand side has the skeleton of the true one, whatever its constants."""
    try:
        ours = [form_key(from_sympy(component)) for component in found]
    except ValueError:  # a function that no operator of ours computes
        return False
    return ours == [form_key(component) for component in problem.system]


def main() -> None:
    """Runs the command line; bad input ends with one line and exit code 2."""
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    try:
        app(standalone_mode=True)
    except (ValueError, MethodMissingError) as error:
        Console(stderr=True).print(f"error: {error}", style="red")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
