"""The command line: `nsr discover` and `nsr explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsr import options
from nsr.console import shown, status, tell_changed, told


def discover(
    data: options.Data,
    target: Annotated[str, typer.Option(help="column to explain")],
    features: options.Features = None,
    units: options.Units = None,
    seed: options.Seed = 0,
) -> None:
    """Say what a table shows before any equation: idle columns, scaling, symmetries, sums and products."""
    from rich.console import Console

    console = Console(stderr=True)
    with status(console) as say, told(console):
        from nsr.data.names import Names
        from nsr.table_options import column_units, read_columns
        from nsr.understanding.discovery import discover as discovered

        columns = read_columns(data, target, features)
        tell_changed(columns.names, console)
        say("looking at the table")
        own_units = column_units(columns, units)
        name = Names.of([columns.y.name]).identifiers[0]
        found = discovered(columns.X, columns.y.to_numpy(), name, **own_units, seed=seed)
    for statement in found:
        print(shown(repr(statement)))


def explain(
    result: options.Result,
    data: options.Data,
    output: Annotated[Path, typer.Option(help="HTML file to write")],
    row: options.Row = None,
    group: Annotated[str | None, typer.Option(help="of a fit by --category: one group")] = None,
    seed: options.Seed = 0,
    define: options.Define = None,
) -> None:
    """Write one page about a result: equation, constants, fit, what mattered, what the network looked at."""
    from rich.console import Console

    from nsr.data.writing import check_output, write_whole

    console = Console(stderr=True)
    options.add_operators(define)
    check_output(output, [result, data])
    with status(console) as say, told(console):
        from nsr.data.reading import read_table
        from nsr.results import load
        from nsr.understanding.page import explain as explained
        from nsr.understanding.rows import rows_of

        estimator, X, y = rows_of(load(result), read_table(data), group)
        say("looking at the equation")
        write_whole(output, explained(estimator, X, y, row, seed))
