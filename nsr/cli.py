"""The command line: `nsr fit`, `nsr predict`, `nsr show`, `nsr ode` and `nsr pde`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from nsr.console import (
    EXIT_INTERRUPTED,
    check_written,
    compile_visibly,
    in_options,
    print_leaderboard,
    printed_last,
    shown,
    status,
    tell_changed,
    told,
    watched,
)

EXIT_CLOSED_PIPE = 1
EXIT_BAD_INPUT = 2
_INTERRUPTED = "nsr: interrupted before there was a result"

try:
    import typer
except KeyboardInterrupt:  # Ctrl-C while the command is still being loaded
    print(_INTERRUPTED, file=sys.stderr)
    sys.exit(EXIT_INTERRUPTED)

from nsr.cli_fields import pde  # noqa: E402 (after typer, whose loading may be interrupted)

app = typer.Typer(help="NSR: data in, equation out.", add_completion=False, pretty_exceptions_enable=False)
# What typer raises for a wrong option, from the click that it uses, its own or the installed one.
_USAGE_ERROR: Any = typer.BadParameter.__base__

_DATA_HELP = "table with a header: separated text (.gz, too), .xlsx or .parquet; - for standard input"
_EQUATIONS_HELP = "equations to show at most"
_ROW_HELP = "of the front, from 0; default: the chosen one"
_FORMAT_HELP = (
    "of a row: latex, sympy, python, numpy, jax, c, excel, matlab, julia or onnx; "
    "of the front: latex-table or html"
)
_STOP_HELP = "when an equation is good enough: 'exact', or 'r2=0.99,complexity=10'"
_RESUME_HELP = "result of an earlier fit to begin with"
_MISSING_HELP = "empty cells: error (default), drop (their rows are left out) or impute (by medians)"
_DEVICE_HELP = "auto, cpu, cuda, cuda:0, mps ..."
_OPERATORS_HELP = "operators and groups that equations may have, by comma: 'arithmetic,exp,sqrt'"
_WITHOUT_HELP = "operators and groups that they may not have: 'trigonometric'"
_COMPLEXITY_HELP = "largest complexity of an equation"
_DEPTH_HELP = "levels of an equation at most: x is one, sin(x) two"
_CONSTANTS_HELP = "constants in an equation at most"
_EXPONENTS_HELP = "exponents of powers, roots and ratios: '-2,-1,0.5,2'"
_TEMPLATE_HELP = "the form of the equation, with parts to be found: 'f(mass)*exp(-g(speed, height)) + c'"
_CONSTANT_HELP = "a constant of known value: 'g=9.81', 'g=9.81 m/s^2', 'c=scipy' or 'm=electron mass'"
_DEFINE_HELP = "an operator of your own: 'lorentz(v) = 1/sqrt(1 - v**2)'"
_NESTING_HELP = "how often a function may stand in another: 'exp(exp)=0,exp(sin)=0'"
_SHAPE_HELP = "what is known of f: 'f >= 0', 'increasing in x', 'even in x', 'f -> 0 as x -> inf'"


@app.command()
def fit(
    data: Annotated[Path, typer.Argument(help=_DATA_HELP)],
    target: Annotated[str, typer.Option(help="column to explain")],
    features: Annotated[str | None, typer.Option(help="columns to use, by comma; default: all")] = None,
    units: Annotated[
        str | None, typer.Option(help="units of the columns and the target: 'mass=kg,v=m/s,energy=J'")
    ] = None,
    constant_units: Annotated[
        str | None, typer.Option(help="with units, whether constants are dimensionless (default) or free")
    ] = None,
    guess: Annotated[list[str] | None, typer.Option(help="an equation to begin with: 'a*mass + b'")] = None,
    loss: Annotated[
        str,
        typer.Option(help="auto, squared_error, absolute_error, huber, poisson or gamma (relative errors)"),
    ] = "auto",
    weights: Annotated[str | None, typer.Option(help="column of weights of the rows")] = None,
    error: Annotated[
        str | None, typer.Option(help="column of standard deviations of the target's errors")
    ] = None,
    missing: Annotated[str, typer.Option(help=_MISSING_HELP)] = "error",
    denoise: Annotated[
        bool, typer.Option("--denoise", help="search in the smoothed target; constants are of the raw one")
    ] = False,
    template: Annotated[str | None, typer.Option(help=_TEMPLATE_HELP)] = None,
    constant: Annotated[list[str] | None, typer.Option(help=_CONSTANT_HELP)] = None,
    category: Annotated[
        str | None, typer.Option(help="column of groups, in which the law's constants may differ")
    ] = None,
    define: Annotated[list[str] | None, typer.Option(help=_DEFINE_HELP)] = None,
    operators: Annotated[str | None, typer.Option(help=_OPERATORS_HELP)] = None,
    without: Annotated[str | None, typer.Option(help=_WITHOUT_HELP)] = None,
    max_complexity: Annotated[float | None, typer.Option(help=_COMPLEXITY_HELP)] = None,
    max_depth: Annotated[int | None, typer.Option(help=_DEPTH_HELP)] = None,
    max_constants: Annotated[int | None, typer.Option(help=_CONSTANTS_HELP)] = None,
    required: Annotated[str | None, typer.Option(help="columns that every equation has, by comma")] = None,
    forbidden: Annotated[str | None, typer.Option(help="columns that no equation has, by comma")] = None,
    complexity: Annotated[
        str | None, typer.Option(help="costs of operators and leaves: 'sin=3,mass=2,constant=1'")
    ] = None,
    exponents: Annotated[str | None, typer.Option(help=_EXPONENTS_HELP)] = None,
    nesting: Annotated[str | None, typer.Option(help=_NESTING_HELP)] = None,
    constant_bounds: Annotated[
        str | None, typer.Option(help="smallest and largest constant: '-10,10'")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help=_SHAPE_HELP)] = None,
    domain: Annotated[
        list[str] | None, typer.Option(help="range of a column in which shape holds: 'dose=0,100'")
    ] = None,
    candidates: Annotated[int, typer.Option(min=1, help="equations to ask the network for")] = 1024,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 30.0,
    selection: Annotated[
        str, typer.Option(help="which equation to choose: auto, accuracy, score, best")
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="same seed, same result")] = 0,
    checkpoint: Annotated[str | None, typer.Option(help="name of a shipped checkpoint, or a folder")] = None,
    device: Annotated[str, typer.Option(help=_DEVICE_HELP)] = "auto",
    jobs: Annotated[int | None, typer.Option(help="processes that search; -1 for one on each core")] = None,
    equations: Annotated[int, typer.Option(min=1, help=_EQUATIONS_HELP)] = 12,
    stop_when: Annotated[str | None, typer.Option(help=_STOP_HELP)] = None,
    resume: Annotated[Path | None, typer.Option(help=_RESUME_HELP)] = None,
    report: Annotated[
        bool, typer.Option("--report", help="say what is explained, what is left, and what is doubtful")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="JSON file for `nsr predict`, `nsr show` and `nsr.load`")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the fit, its residuals and the front")] = None,
) -> None:
    """Find equations for a column of a table."""
    from rich.console import Console

    from nsr.clock import check_time_limit

    console = Console(stderr=True)
    check_time_limit(time_limit)
    check_written(output, plot, data)
    with status(console) as say, told(console) as notes:
        import pandas as pd

        from nsr.data.column_units import split_by_comma
        from nsr.data.indicators import names_made
        from nsr.data.names import Names
        from nsr.data.nature import constants_in_text
        from nsr.data.reading import read_table
        from nsr.data.shape_wishes import domain_in_text
        from nsr.data.table import select_columns
        from nsr.network.checkpoint import DEFAULT_CHECKPOINT
        from nsr.refinement.compiling import compile_kernels
        from nsr.regressor import SymbolicRegressor
        from nsr.results import resumed
        from nsr.showing import equation_lines, shown_equations
        from nsr.stopping import stop_when_in_text
        from nsr.table_options import (
            column_units,
            constant_units_for,
            feature_frame,
            row_columns,
            row_numbers,
        )

        table = read_table(data)
        chosen = None if features is None else [f for f in split_by_comma(features) if f != category]
        of_rows = row_columns(table, sample_weight=weights, y_err=error)
        grouped = None if category is None else table.place(category)
        apart = [*of_rows.values(), *([] if grouped is None else [grouped])]
        places, explained = select_columns(table, target, chosen, apart, with_text=True)
        X = feature_frame(table, places, grouped, missing != "error")
        y = pd.Series(table.numbers(explained, missing != "error"), name=table.names[explained])
        known = row_numbers(table, of_rows)
        tell_changed(Names.of(names_made(X.iloc[:, : len(places)])), console)
        own_units = column_units(table, places, explained, units)
        estimator = SymbolicRegressor(
            checkpoint=checkpoint or DEFAULT_CHECKPOINT,
            n_candidates=candidates,
            time_limit=time_limit,
            selection=selection,
            guesses=guess or (),
            constant_units=constant_units or constant_units_for(units, own_units),
            device=device,
            random_state=seed,
            n_jobs=jobs,
            loss=loss,
            n_equations=equations,
            missing=missing,
            denoise=denoise,
            template=template,
            constants=constants_in_text(constant or []),
            category=None if grouped is None else len(places),
            stop_when=None if stop_when is None else stop_when_in_text(stop_when),
            shape=shape or (),
            domain=None if domain is None else domain_in_text(domain),
            **_limits(
                define,
                operators=operators, without=without, max_complexity=max_complexity, max_depth=max_depth,
                max_constants=max_constants, complexity=complexity, exponents=exponents, nesting=nesting,
                required=required, forbidden=forbidden, constant_bounds=constant_bounds,
            ),
        )  # fmt: skip
        if resume is not None:
            estimator = resumed(resume, estimator)
        compile_visibly(compile_kernels, say)
        with watched(console, say):
            estimator.fit(X, y, **own_units, **known)
        estimator.warnings_ = notes
    remarks: list[str] = []
    printed = partial(
        print_leaderboard, estimator, shown_equations(estimator), remarks, equation_lines(estimator)
    )
    with told(console), printed_last(printed):
        if report:
            remarks += ["", repr(estimator.report()), ""]
        if output is not None:
            estimator.save(output)
        if plot is not None:
            from nsr.plots import draw

            draw(estimator, X, y, shown(str(y.name)), plot)


@app.command()
def predict(
    result: Annotated[Path, typer.Argument(help="JSON file that `nsr fit` or `nsr ode` wrote with --output")],
    data: Annotated[Path, typer.Argument(help=_DATA_HELP)],
    row: Annotated[int | None, typer.Option(help=_ROW_HELP)] = None,
    interval: Annotated[
        float | None, typer.Option(help="probability, such as 0.95: also bounds of new observations")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="CSV file to write; default: standard output")] = None,
    define: Annotated[list[str] | None, typer.Option(help=_DEFINE_HELP)] = None,
) -> None:
    """Write predictions of an equation, or a simulation, for the rows of a table with the same columns."""
    from rich.console import Console

    from nsr.data.reading import read_table
    from nsr.data.writing import check_output, write_whole
    from nsr.results import load, predictions

    _define(define)
    if output is not None:
        check_output(output, [result, data])
    with told(Console(stderr=True)):
        found = load(result)
        told_of = predictions(found, read_table(data), row, interval)
        text = told_of.to_csv(index=False, lineterminator="\n")
    if output is None:
        sys.stdout.write(text)
    else:
        write_whole(output, text)


@app.command()
def show(
    result: Annotated[
        Path, typer.Argument(help="JSON file that `nsr fit`, `nsr ode` or `nsr pde` wrote with --output")
    ],
    row: Annotated[int | None, typer.Option(help=_ROW_HELP)] = None,
    form: Annotated[str | None, typer.Option("--format", help=_FORMAT_HELP)] = None,
    group: Annotated[str | None, typer.Option(help="of a fit by --category: one group")] = None,
    output: Annotated[Path | None, typer.Option(help="file to write; default: standard output")] = None,
    define: Annotated[list[str] | None, typer.Option(help=_DEFINE_HELP)] = None,
) -> None:
    """Show a result again: its leaderboard, a row of it, or either in another language."""
    from rich.console import Console

    from nsr.data.writing import check_output, write_whole
    from nsr.results import load
    from nsr.showing import group_of, in_format

    _define(define)
    if output is not None:
        check_output(output, [result])
    with told(Console(stderr=True)):
        width = Console().width if sys.stdout.isatty() and output is None else 10_000
        found = load(result) if group is None else group_of(load(result), group)
        written = in_format(found, form, row, width)
    if output is not None:
        write_whole(output, written)
    elif isinstance(written, bytes):
        raise ValueError(f"--format {form} is not text: give a file with --output")
    else:
        sys.stdout.write(written)


@app.command()
def ode(
    data: Annotated[Path, typer.Argument(help=_DATA_HELP)],
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
        str | None, typer.Option(help="of library, systems, functions, variation, by comma; default: all")
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
    missing: Annotated[
        str, typer.Option(help="empty states: error (default), drop (leave times out) or impute (in time)")
    ] = "error",
    known: Annotated[
        list[str] | None, typer.Option(help="what is known of an equation: 'dS/dt = P - f(S)', f to be found")
    ] = None,
    define: Annotated[list[str] | None, typer.Option(help=_DEFINE_HELP)] = None,
    operators: Annotated[str | None, typer.Option(help=_OPERATORS_HELP)] = None,
    without: Annotated[str | None, typer.Option(help=_WITHOUT_HELP)] = None,
    max_complexity: Annotated[float | None, typer.Option(help=_COMPLEXITY_HELP)] = None,
    max_depth: Annotated[int | None, typer.Option(help=_DEPTH_HELP)] = None,
    max_constants: Annotated[int | None, typer.Option(help=_CONSTANTS_HELP)] = None,
    exponents: Annotated[str | None, typer.Option(help=_EXPONENTS_HELP)] = None,
    nesting: Annotated[str | None, typer.Option(help=_NESTING_HELP)] = None,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="same seed, same result")] = 0,
    device: Annotated[str, typer.Option(help=_DEVICE_HELP)] = "auto",
    equations: Annotated[int, typer.Option(min=1, help=_EQUATIONS_HELP)] = 12,
    stop_when: Annotated[str | None, typer.Option(help=_STOP_HELP)] = None,
    resume: Annotated[Path | None, typer.Option(help=_RESUME_HELP)] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for `nsr show` and `nsr.load`")] = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the simulation over the data")] = None,
) -> None:
    """Find equations of motion behind observed trajectories."""
    from rich.console import Console

    from nsr.clock import check_time_limit

    console = Console(stderr=True)
    check_time_limit(time_limit)
    check_written(output, plot, data)
    with status(console) as say, told(console) as notes:
        from nsr.data.column_units import split_by_comma
        from nsr.ode import ODERegressor
        from nsr.ode.compiling import compile_ode_kernels
        from nsr.ode.plots import plot_simulation
        from nsr.ode.tables import read_trajectories
        from nsr.results import resumed
        from nsr.showing import equation_lines, shown_equations
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
            known=known or (),
            stop_when=None if stop_when is None else stop_when_in_text(stop_when),
            **_limits(
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
                observed.clocks(time), observed.states, observed.inputs, observed.category, observed.weights
            )
        estimator.names_, estimator.warnings_ = observed.with_columns(estimator.names_), notes
    printed = partial(print_leaderboard, estimator, shown_equations(estimator), (), equation_lines(estimator))
    with told(console), printed_last(printed):
        if output is not None:
            estimator.save(output)
        if plot is not None:
            plot_simulation(
                estimator, observed.times, observed.states, plot, observed.inputs, observed.category
            )


app.command()(pde)


def _define(definitions: Sequence[str] | None) -> None:
    """Adds the user's own operators."""
    if definitions:
        from nsr.expressions.definitions import define

        for definition in definitions:
            define(definition)


def _limits(definitions: Sequence[str] | None, **texts: str | float | None) -> dict[str, Any]:
    """Parameters that say which equations are allowed, once the user's own operators are known."""
    from nsr.data.limits_in_text import limits_in_text

    _define(definitions)
    return limits_in_text(**texts)


def main() -> None:
    """Runs the command.

    Bad input ends with one line on standard error and exit code 2, an interrupt before there is a result, or
    while it is written, with one line and 130; whoever closes standard output early is left in peace.
    """
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_CLOSED_PIPE
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except _USAGE_ERROR as error:
        code = _refused(error.format_message())
    except (ValueError, OSError) as error:
        code = _refused(str(error))
    if code == EXIT_INTERRUPTED:  # which typer may also return
        print(_INTERRUPTED, file=sys.stderr)
    sys.exit(code)


def _refused(message: str) -> int:
    """Prints a message in one line."""
    print(f"nsr: {shown(in_options(' '.join(message.split())))}", file=sys.stderr)
    return EXIT_BAD_INPUT
