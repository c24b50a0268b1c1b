"""The command line: `nsr guess`."""

from __future__ import annotations

from typing import Annotated

import typer

from nsr import options
from nsr.console import compile_visibly, status, tell_changed, told

_FORMATS = {"probability": "{:.1%}".format, "r2": "{:.6g}".format}


def guess(
    data: options.Data,
    target: Annotated[str, typer.Option(help="column to explain")],
    features: options.Features = None,
    candidates: Annotated[int, typer.Option(min=1, help="sequences to sample from the network")] = 256,
    equations: options.Equations = 12,
    seed: options.Seed = 0,
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
) -> None:
    """Ask the pretrained network alone for equations: what it takes for likely, and how well that fits."""
    from rich.console import Console

    console = Console(stderr=True)
    with status(console) as say, told(console):
        from nsr.guessing import guesses_about
        from nsr.network.checkpoint import DEFAULT_CHECKPOINT, from_pretrained
        from nsr.refinement.compiling import compile_kernels
        from nsr.table_options import read_columns

        columns = read_columns(data, target, features)
        tell_changed(columns.names, console)
        pretrained = from_pretrained(checkpoint or DEFAULT_CHECKPOINT, device, knows="functions")
        compile_visibly(compile_kernels, say)
        say("asking the network")
        X, y = columns.X.to_numpy(dtype=float), columns.y.to_numpy()
        found = guesses_about(pretrained, X, y, columns.names, candidates, seed)
    print(found.head(equations).to_string(index=False, formatters=_FORMATS))
