import io

import pytest
from rich.console import Console
from rich.spinner import Spinner

from nsr.live import LiveStatus
from nsr.progress import Progress, current_watcher, watched_by


def drawn(live, width=80):
    """What stands beside the spinner."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    console.print(Spinner("dots", live))
    return [line[2:].rstrip() for line in console.file.getvalue().splitlines()]


def test_it_says_what_is_at_work_and_the_best_so_far(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("nsr.live.time.monotonic", lambda: now[0])
    live = LiveStatus(30.0)
    assert drawn(live) == ["beginning"]
    live(Progress("families"))
    now[0] += 12.3
    assert drawn(live) == ["families, 12 of 30 s"]
    live(Progress("network, evolution", "2*x_0 + 1", 0.0321))
    assert drawn(live) == ["network, evolution, 12 of 30 s, unexplained 0.0321", "2*x_0 + 1"]


def test_long_equations_end_where_the_terminal_does():
    live = LiveStatus(30.0)
    live(Progress("evolution", "sin(" * 50 + "x_0" + ")" * 50, 0.5))
    lines = drawn(live, width=40)
    assert len(lines) == 2
    assert lines[1].startswith("sin(sin(")
    assert lines[1].endswith("…")
    assert max(map(len, lines)) == 38


def test_names_that_look_like_markup_are_shown_as_they_are():
    live = LiveStatus(30.0)
    live(Progress("families", "a[red]b", 0.5))
    assert drawn(live)[1] == "a[red]b"


def test_nobody_watches_after_a_fit_that_fails():
    live = LiveStatus(1.0)
    with pytest.raises(ZeroDivisionError), watched_by(live):
        1 / (current_watcher() is not live)
    assert current_watcher() is None
