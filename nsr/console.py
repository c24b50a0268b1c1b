"""What the command shows: what is going on and notes on standard error, the result on standard output."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nsr.data.notes import listed

if TYPE_CHECKING:
    from nsr.data.names import Names

EXIT_INTERRUPTED = 130
# Notes that are shown: the first few, and the last one, which is about the result.
_MOST_NOTES = 5
# Characters of each end of a long message, and of the beginning of a column's name.
_SHOWN, _SHOWN_OF_A_NAME = 1_000, 100
# Options of the command by the parameters that messages speak of, where they are called otherwise.
_OPTIONS = {
    "random_state": "seed",
    "n_equations": "equations",
    "n_candidates": "candidates",
    "sample_weight": "weights",
    "y_err": "error",
    "X_units": "units",
    "y_units": "units",
    "warm_start": "resume",
    "guesses": "guess",
    "n_jobs": "jobs",
}
_GIVEN = re.compile(r"(?<![\w'\"=.-])([A-Za-z_]+)=('[^']*'|\"[^\"]*\"|[\w.]+|(?=[\s,;:)]|$))")
_ALONE = re.compile(r"(?<![\w'\"`.-])(report\(\)|[A-Za-z]+_[a-z_]+)(?![\w'\"`(=])")
_SAME_NAMES = (
    "time_limit", "constant_units", "max_complexity", "max_depth", "max_constants", "constant_bounds",
    "stop_when", "missing", "loss", "category", "selection", "template", "denoise", "shape", "domain",
    "required", "forbidden", "operators", "without", "max_argument",
    "conserved", "order", "inputs", "explicit_time", "discrete", "known",
)  # fmt: skip
_PARAMETERS = frozenset((*_SAME_NAMES, *_OPTIONS))


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
    from nsr.kernels import are_compiled

    if not are_compiled():
        say("compiling, as this is the first fit on this machine (about 12 s)")
    compile_all()


@contextlib.contextmanager
def told(console: Any) -> Iterator[list[str]]:
    """Warnings become notes on the console, the first few at once, and are kept in the list."""
    kept: list[str] = []

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in kept:
            kept.append(str(message))
            if len(kept) < _MOST_NOTES:
                tell(console, str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        try:
            yield kept
        finally:
            if len(kept) > _MOST_NOTES:
                tell(console, f"{len(kept) - _MOST_NOTES} more notes are in the result that --output writes")
            if len(kept) >= _MOST_NOTES:
                tell(console, kept[-1])


def tell_changed(names: Names, console: Any) -> None:
    """Notes which columns have other names in equations."""
    for note in changed(names):
        tell(console, note)


def changed(names: Names) -> list[str]:
    """A note of the columns that have other names in equations; none if there are no such."""
    if len(names.changed) == 1:
        ((column, name),) = names.changed
        return [f"column {_quoted(column)} is written {name} in equations"]
    said = listed([f"{_quoted(column)} as {name}" for column, name in names.changed])
    return [f"columns are written otherwise in equations: {said}"] if said else []


def _quoted(column: str) -> str:
    return repr(column) if len(column) <= _SHOWN_OF_A_NAME else f"{column[:_SHOWN_OF_A_NAME]!r}..."


def tell(console: Any, message: str) -> None:
    """Prints a note."""
    text = f"note: {shortened(shown(in_options(message)))}"
    console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def in_options(message: str) -> str:
    """A message to users of Python as one to users of the command: parameters become its options."""

    def given(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in _PARAMETERS:
            return match[0]
        return _option(name) if value in {"", "True"} else f"{_option(name)} {value.strip(chr(39) + chr(34))}"

    def alone(match: re.Match[str]) -> str:
        if match[1] == "report()":
            return "--report"
        return _option(match[1]) if match[1] in _PARAMETERS else match[0]

    return _ALONE.sub(alone, _GIVEN.sub(given, message))


def _option(parameter: str) -> str:
    return f"--{_OPTIONS.get(parameter, parameter).replace('_', '-')}"


def shown(text: str) -> str:
    """Text of a file as a terminal may show it: without what would control the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortened(text: str) -> str:
    """A message of which one sees beginning and end, however long what it quotes is."""
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]} ... {text[-_SHOWN:]}"


@contextlib.contextmanager
def printed_last(print_result: Callable[[], None]) -> Iterator[None]:
    """Prints a result after it was written, as nobody may be left to read it; also where writing fails."""
    try:
        try:
            yield
        finally:
            print_result()
    except KeyboardInterrupt:
        print("nsr: interrupted before everything was written", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
