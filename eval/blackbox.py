"""Real tables: `python -m eval.blackbox run`, `... report` and `... fronts`.

No law is known behind a real table; what counts is how well an equation predicts rows that it has not seen,
and how large it is. A fit sees three quarters of a table (`eval.real_tables`) and is measured on the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from eval.blackbox_plots import draw_all
from eval.blackbox_report import summarise, to_markdown
from eval.feynman import machine, main
from eval.fronts import TABLES, FrontFit, search
from eval.methods import Budget, make
from eval.protocol import SEEDS, TRAINING_ROWS
from eval.real_tables import half_of, of_half, write
from eval.records import Fit, opened, read_results, read_settings
from eval.runner import Limits, hard_limit, plan
from eval.runner import run as run_plan
from eval.sandbox import Sandbox, SandboxError
from nsr.problems.folder import TableProblem
from nsr.refinement.compiling import compile_kernels

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)

_Output = Annotated[Path, typer.Option(help="folder of the results; an interrupted run goes on there")]
_Half = Annotated[str, typer.Option(help="`development` to choose on, `test` to report, or `all`")]
_Problems = Annotated[str, typer.Option(help="`all` of the half, or names separated by commas")]
_Seeds = Annotated[int, typer.Option(min=1, max=len(SEEDS), help="how many splits of each table")]
_TimeLimit = Annotated[float, typer.Option(help="seconds a fit")]
_Cores = Annotated[int, typer.Option(min=1, help="cores a fit")]
_Memory = Annotated[float, typer.Option(help="gibibytes a fit")]


@app.command()
def run(
    output: _Output,
    methods: Annotated[
        str, typer.Option(help="names, separated by commas")
    ] = "nsr,linear,forest,operon,gplearn",
    half: _Half = "development",
    problems: _Problems = "all",
    seeds: _Seeds = 3,
    time_limit: _TimeLimit = 10.0,
    cores: _Cores = 1,
    jobs: Annotated[int, typer.Option(min=1, help="fits at a time")] = 1,
    memory_limit: _Memory = 12.0,
) -> None:
    """Fits every table with every method and records each fit; goes on where it was interrupted."""
    names = [name.strip() for name in methods.split(",")]
    for name in names:
        make(name, Budget(time_limit, cores, 0))  # a missing package is told now, not after an hour
    chosen = _tables(half, problems, output)
    limits = Limits(time_limit, cores, memory_limit, TRAINING_ROWS)
    compile_kernels()  # the first fit's seconds are not the compiler's
    with opened(output, _settings(time_limit, cores), Fit) as records:
        fits = plan(list(chosen), names, [0.0], SEEDS[:seeds])
        run_plan(fits, chosen, limits, records, jobs)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Prints the table of a run and writes report.md and a plot beside its results."""
    results, settings = read_results(folder), read_settings(folder)
    for half, rows in results.groupby(results["problem"].map(half_of())):
        typer.echo(f"{half}\n{summarise(rows).to_string(index=False, float_format=lambda v: f'{v:.3g}')}\n")
    text = to_markdown(results, half_of(), settings, draw_all(results, half_of(), folder))
    (folder / "report.md").write_text(text, encoding="utf-8")


@app.command()
def fronts(
    output: _Output,
    half: _Half = "development",
    problems: _Problems = "all",
    seeds: _Seeds = 3,
    time_limit: _TimeLimit = 10.0,
    cores: _Cores = 1,
    memory_limit: _Memory = 12.0,
) -> None:
    """Searches every table and saves the whole front with its test R2, for `eval.fronts.read_fronts`."""
    chosen = _tables(half, problems, output)
    compile_kernels()
    fits = [FrontFit(name, seed) for seed in SEEDS[:seeds] for name in chosen]
    with (
        opened(output, _settings(time_limit, cores), FrontFit) as records,
        Sandbox(cores, memory_limit) as sandbox,
    ):
        todo = [fit for fit in fits if fit not in records.done]
        for fit in track(todo, console=Console(stderr=True)):
            records.add(fit, _front(fit, chosen[fit.problem], time_limit, sandbox))


def _front(fit: FrontFit, problem: TableProblem, time_limit: float, sandbox: Sandbox) -> dict[str, Any]:
    try:
        found: dict[str, Any] = sandbox.run(
            search, fit, problem, time_limit, time_limit=hard_limit(time_limit)
        )
    except SandboxError as error:
        return {"error": str(error), "best": None, "equations": None}
    return {"error": None} | found


def _tables(half: str, names: str, output: Path) -> dict[str, TableProblem]:
    """The chosen tables by name, written into the folder of the run."""
    tables = of_half(half)
    if names != "all":
        wanted = [name.strip() for name in names.split(",")]
        known = [table.name for table in tables]
        if unknown := [name for name in wanted if name not in known]:
            raise ValueError(f"no table {', '.join(unknown)} in {half}; choose from {', '.join(known)}")
        tables = [table for table in tables if table.name in wanted]
    return {problem.name: problem for problem in write(tables, output / TABLES)}


def _settings(time_limit: float, cores: int) -> dict[str, Any]:
    return {"time_limit": time_limit, "cores": cores, "machine": machine()}


if __name__ == "__main__":
    main(app)
