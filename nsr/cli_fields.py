"""The command `nsr pde`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from nsr import options
from nsr.console import compile_visibly, printed_last, status, told

_DATA_HELP = "archive of arrays (.npz), or table with a row for each time and place"


def pde(
    data: Annotated[Path, typer.Argument(help=_DATA_HELP)],
    time: Annotated[str, typer.Option(help="name of the times")] = "t",
    x: Annotated[str, typer.Option(help="name of the places along the first axis, x in equations")] = "x",
    y: Annotated[str | None, typer.Option(help="name of the places along the second axis, y")] = None,
    fields: Annotated[str | None, typer.Option(help="names of fields, by comma; default: all others")] = None,
    inputs: Annotated[
        str | None, typer.Option(help="names of fields that act on these, such as velocities, by comma")
    ] = None,
    order: Annotated[int, typer.Option(min=1, max=2, help="2 for u_tt = F(u, u_t, ...), as of waves")] = 1,
    derivatives: Annotated[int, typer.Option(min=2, max=6, help="highest order of derivatives by place")] = 4,
    equations: options.Equations = 12,
    output: options.Output = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the fields, simulated and observed")] = None,
) -> None:
    """Find partial differential equations behind fields on a regular grid."""
    from rich.console import Console

    console = Console(stderr=True)
    options.check_written(output, plot, data)
    with status(console) as say, told(console) as notes:
        from nsr.data.column_units import split_by_comma
        from nsr.fields import PDERegressor
        from nsr.fields.plots import plot_fields
        from nsr.fields.tables import read_fields
        from nsr.ode.compiling import compile_ode_kernels
        from nsr.showing import print_leaderboard

        axes = [x] if y is None else [x, y]
        observed = read_fields(
            data,
            time,
            axes,
            None if fields is None else split_by_comma(fields),
            () if inputs is None else split_by_comma(inputs),
        )
        grid = dict(zip("xy", observed.axes, strict=False)) | {"t": observed.times}
        estimator = PDERegressor(order=order, derivatives=derivatives, n_equations=equations)
        compile_visibly(compile_ode_kernels, say)
        estimator.fit(observed.fields, inputs=observed.inputs or None, **grid)
        estimator.scale_names_, estimator.warnings_ = (time, *axes), notes
    with told(console), printed_last(partial(print_leaderboard, estimator)):
        if output is not None:
            estimator.save(output)
        if plot is not None:
            plot_fields(estimator, observed.fields, plot, inputs=observed.inputs or None, **grid)
