"""What `nsr show` says of a result: its leaderboard, a row, or either in another language."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from nsr.console import shown
from nsr.data.notes import tell
from nsr.export.excel import cell
from nsr.export.leaderboard import leaderboard
from nsr.refinement.digits import with_error
from nsr.regressor import SymbolicRegressor
from nsr.results import AnyFitted

if TYPE_CHECKING:
    from nsr.fields.regressor import PDERegressor
    from nsr.ode.regressor import ODERegressor

ROW_FORMATS = ("latex", "sympy", "python", "numpy", "jax", "c", "excel", "matlab", "julia", "onnx")
FRONT_FORMATS = ("latex-table", "html")
_DIGITS_OF_SYSTEMS = 6
_NEVER_CUT = 10_000


def line_width(is_file: bool = False) -> int:
    """Characters of a line of standard output; in a pipe or a file equations are never cut."""
    return Console().width if sys.stdout.isatty() and not is_file else _NEVER_CUT


def print_leaderboard(estimator: AnyFitted, remarks: Sequence[str] = ()) -> None:
    """Prints the front, what else there is to say, and the chosen equation or system."""
    sys.stdout.write(_front(estimator, line_width(), remarks))


def in_format(estimator: AnyFitted, name: str | None, row: int | None, width: int) -> str | bytes:
    """A result in some form.

    Args:
        estimator: Fitted.
        name: One of the formats; by default the leaderboard, or the equation of a row.
        row: Of the front; the chosen one by default.
        width: Characters of a line of the leaderboard.

    Raises:
        ValueError: If there is no such format or row, or it cannot be written in it.
    """
    if name is None:
        return _front(estimator, width) if row is None else "\n".join(equation_lines(estimator, row)) + "\n"
    if name in FRONT_FORMATS:
        if row is not None:
            raise ValueError(f"--format {name} is for the whole front: leave out --row")
        return estimator.latex_table() if name == "latex-table" else f"{estimator._repr_html_()}\n"
    if name not in ROW_FORMATS:
        raise ValueError(f"--format {name!r} must be one of {', '.join((*ROW_FORMATS, *FRONT_FORMATS))}")
    if name == "onnx" and not isinstance(estimator, SymbolicRegressor):
        raise ValueError(
            "a system is not one model: in Python nsr.load(path).onnx() gives one for each component"
        )
    written = getattr(estimator, name)(row)
    if name == "excel":
        used = {place for _, expression in estimator._parts(row) for place in expression.variables}
        columns = estimator.names_.columns  # constants of nature, which come after them, have no cells
        own = [place for place in sorted(used) if place < len(columns)]
        if own:
            tell("cells: " + ", ".join(f"{cell(place)} is {columns[place]}" for place in own))
    if isinstance(written, bytes):
        return written
    parts = written if isinstance(written, list) else [written]
    return "\n".join(f"{part}".rstrip("\n") for part in parts) + "\n"


def group_of(estimator: AnyFitted, group: str) -> SymbolicRegressor:
    """The equations of one group.

    Raises:
        ValueError: If there is no such group.
    """
    if not isinstance(estimator, SymbolicRegressor):
        raise ValueError("--group is for results of `nsr fit --category`; this is another result")
    return estimator.of_group(group)


def shown_equations(estimator: AnyFitted) -> list[str]:
    """The front with the digits that are shown, as text."""
    if isinstance(estimator, SymbolicRegressor):
        return estimator.equations("warranted")
    return estimator.equations(_DIGITS_OF_SYSTEMS)


def equation_lines(estimator: AnyFitted, row: int | None = None) -> list[str]:
    """An equation and what its constants are, or the equations of a system; of the chosen row by default."""
    place = estimator.row(row)
    equation = shown_equations(estimator)[place]
    if not isinstance(estimator, SymbolicRegressor):
        return _system_lines(estimator, equation.split("; "), place)
    about = estimator.reports_[place].text
    lines = [f"{estimator.data_.target.name} = {equation}", *([f"  {about}"] if about else [])]
    lines += [f"  {part} = {found}" for part, found in estimator.parts_of(place)]
    if estimator.category_ is not None:
        lines += [f"  {line}" for line in estimator.reports_[place].table(estimator.category_.name)]
        if not estimator.differs(place):
            lines.append(f"  the same in all groups of {estimator.category_.name!r}")
    if place == estimator.best_index_:
        lines += [f"guess {guess.verdict}" for guess in estimator.guesses_ if not guess.is_chosen]
    return [shown(line) for line in lines]


def _system_lines(estimator: ODERegressor | PDERegressor, equations: list[str], place: int) -> list[str]:
    """Equations of states or fields, of the chosen row with what their constants are."""
    lines = []
    for (state, _), equation in zip(estimator._parts(place), equations, strict=True):
        lines.append(equation)
        table = estimator.constants_
        if place == estimator.best_index_ and len(table):
            own = table[table.iloc[:, 0] == state]
            told = map(with_error, own["value"].tolist(), own["error"].tolist())
            of = [f"of {term}: " for term in own["term"]] if "term" in own else [""] * len(own)
            about = ", ".join(map("".join, zip(of, told, strict=True)))
            lines += [f"  constants {about}"] if about else []
    lines += [f"{total} stays constant" for total in getattr(estimator, "conserved_", ())]
    return [shown(line) for line in lines]


def _front(estimator: AnyFitted, width: int, remarks: Sequence[str] = ()) -> str:
    front = leaderboard(estimator.equations_, shown_equations(estimator), estimator.best_index_, width)
    return "\n".join([front, *remarks, *equation_lines(estimator)]) + "\n"
