"""The Feynman benchmark: `python -m eval.feynman run` and `python -m eval.feynman report`.

The same two commands run any suite of `nsr.problems`, or a folder of CSV files, with `--suite`.
"""

from __future__ import annotations

import importlib
import os
import platform
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console

from eval.methods import Budget, make
from eval.plots import draw_all
from eval.protocol import SEEDS, TRAINING_ROWS
from eval.records import Fit, opened, read_results, read_settings
from eval.registry import MethodMissingError
from eval.report import summarise, to_markdown
from eval.runner import Limits, plan
from eval.runner import run as run_plan
from nsr.problems.dummies import with_dummies
from nsr.problems.folder import TableProblem, load_folder
from nsr.problems.problem import Problem
from nsr.problems.suites import choices, load
from nsr.refinement.compiling import compile_kernels
from nsr.search.settings import COMPONENTS

Problems = list[Problem | TableProblem]

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)


@app.command()
def run(
    output: Annotated[Path, typer.Option(help="folder of the results; an interrupted run goes on there")],
    methods: Annotated[str, typer.Option(help="names, separated by commas")] = "nsr,operon,gplearn",
    problems: Annotated[str, typer.Option(help="`all`, or names separated by commas")] = "all",
    sample: Annotated[
        int | None, typer.Option(min=1, help="so many of these problems, the same each time")
    ] = None,
    suite: Annotated[str, typer.Option(help="a suite, or a folder of CSV files")] = "feynman",
    noise: Annotated[str, typer.Option(help="levels, separated by commas")] = "0,0.01",
    seeds: Annotated[int, typer.Option(min=1, max=len(SEEDS), help="how many of SRBench's ten seeds")] = 1,
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 30.0,
    cores: Annotated[int, typer.Option(min=1, help="cores a fit")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="fits at a time")] = 1,
    memory_limit: Annotated[float, typer.Option(help="gibibytes a fit")] = 12.0,
    rows: Annotated[int, typer.Option(min=3, help="training rows")] = TRAINING_ROWS,
    dummies: Annotated[int, typer.Option(min=0, help="idle columns beside the problem's own")] = 0,
    stages: Annotated[str, typer.Option(help="stages of NSR's search, by commas")] = ",".join(COMPONENTS),
    backend: Annotated[
        str, typer.Option(help="`threading`: this machine; `ray`: a Ray cluster")
    ] = "threading",
) -> None:
    """Fits every problem with every method and records each fit; goes on where it was interrupted."""
    chosen = _sample(_problems(suite, problems, dummies), sample)
    if unknown := set(stages.split(",")) - set(COMPONENTS):
        raise ValueError(f"no stage {', '.join(sorted(unknown))}; choose from {', '.join(COMPONENTS)}")
    names = [name.strip() for name in methods.split(",")]
    levels = [float(level) for level in noise.split(",")]
    limits = Limits(time_limit, cores, memory_limit, rows, tuple(stages.split(",")))
    for name in names:
        make(name, Budget(time_limit, cores, 0))  # a missing package is told now, not after an hour
    if backend == "ray":
        _use_ray()
    settings = {"suite": suite, "time_limit": time_limit, "cores": cores, "rows": rows, "stages": stages}
    settings |= {"dummies": dummies, "machine": machine()}
    compile_kernels()  # the first fit's seconds are not the compiler's
    with opened(output, settings, Fit) as records:
        fits = plan([problem.name for problem in chosen], names, levels, SEEDS[:seeds])
        run_plan(fits, {problem.name: problem for problem in chosen}, limits, records, jobs, backend)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of a run")],
    beside: Annotated[
        list[Path] | None, typer.Option(help="folder of another run whose rows stand in the table, too")
    ] = None,
) -> None:
    """Prints the table of a run and writes report.md and the plots beside its results."""
    settings = read_settings(folder)
    results = pd.concat([read_results(path) for path in (folder, *(beside or []))], ignore_index=True)
    typer.echo(summarise(results).to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    text = to_markdown(results, settings, draw_all(results, folder))
    (folder / "report.md").write_text(text, encoding="utf-8")


def _problems(suite: str, names: str, dummies: int) -> Problems:
    known: Problems
    if suite in (known_suites := choices(Problem)):
        known = [with_dummies(problem, dummies) for problem in load(suite)]
    elif dummies:
        raise ValueError(
            f"--dummies is for suites of equations, not for a folder such as {suite}; leave it out"
        )
    elif Path(suite).is_dir():
        known = [*load_folder(Path(suite))]
    else:
        raise ValueError(f"{suite!r} is neither a folder nor one of {', '.join(known_suites)}")
    if names == "all":
        return known
    wanted = [name.strip() for name in names.split(",")]
    by_name = {problem.name: problem for problem in known}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise ValueError(f"{suite} has no problem {', '.join(unknown)}; its names begin with {known[0].name}")
    return [by_name[name] for name in wanted]


def _sample(problems: Problems, size: int | None) -> Problems:
    """So many of the problems in their order, all by default; a larger sample holds each smaller one."""
    drawn = np.random.default_rng(SEEDS[0]).permutation(len(problems))[:size]
    return [problems[i] for i in sorted(drawn)]


def _use_ray() -> None:
    try:
        ray_joblib = importlib.import_module("ray.util.joblib")
    except ImportError:
        raise MethodMissingError(
            "the backend ray needs the package ray: pip install -e '.[cluster]'"
        ) from None
    ray_joblib.register_ray()


def machine() -> str:
    """What the report says of this machine."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


def main(commands: typer.Typer = app) -> None:
    """Runs a command line; bad input ends with one line and exit code 2."""
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    try:
        commands(standalone_mode=True)
    except (ValueError, MethodMissingError, ModuleNotFoundError) as error:
        Console(stderr=True).print(f"error: {error}", style="red")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
