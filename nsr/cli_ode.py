"""The command `nsr ode`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from nsr import options
from nsr.console import compile_visibly, printed_last, status, tell_changed, told, watched


def ode(
    data: options.Data,
    time: Annotated[str, typer.Option(help="column of times")],
    states: Annotated[
        str | None, typer.Option(help="columns of states, by comma; default: all others")
    ] = None,
    trajectory: Annotated[str | None, typer.Option(help="column that tells trajectories apart")] = None,
    weights: Annotated[str | None, typer.Option(help="column of weights of the rows")] = None,
    category: Annotated[
        str | None, typer.Option(help="column of groups of trajectories, in which constants may differ")
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(
            help="of derivatives, library, curves, systems, functions, variation, by comma; default: all"
        ),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option(help="columns that act on the system and are not changed by it, by comma")
    ] = None,
    hold_inputs: Annotated[
        bool, typer.Option("--hold-inputs", help="inputs stay what they are until the next row")
    ] = False,
    order: Annotated[
        int, typer.Option(min=1, max=2, help="2 for d2x/dt2 = f(x, dx/dt), where velocities are not observed")
    ] = 1,
    discrete: Annotated[
        bool, typer.Option("--discrete", help="a map, x[k+1] = f(x[k]); times count steps")
    ] = False,
    explicit_time: Annotated[
        bool, typer.Option("--explicit-time", help="the time may stand in the equations")
    ] = False,
    missing: options.MissingStates = "error",
    known: Annotated[
        list[str] | None, typer.Option(help="what is known of an equation: 'dS/dt = P - f(S)', f to be found")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="units of the time, the states and the inputs: 't=s,x=m'")
    ] = None,
    conserved: Annotated[
        list[str] | None,
        typer.Option(help="a sum of states that stays constant: 'S + I + R', or none; default: found"),
    ] = None,
    define: options.Define = None,
    operators: options.Operators = None,
    without: options.Without = None,
    max_complexity: options.MaxComplexity = None,
    max_depth: options.MaxDepth = None,
    max_constants: options.MaxConstants = None,
    exponents: options.Exponents = None,
    nesting: options.Nesting = None,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 10.0,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    equations: options.Equations = 12,
    stop_when: options.StopWhen = None,
    resume: options.Resume = None,
    output: options.Output = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the simulation over the data")] = None,
) -> None:
    """Find equations of motion behind observed trajectories."""
    from rich.console import Console

    from nsr.clock import check_time_limit

    console = Console(stderr=True)
    check_time_limit(time_limit)
    options.check_written(output, plot, data)
    with status(console) as say, told(console) as notes:
        from nsr.data.column_units import split_by_comma, units_by_name
        from nsr.ode import ODERegressor
        from nsr.ode.compiling import compile_ode_kernels
        from nsr.ode.plots import plot_simulation
        from nsr.ode.tables import read_trajectories
        from nsr.results import resumed
        from nsr.showing import print_leaderboard
        from nsr.stopping import stop_when_in_text

        observed = read_trajectories(
            data,
            time,
            None if states is None else split_by_comma(states),
            trajectory,
            () if inputs is None else split_by_comma(inputs),
            missing != "error",
            category,
            weights,
        )
        tell_changed(observed.names, console)
        tell_changed(observed.names_of_inputs, console)
        estimator = ODERegressor(
            time_limit=time_limit, random_state=seed, device=device, n_equations=equations, missing=missing,
            order=order, discrete=discrete, explicit_time=explicit_time, hold_inputs=hold_inputs,
            known=known or (), conserved=conserved or "auto",
            stop_when=None if stop_when is None else stop_when_in_text(stop_when),
            **options.limits(
                define,
                operators=operators, without=without, max_complexity=max_complexity, max_depth=max_depth,
                max_constants=max_constants, exponents=exponents, nesting=nesting,
            ),
        )  # fmt: skip
        if stages is not None:
            estimator.set_params(stages=tuple(split_by_comma(stages)))
        if resume is not None:
            estimator = resumed(resume, estimator)
        compile_visibly(compile_ode_kernels, say)
        with watched(console, say):
            estimator.fit(
                observed.clocks(time), observed.states, observed.inputs, observed.category, observed.weights,
                None if units is None else units_by_name(units),
            )  # fmt: skip
        estimator.names_, estimator.warnings_ = observed.with_columns(estimator.names_), notes
    with told(console), printed_last(partial(print_leaderboard, estimator)):
        if output is not None:
            estimator.save(output)
        if plot is not None:
            plot_simulation(
                estimator, observed.times, observed.states, plot, observed.inputs, observed.category
            )
