"""What a search has found, as rows and texts that a page shows."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from nsr.app.jobs import FunctionJob, Job
from nsr.data.notes import kept_notes
from nsr.export.html import equation_html
from nsr.export.leaderboard import share
from nsr.live import headline
from nsr.progress import Progress
from nsr.refinement.digits import with_error

if TYPE_CHECKING:
    from nsr.ode.regressor import ODERegressor
    from nsr.regressor import SymbolicRegressor

    Estimator: TypeAlias = SymbolicRegressor | ODERegressor

# Languages to copy an equation in, by what `nsr show --format` calls them.
LANGUAGES = {"LaTeX": "latex", "Python": "python", "Excel": "excel"}
_DOTS_PER_INCH = 110
_ANY_WIDTH = 10_000


@dataclass(frozen=True)
class FrontLine:
    """A row of the front, of a search that goes on or has ended.

    Attributes:
        complexity: Of the equation.
        unexplained: Share of the target that it leaves, as text.
        html: The equation; typeset once the search has ended.
        note: A name that it has, or a warning.
        is_best: Whether it is the chosen one.
    """

    complexity: int
    unexplained: str
    html: str
    note: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class Finding:
    """An equation, or a system, of the front.

    Attributes:
        html: Typeset, one text for each equation.
        lines: The same as `nsr show` prints it, with what its constants are.
        constants: A row for each constant, by the columns' headings.
        texts: In languages to copy it in, by their names; what cannot be written says why.
        cells: Which cells of a spreadsheet its formula takes for which columns; empty for systems.
    """

    html: tuple[str, ...]
    lines: tuple[str, ...]
    constants: tuple[dict[str, str], ...]
    texts: dict[str, str]
    cells: str


def live_lines(progress: Progress) -> list[FrontLine]:
    """The front so far, from simple to accurate."""
    return [
        FrontLine(
            row.complexity,
            share(row.unexplained),
            escape(row.equation),
            is_best=row.equation == progress.equation,
        )
        for row in progress.front
    ]


def live_headline(progress: Progress) -> str:
    """How far a search is, in one line."""
    return headline(progress, progress.seconds)


def front_lines(job: Job) -> list[FrontLine]:
    """The front of a search that has ended."""
    estimator = job.estimator
    front, equations = estimator.equations_, estimator._shown(equation_html)
    notes = [
        ", ".join(str(row[column]) for column in ("name", "warning") if row.get(column))
        for row in front.to_dict("records")
    ]
    return [
        FrontLine(
            int(front["complexity"].iloc[place]),
            share(1 - float(front["r2"].iloc[place])),
            "<br>".join(lines),
            escape(notes[place]),
            place == estimator.best_index_,
        )
        for place, lines in enumerate(equations)
    ]


def finding(job: Job, row: int) -> Finding:
    """A row of the front in full."""
    from nsr.showing import equation_lines

    estimator = job.estimator
    # Equations of motion have their left sides already.
    left = f"{escape(str(job.columns.y.name))} = " if isinstance(job, FunctionJob) else ""
    with kept_notes() as cells:
        texts = {name: _text(estimator, language, row) for name, language in LANGUAGES.items()}
    return Finding(
        tuple(left + line for line in estimator._shown(equation_html)[row]),
        tuple(equation_lines(estimator, row)),
        tuple(_constants(estimator, row)),
        texts,
        "; ".join(cells),
    )


def summary(job: Job) -> str:
    """How a search went, in one line."""
    estimator = job.estimator
    if not hasattr(estimator, "n_tried_"):
        n_systems = len(estimator.equations_)
        return "1 system" if n_systems == 1 else f"{n_systems} systems"
    said = {
        "answered": "an equation leaves nothing to look for",
        "exhausted": "nothing got better",
        "time": "the time is up",
        "stopped": "stopped",
    }
    ended = said.get(estimator.ended_, estimator.ended_)
    return f"{ended}, after {estimator.seconds_:.1f} s and {estimator.n_tried_:,} equations"


def picture(job: Job, row: int) -> bytes:
    """What a row of the front says of the data, as PNG.

    Raises:
        ValueError: If matplotlib is not installed.
    """
    written = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # of names in whatever writing
            job.figure(row).savefig(written, dpi=_DOTS_PER_INCH, format="png")
    except ImportError:
        raise ValueError("pictures need matplotlib: pip install 'nsr[app]'") from None
    return written.getvalue()


def _constants(estimator: Estimator, row: int) -> list[dict[str, str]]:
    table = estimator.constants_
    if "equation" in table:
        table = table[table["equation"] == row].drop(columns="equation")
    elif row != estimator.best_index_:  # of systems only the chosen one has errors
        return []
    told = []
    for one in table.to_dict("records"):
        numbers = {name: one.pop(name) for name in ("value", "error", "low", "high")}
        interval = f"{numbers['low']:.6g} to {numbers['high']:.6g}"
        words = {str(name): str(word) for name, word in one.items() if str(word)}
        told.append(
            {**words, "value": with_error(numbers["value"], numbers["error"]), "95 % interval": interval}
        )
    return told


def _text(estimator: Estimator, language: str, row: int) -> str:
    """An equation in a language, or why it cannot be written in it."""
    from nsr.showing import in_format

    try:
        return str(in_format(estimator, language, row, _ANY_WIDTH)).rstrip("\n")
    except ValueError as error:
        return f"({error})"
