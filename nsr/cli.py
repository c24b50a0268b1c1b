"""The command line: `nsr fit`, `nsr predict`, `nsr show`; others in their own files."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from nsr.console import (
    EXIT_INTERRUPTED,
    compile_visibly,
    in_options,
    printed_last,
    shortened,
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

    from nsr import cli_app, options
    from nsr.cli_fields import pde
    from nsr.cli_guess import guess
    from nsr.cli_ode import ode
    from nsr.cli_understanding import discover, explain
except KeyboardInterrupt:  # Ctrl-C while the command is still being loaded
    print(_INTERRUPTED, file=sys.stderr)
    sys.exit(EXIT_INTERRUPTED)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
# What typer raises for a wrong option, from the click that it uses, its own or the installed one.
_USAGE_ERROR: Any = typer.BadParameter.__base__

# What libraries say, in errors of other kinds, where there is no memory left to load them, or for them.
_NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't allocate memory")

# Of a process whose addresses are limited (ulimit -v): with less, compiled libraries abort, or load for ever.
_LEAST_MEBIBYTES = 1200


def _print_version(wanted: bool) -> None:
    """Prints which release is installed, and ends."""
    if wanted:
        from importlib.metadata import version

        print(f"nsr {version('nsr')}")
        raise typer.Exit


@app.callback()
def _before_commands(
    version: Annotated[  # noqa: ARG001 (typer reads it)
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="show it and exit")
    ] = False,
) -> None:
    """NSR: data in, equation out."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _LEAST_MEBIBYTES * 2**20:
        raise ValueError(
            f"a process may have {limit >> 20} MiB of memory here, and nsr needs {_LEAST_MEBIBYTES}: "
            "raise the limit, for example with ulimit -v"
        )


@app.command()
def fit(
    data: options.Data,
    target: Annotated[str, typer.Option(help="column to explain")],
    features: options.Features = None,
    units: options.Units = None,
    constant_units: options.ConstantUnits = None,
    guess: options.Guess = None,
    loss: options.Loss = "auto",
    weights: options.Weights = None,
    error: options.Error = None,
    missing: options.MissingCells = "error",
    denoise: Annotated[
        bool, typer.Option("--denoise", help="search in the smoothed target; constants are of the raw one")
    ] = False,
    template: options.Template = None,
    constant: options.Constant = None,
    category: options.Category = None,
    define: options.Define = None,
    operators: options.Operators = None,
    without: options.Without = None,
    max_complexity: options.MaxComplexity = None,
    max_depth: options.MaxDepth = None,
    max_constants: options.MaxConstants = None,
    required: options.Required = None,
    forbidden: options.Forbidden = None,
    complexity: options.Complexity = None,
    exponents: options.Exponents = None,
    nesting: options.Nesting = None,
    max_argument: options.MaxArgument = None,
    constant_bounds: options.ConstantBounds = None,
    shape: options.Shape = None,
    domain: options.Domain = None,
    candidates: options.Candidates = 1024,
    time_limit: Annotated[float, typer.Option(help="seconds to search")] = 30.0,
    selection: options.Selection = "auto",
    seed: options.Seed = 0,
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
    jobs: options.Jobs = None,
    equations: options.Equations = 12,
    stop_when: options.StopWhen = None,
    resume: options.Resume = None,
    report: Annotated[
        bool, typer.Option("--report", help="say what is explained, what is left, and what is doubtful")
    ] = False,
    output: options.Output = None,
    plot: Annotated[Path | None, typer.Option(help="picture of the fit, its residuals and the front")] = None,
) -> None:
    """Find equations for a column of a table."""
    from rich.console import Console

    from nsr.clock import check_time_limit

    console = Console(stderr=True)
    check_time_limit(time_limit)
    options.check_written(output, plot, data)
    with status(console) as say, told(console) as notes:
        from nsr.data.nature import constants_in_text
        from nsr.data.shape_wishes import domain_in_text
        from nsr.network.checkpoint import DEFAULT_CHECKPOINT
        from nsr.regressor import SymbolicRegressor
        from nsr.results import resumed
        from nsr.showing import print_leaderboard
        from nsr.solving import make_ready
        from nsr.stopping import stop_when_in_text
        from nsr.table_options import column_units, constant_units_for, read_columns

        columns = read_columns(
            data,
            target,
            features,
            category=category,
            weights=weights,
            error=error,
            may_miss=missing != "error",
            with_text=True,
        )
        tell_changed(columns.names, console)
        own_units = column_units(columns, units)
        estimator = SymbolicRegressor(
            checkpoint=checkpoint or DEFAULT_CHECKPOINT,
            n_candidates=candidates,
            time_limit=time_limit,
            selection=selection,
            guesses=guess or (),
            constant_units=constant_units or constant_units_for(units, own_units, constant or ()),
            device=device,
            random_state=seed,
            n_jobs=jobs,
            loss=loss,
            n_equations=equations,
            missing=missing,
            denoise=denoise,
            template=template,
            constants=constants_in_text(constant or ()),
            category=None if category is None else len(columns.places),
            stop_when=None if stop_when is None else stop_when_in_text(stop_when),
            shape=shape or (),
            domain=None if domain is None else domain_in_text(domain),
            **options.limits(
                define,
                operators=operators, without=without, max_complexity=max_complexity, max_depth=max_depth,
                max_constants=max_constants, complexity=complexity, exponents=exponents, nesting=nesting,
                max_argument=max_argument, required=required, forbidden=forbidden,
                constant_bounds=constant_bounds,
            ),
        )  # fmt: skip
        if resume is not None:
            estimator = resumed(resume, estimator)
        compile_visibly(make_ready, say)
        with watched(console, say):
            estimator.fit(columns.X, columns.y, **own_units, **columns.of_rows)
        estimator.warnings_ = notes
    remarks: list[str] = []
    with told(console), printed_last(partial(print_leaderboard, estimator, remarks)):
        if report:
            remarks += ["", repr(estimator.report()), ""]
        if output is not None:
            estimator.save(output)
        if plot is not None:
            from nsr.plots import draw

            draw(estimator, columns.X, columns.y, shown(str(columns.y.name)), plot)


