"""What is shown while a fit goes on: what is at work, for how long, and the best equations so far."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from nsr.export.leaderboard import share
from nsr.progress import FrontRow, Progress, Watcher

if TYPE_CHECKING:
    from rich.text import Text

# Equations of the front that are shown: the most accurate of those that leave less than this share of what
# the one before leaves.
_MOST_ROWS, _CLEARLY = 8, 0.8
# Seconds between two pictures in a notebook.
_EVERY = 0.5


class LiveStatus:
    """Text that is written anew whenever the terminal draws it, beside a spinner.

    Rich draws from a thread of its own: it finds one frozen `Progress`, which is replaced as a whole.
    """

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        """Takes note of how far the fit is."""
        self._told = time.monotonic()
        self._progress = progress

    def __rich__(self) -> Text:
        """The leaderboard under a line that says how far the fit is; lines end where the terminal does."""
        from rich.text import Text

        progress = self._progress
        if progress is None:
            return Text("beginning")
        since = time.monotonic() - self._told
        lines = [headline(progress, progress.seconds + since), *map(_line, _rows(progress))]
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")


class LiveNotebook:
    """The same in a notebook, in a place of its own that is written anew."""

    def __init__(self) -> None:
        from IPython.display import HTML, display

        self._html = HTML
        self._place: Any = display(HTML("beginning"), display_id=True)
        self._drawn = -_EVERY

    def __call__(self, progress: Progress) -> None:
        """Draws how far the fit is, unless that was done a moment ago."""
        if time.monotonic() - self._drawn < _EVERY:
            return
        self._drawn = time.monotonic()
        self._place.update(self._html(as_html(progress)))

    def clear(self) -> None:
        """Leaves nothing behind: the fitted estimator shows its own leaderboard."""
        self._place.update(self._html(""))


class Lines:
    """A line on standard error for each better equation, where nothing can be written anew."""

    def __init__(self) -> None:
        self._equation = ""

    def __call__(self, progress: Progress) -> None:
        """Writes the best equation if it is a new one."""
        if progress.equation != self._equation:
            self._equation = progress.equation
            print(f"{headline(progress, progress.seconds)}: {progress.equation}", file=sys.stderr)


@contextmanager
def shown(is_wanted: bool) -> Iterator[Watcher | None]:
    """What shows how far a fit is, in a notebook, on a terminal or in a pipe; None where nobody wants it."""
    if not is_wanted:
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    if _is_notebook():
        notebook = LiveNotebook()
        yield notebook
        notebook.clear()
    elif (console := Console(stderr=True)).is_terminal:
        status = LiveStatus()
        with Live(Spinner("dots", status), console=console, transient=True, refresh_per_second=8):
            yield status
    else:
        yield Lines()


def headline(progress: Progress, seconds: float) -> str:
    """One line: `families, 3 of 30 s, 1,234 tried, unexplained 0.01`."""
    line = f"{progress.at_work}, {seconds:.0f} of {progress.time_limit:.3g} s"
    if progress.n_tried:
        line += f", {progress.n_tried:,} tried"
    return f"{line}, unexplained {share(progress.unexplained)}" if progress.equation else line


def as_html(progress: Progress) -> str:
    """The leaderboard so far as HTML."""
    rows = "".join(
        f"<tr><td>{mark}</td><td>{row.complexity}</td><td>{share(row.unexplained)}</td>"
        f"<td style='text-align: left'>{escape(row.equation)}</td></tr>"
        for mark, row in _rows(progress)
    )
    head = "<tr><th></th><th>complexity</th><th>unexplained</th><th>equation</th></tr>"
    return f"<div>{escape(headline(progress, progress.seconds))}</div><table>{head}{rows}</table>"


def _rows(progress: Progress) -> list[tuple[str, FrontRow]]:
    """What is shown of the front: the best equation, with a star, and what explains clearly more."""
    if not progress.equation:
        return []
    best = FrontRow(progress.complexity, progress.unexplained, progress.equation)
    shown_rows: list[tuple[str, FrontRow]] = []
    for row in progress.front or (best,):
        is_best = row.equation == best.equation
        if is_best or not shown_rows or row.unexplained < _CLEARLY * shown_rows[-1][1].unexplained:
            shown_rows.append(("*" if is_best else " ", row))
    return shown_rows[-_MOST_ROWS:]


def _line(marked: tuple[str, FrontRow]) -> str:
    mark, row = marked
    return f"{mark} {row.complexity:>3}  {share(row.unexplained):>9}  {row.equation}"


def _is_notebook() -> bool:
    """Whether a kernel of Jupyter runs this."""
    shell = sys.modules.get("IPython")
    own = shell.get_ipython() if shell is not None else None
    return own is not None and own.__class__.__name__ == "ZMQInteractiveShell"
