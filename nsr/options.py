"""Arguments and options of commands, each with its help, and what some of them say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[
    Path,
    typer.Argument(
        help="table with a header: separated text (.gz, too), .xlsx or .parquet; - for standard input"
    ),
]
Features = Annotated[str | None, typer.Option(help="columns to use, by comma; default: all")]
Units = Annotated[
    str | None, typer.Option(help="units of the columns and the target: 'mass=kg,v=m/s,energy=J'")
]
ConstantUnits = Annotated[
    str | None, typer.Option(help="with units, whether constants are dimensionless (default) or free")
]
Guess = Annotated[list[str] | None, typer.Option(help="an equation to begin with: 'a*mass + b'")]
Loss = Annotated[
    str,
    typer.Option(help="auto, squared_error, absolute_error, huber, poisson or gamma (relative errors)"),
]
Weights = Annotated[str | None, typer.Option(help="column of weights of the rows")]
Error = Annotated[str | None, typer.Option(help="column of standard deviations of the target's errors")]
MissingCells = Annotated[
    str,
    typer.Option(help="empty cells: error (default), drop (their rows are left out) or impute (by medians)"),
]
Template = Annotated[
    str | None,
    typer.Option(
        help="the form of the equation, with parts to be found: 'f(mass)*exp(-g(speed, height)) + c'"
    ),
]
Constant = Annotated[
    list[str] | None,
    typer.Option(help="a constant of known value: 'g=9.81', 'g=9.81 m/s^2', 'c=scipy' or 'm=electron mass'"),
]
Category = Annotated[
    str | None, typer.Option(help="column of groups, in which the law's constants may differ")
]
Define = Annotated[
    list[str] | None, typer.Option(help="an operator of your own: 'lorentz(v) = 1/sqrt(1 - v**2)'")
]
Operators = Annotated[
    str | None,
    typer.Option(help="operators and groups that equations may have, by comma: 'arithmetic,exp,sqrt'"),
]
Without = Annotated[
    str | None, typer.Option(help="operators and groups that they may not have: 'trigonometric'")
]
MaxComplexity = Annotated[float | None, typer.Option(help="largest complexity of an equation")]
MaxDepth = Annotated[int | None, typer.Option(help="levels of an equation at most: x is one, sin(x) two")]
MaxConstants = Annotated[int | None, typer.Option(help="constants in an equation at most")]
Required = Annotated[str | None, typer.Option(help="columns that every equation has, by comma")]
Forbidden = Annotated[str | None, typer.Option(help="columns that no equation has, by comma")]
Complexity = Annotated[
    str | None, typer.Option(help="costs of operators and leaves: 'sin=3,mass=2,constant=1'")
]
Exponents = Annotated[str | None, typer.Option(help="exponents of powers, roots and ratios: '-2,-1,0.5,2'")]
Nesting = Annotated[
    str | None,
    typer.Option(
        help="how often a function may stand in another, as it is written: 'exp(exp)=0,exp(sin)=0'; "
        "'add' and 'sub' are both any sum or difference"
    ),
]
MaxArgument = Annotated[
    str | None, typer.Option(help="largest complexity of an argument of functions: 'exp=5,sin=3'")
]
ConstantBounds = Annotated[str | None, typer.Option(help="smallest and largest constant: '-10,10'")]
Shape = Annotated[
    list[str] | None,
    typer.Option(help="what is known of f: 'f >= 0', 'increasing in x', 'even in x', 'f -> 0 as x -> inf'"),
]
Domain = Annotated[
    list[str] | None, typer.Option(help="range of a column in which shape holds: 'dose=0,100'")
]
Candidates = Annotated[int, typer.Option(min=1, help="equations to ask the network for")]
Selection = Annotated[str, typer.Option(help="which equation to choose: auto, accuracy, score, best")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="same seed, same result")]
Checkpoint = Annotated[str | None, typer.Option(help="name of a shipped checkpoint, or a folder")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0, mps ...")]
Jobs = Annotated[int | None, typer.Option(help="processes that search; -1 for one on each core")]
Equations = Annotated[int, typer.Option(min=1, help="equations to show at most")]
StopWhen = Annotated[
    str | None, typer.Option(help="when an equation is good enough: 'exact', or 'r2=0.99,complexity=10'")
]
Resume = Annotated[Path | None, typer.Option(help="result of an earlier fit to begin with")]
Output = Annotated[Path | None, typer.Option(help="JSON file for `nsr predict`, `nsr show` and `nsr.load`")]
Result = Annotated[
    Path, typer.Argument(help="JSON file that `nsr fit`, `nsr ode` or `nsr pde` wrote with --output")
]
Row = Annotated[int | None, typer.Option(help="of the front, from 0; default: the chosen one")]
MissingStates = Annotated[
    str, typer.Option(help="empty states: error (default), drop (leave times out) or impute (in time)")
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="of a row: latex, sympy, python, numpy, jax, c, excel, matlab, julia or onnx; "
        "of the front: latex-table or html",
    ),
]


def add_operators(definitions: Sequence[str] | None) -> None:
    """Adds the user's own operators."""
    if definitions:
        from nsr.expressions.definitions import define

        for definition in definitions:
            define(definition)


def limits(definitions: Sequence[str] | None, **texts: str | float | None) -> dict[str, Any]:
    """Parameters that say which equations are allowed, once the user's own operators are known."""
    from nsr.data.limits_in_text import limits_in_text

    add_operators(definitions)
    return limits_in_text(**texts)


def check_written(output: Path | None, plot: Path | None, data: Path) -> None:
    """Raises before any work is done where a file or a picture could not be written."""
    from nsr.data.writing import check_output

    if output is not None:
        check_output(output, [data])
    if plot is None:
        return
    from nsr.export.pictures import check_picture

    check_picture(plot)
    check_output(plot, [data])
    if output is not None and plot.resolve() == output.resolve():
        raise ValueError(f"--output and --plot are both {plot}; give each its own name")
