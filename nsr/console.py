"""What the command shows: what is going on and notes on standard error, the result on standard output."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsr.data.names import Names
    from nsr.ode import ODERegressor
    from nsr.regressor import SymbolicRegressor


@contextlib.contextmanager
def status(console: Any) -> Iterator[Callable[[Any], None]]:
    """What says what is going on: beside a spinner on a terminal, not at all in a pipe."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("loading") as spinner:
        spinner.update(spinner="dots")  # draws it now, not when a thread gets its turn among the imports
        yield spinner.update


@contextlib.contextmanager
def watched(console: Any, say: Callable[[Any], None]) -> Iterator[None]:
    """Shows on a terminal how far a search is; in a pipe nobody watches it."""
    if not console.is_terminal:
        yield
        return
    from nsr.live import LiveStatus
    from nsr.progress import watched_by

    live = LiveStatus()
    say(live)
    with watched_by(live):
        yield


def compile_visibly(compile_all: Callable[[], None], say: Callable[[Any], None]) -> None:
    """Compiles what was not compiled before, which takes a while when it is everything."""
    from nsr.evaluate.kernels import are_compiled

    if not are_compiled():
        say("compiling, as this is the first fit on this machine (about 12 s)")
    compile_all()


@contextlib.contextmanager
def told(console: Any) -> Iterator[list[str]]:
    """Warnings become notes on the console, at once, and are kept in the list."""
    kept: list[str] = []

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        kept.append(str(message))
        tell(console, str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield kept


def tell_changed(names: Names, console: Any) -> None:
    """Notes which columns have other names in equations."""
    for column, name in names.changed:
        tell(console, f"column {column!r} is written {name} in equations")


def tell(console: Any, message: str) -> None:
    """Prints a note."""
    console.print(f"note: {shown(message)}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def shown(text: str) -> str:
    """Text of a file as a terminal may show it: without what would control the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def print_leaderboard(
    estimator: SymbolicRegressor | ODERegressor,
    equations: Sequence[str],
    remarks: Sequence[str],
    chosen: Sequence[str],
) -> None:
    """Prints the front, what else there is to say, and the chosen equation or system."""
    from rich.console import Console

    from nsr.export.leaderboard import leaderboard

    console = Console()
    # In a pipe there is no width to fit; equations are never cut.
    width = console.width if sys.stdout.isatty() else 10_000
    front = leaderboard(estimator.equations_, equations, estimator.best_index_, width)
    for text in (front, *remarks, *chosen):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