@app.command()
def predict(
    result: options.Result,
    data: options.Data,
    row: options.Row = None,
    interval: Annotated[
        float | None, typer.Option(help="probability, such as 0.95: also bounds of new observations")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="CSV file to write; default: standard output")] = None,
    define: options.Define = None,
) -> None:
    """Write predictions of an equation, or a simulation, for the rows of a table with the same columns.

    A simulation begins with the first time of the table, later values may be missing.
    """
    from rich.console import Console

    from nsr.data.writing import check_output, write_whole
    from nsr.results import load, predictions

    options.add_operators(define)
    if output is not None:
        check_output(output, [result, data])
    with told(Console(stderr=True)):
        found = load(result)
        told_of = predictions(found, data, row, interval)
        text = told_of.to_csv(index=False, lineterminator="\n")
    if output is None:
        sys.stdout.write(text)
    else:
        write_whole(output, text)


@app.command()
def show(
    result: options.Result,
    row: options.Row = None,
    form: options.Format = None,
    group: Annotated[str | None, typer.Option(help="of a fit by --category: one group")] = None,
    output: Annotated[Path | None, typer.Option(help="file to write; default: standard output")] = None,
    define: options.Define = None,
) -> None:
    """Show a result again: its leaderboard, a row of it, or either in another language."""
    from rich.console import Console

    from nsr.data.writing import check_output, write_whole
    from nsr.results import load
    from nsr.showing import group_of, in_format, line_width

    options.add_operators(define)
    if output is not None:
        check_output(output, [result])
    with told(Console(stderr=True)):
        found = load(result) if group is None else group_of(load(result), group)
        written = in_format(found, form, row, line_width(output is not None))
    if output is not None:
        write_whole(output, written)
    elif isinstance(written, bytes):
        raise ValueError(f"--format {form} is not text: give a file with --output")
    else:
        sys.stdout.write(written)


app.command()(ode)
app.command()(pde)
app.command()(guess)
app.command()(discover)
app.command()(explain)
app.command()(cli_app.app)


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
        code = _refused(error.format_message() + _columns_to_choose(error))
    except ValueError as error:
        code = _refused(str(error))
    except OSError as error:
        code = _refused(str(error) if error.filename is None else f"{error.filename}: {error.strerror}")
    except (MemoryError, ImportError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in _NO_MEMORY):
            raise
        code = _refused(
            "there is not enough memory: give fewer rows or columns, or raise the limit of memory"
        )
    if code == EXIT_INTERRUPTED:  # which typer may also return
        print(_INTERRUPTED, file=sys.stderr)
    sys.exit(code)


def _columns_to_choose(error: Any) -> str:
    """What columns a table has, where the option is missing that names one of them."""
    given = error.ctx.params.get("data") if error.ctx is not None else None
    if given is None or getattr(getattr(error, "param", None), "name", None) not in {"target", "time"}:
        return ""
    import warnings

    from nsr.data.names import listed
    from nsr.data.reading import read_table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f" It names a column; {listed(read_table(given).names)}"
        except (ValueError, OSError):  # which is told once the option is there
            return ""


def _refused(message: str) -> int:
    """Prints a message in one line."""
    print(f"nsr: {shortened(shown(in_options(' '.join(message.split()))))}", file=sys.stderr)
    return EXIT_BAD_INPUT
