"""The command line: `nsr fit`, `nsr predict` and `nsr ode`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from nsr.ode import ODERegressor
    from nsr.regressor import SymbolicRegressor

app = typer.Typer(
    help="NSR: data in, equation out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

EXIT_BAD_INPUT = 2


@app.command()
def fit(
    data: Annotated[Path, typer.Argument(help="CSV file with a header")],
    target: Annotated[str, typer.Option(help="column to explain")],
    features: Annotated[str | None, typer.Option(help="columns to use, by comma; default: all")] = None,
    units: Annotated[
        str | None, typer.Option(help="units of the columns and the target: 'mass=kg,v=m/s,energy=J'")
    ] = None,
    guess: Annotated[list[str] | None, typer.Option(help="an equation to begin with: 'a*mass + b'")] = None,
    candidates: Annotated[int, typer.Option(min=1, help="equations to ask the network for")] = 1024,
    time_limit: Annotated[float, typer.Option(min=0.1, help="seconds to search")] = 30.0,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same result")] = 0,
    checkpoint: Annotated[str | None, typer.Option(help="name of a shipped checkpoint, or a folder")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    output: Annotated[Path | None, typer.Option(help="JSON file for `nsr predict`")] = None,
) -> None:
    """Find equations for a column of a CSV file."""
    import time

    from rich.console import Console

    from nsr.data.reading import column_units, identifiers, label_columns, read_table, select_columns
    from nsr.network.checkpoint import DEFAULT_CHECKPOINT
    from nsr.regressor import SymbolicRegressor
    from nsr.results import write_result

    console = Console(stderr=True)
    started = time.perf_counter()
    table = read_table(data)
    for label in label_columns(table, target) if features is None else []:
        _tell(console, f"column {label!r} holds text and is left out")
        table = table.drop(columns=label)
    X, y = select_columns(table, target, None if features is None else features.split(","))
    names = identifiers(list(X.columns))
    _tell_renamed(names, console)
    own_units: dict[str, Any] = {} if units is None else column_units(units, list(X.columns), target)
    estimator = SymbolicRegressor(
        checkpoint=checkpoint or DEFAULT_CHECKPOINT,
        n_candidates=candidates,
        time_limit=time_limit,
        guesses=guess or (),
        device=device,
        random_state=seed,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        if console.is_terminal:
            with console.status("searching for equations"):
                estimator.fit(X.rename(columns=names), y, **own_units)
        else:
            estimator.fit(X.rename(columns=names), y, **own_units)
    for warning in caught:
        _tell(console, str(warning.message))
    seconds = time.perf_counter() - started
    _print_leaderboard(estimator, target)
    if output is not None:
        write_result(output, estimator, target, names, seconds, seed)


@app.command()
def predict(
    result: Annotated[Path, typer.Argument(help="JSON file that `nsr fit --output` wrote")],
    data: Annotated[Path, typer.Argument(help="CSV file with the same columns")],
    output: Annotated[Path | None, typer.Option(help="CSV file to write; default: standard output")] = None,
) -> None:
    """Write predictions of a fitted equation for the rows of a CSV file."""
    from nsr.data.reading import read_table
    from nsr.results import predictions, read_result

    found = read_result(result)
    table = predictions(found, read_table(data))
    table.to_csv(sys.stdout if output is None else output, index=False)


@app.command()
def ode(
    data: Annotated[Path, typer.Argument(help="CSV file with a header")],
    time: Annotated[str, typer.Option(help="column of times")],
    states: Annotated[
        str | None, typer.Option(help="columns of states, by comma; default: all others")
    ] = None,
    trajectory: Annotated[str | None, typer.Option(help="column that tells trajectories apart")] = None,
    stages: Annotated[
        str | None, typer.Option(help="of library, systems, functions, variation, by comma; default: all")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="seconds to search")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same result")] = 0,
    output: Annotated[Path | None, typer.Option(help="JSON file of the systems found")] = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the simulation over the data")] = None,
) -> None:
    """Find equations of motion behind observed trajectories."""
    from rich.console import Console

    from nsr.ode import ODERegressor
    from nsr.ode.plots import plot_simulation
    from nsr.ode.tables import read_trajectories, write_systems

    times, tables, names = read_trajectories(
        data, time, None if states is None else states.split(","), trajectory
    )
    console = Console(stderr=True)
    _tell_renamed(names, console)
    estimator = ODERegressor(time_limit=time_limit, random_state=seed)
    if stages is not None:
        estimator.set_params(stages=tuple(stages.split(",")))
    if console.is_terminal:
        with console.status("searching for equations of motion"):
            estimator.fit(times, tables)
    else:
        estimator.fit(times, tables)
    _print_systems(estimator)
    if output is not None:
        write_systems(output, estimator, time)
    if plot is not None:
        plot_simulation(estimator, times, tables, plot)


def _tell_renamed(names: dict[str, str], console: Any) -> None:
    for column, name in names.items():
        if column != name:
            console.print(
                f"note: column {column!r} is written {name} in equations", style="yellow", highlight=False
            )


def _tell(console: Any, message: str) -> None:
    console.print(f"note: {message}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _print_leaderboard(estimator: SymbolicRegressor, target: str) -> None:
    from rich.console import Console
    from rich.table import Table

    # In a pipe there is no width to fit; equations are never cut.
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    front: pd.DataFrame = estimator.equations_
    short = estimator.equations(digits=6)
    table = Table("", "complexity", "loss", "r2", "equation", box=None)
    for i, row in front.iterrows():
        mark = "*" if i == estimator.best_index_ else ""
        table.add_row(
            mark, str(row["complexity"]), f"{row['loss']:.4g}", f"{row['r2']:.6f}", short[int(str(i))]
        )
    console.print(table)
    console.print(f"{target} = {short[estimator.best_index_]}", markup=False, highlight=False, soft_wrap=True)


def _print_systems(estimator: ODERegressor) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from nsr.ode.printing import to_equations

    console = Console(width=None if sys.stdout.isatty() else 10_000)
    table = Table("", "complexity", "loss", "r2", "equation", box=None)
    for i, row in estimator.equations_.iterrows():
        mark = "*" if i == estimator.best_index_ else ""
        figures = str(row["complexity"]), f"{row['loss']:.4g}", f"{row['r2']:.6f}"
        table.add_row(mark, *figures, Text(row["equation"]))
    console.print(table)
    best = estimator.expressions_[estimator.best_index_]
    for equation in to_equations(best, estimator.state_names_, digits=6):
        console.print(equation, markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Runs the command; bad input ends with one line on standard error and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"nsr: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
