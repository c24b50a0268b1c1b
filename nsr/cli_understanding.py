"""The command line: `nsr discover`."""

from __future__ import annotations

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
        from nsr.data.column_units import split_by_comma
        from nsr.data.names import Names
        from nsr.data.reading import read_table
        from nsr.data.table import select_columns
        from nsr.table_options import column_units, feature_frame
        from nsr.understanding.discovery import discover as discovered

        table = read_table(data)
        chosen = None if features is None else split_by_comma(features)
        places, explained = select_columns(table, target, chosen, [])
        X = feature_frame(table, places, None, False)
        tell_changed(Names.of(list(X.columns)), console)
        say("looking at the table")
        own_units = column_units(table, places, explained, units)
        name = Names.of([table.names[explained]]).identifiers[0]
        found = discovered(X, table.numbers(explained), name, **own_units, seed=seed)
    for statement in found:
        print(shown(repr(statement)))
