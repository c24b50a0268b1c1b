import io
import sys
import types

import pytest
from rich.console import Console
from rich.spinner import Spinner

from nsr.live import LiveNotebook, LiveStatus, shown
from nsr.progress import FrontRow, Progress, current_watcher, watched_by


def drawn(live, width=80):
    """What stands beside the spinner."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    console.print(Spinner("dots", live))
    return [line[2:].rstrip() for line in console.file.getvalue().splitlines()]


def test_it_says_what_is_at_work_and_the_best_so_far(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("nsr.live.time.monotonic", lambda: now[0])
    live = LiveStatus()
    assert drawn(live) == ["beginning"]
    live(Progress("families", seconds=2.0, time_limit=30.0))
    now[0] += 10.3
    assert drawn(live) == ["families, 12 of 30 s"]
    live(Progress("network, evolution", "2*x_0 + 1", 0.0321, 5, 1234, 12.0, 30.0))
    assert drawn(live) == [
        "network, evolution, 12 of 30 s, 1,234 tried, unexplained 0.0321",
        "*   5     0.0321  2*x_0 + 1",
    ]
    front = [FrontRow(n, 1 / n, f"{n}*x_0") for n in range(1, 20)]
    live(Progress("evolution", "9*x_0", 0.1, 9, 20, 1.0, 30.0, tuple(front)))
    lines = drawn(live)[1:]  # what explains hardly more than others is left out, but for the best
    assert [line.split()[-1] for line in lines] == [f"{n}*x_0" for n in (1, 2, 3, 4, 6, 8, 9, 12, 16)][-8:]
    assert [line.startswith("*") for line in lines].index(True) == 5


def test_long_equations_end_where_the_terminal_does():
    live = LiveStatus()
    live(Progress("evolution", "sin(" * 50 + "x_0" + ")" * 50, 0.5))
    lines = drawn(live, width=40)
    assert len(lines) == 2
    assert "sin(sin(" in lines[1]
    assert lines[1].endswith("…")
    assert max(map(len, lines)) == 38


def test_names_that_look_like_markup_are_shown_as_they_are():
    live = LiveStatus()
    live(Progress("families", "a[red]b", 0.5))
    assert drawn(live)[1].endswith("a[red]b")


def test_nobody_watches_after_a_fit_that_fails():
    live = LiveStatus()
    with pytest.raises(ZeroDivisionError), watched_by(live):
        1 / (current_watcher() is not live)
    assert current_watcher() is None


def test_in_a_pipe_there_is_a_line_for_each_better_equation(capsys):
    with shown(True) as watcher:
        for equation in ("x", "x", "2*x"):
            watcher(Progress("families", equation, 0.5, 1, 7, 1.0, 30.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "families, 1 of 30 s, 7 tried, unexplained 0.5: x",
        "families, 1 of 30 s, 7 tried, unexplained 0.5: 2*x",
    ]  # fmt: skip
    with shown(False) as watcher:
        assert watcher is None


def test_a_notebook_has_a_place_that_is_written_anew(monkeypatch):
    drawn, now = [], [100.0]

    class Place:
        def update(self, text):
            drawn.append(text)

    module = types.ModuleType("IPython.display")
    module.HTML, module.display = str, lambda *_, display_id: Place()
    kernel = type("ZMQInteractiveShell", (), {})()
    shell = types.ModuleType("IPython")
    shell.get_ipython = lambda: kernel
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr("nsr.live.time.monotonic", lambda: now[0])
    with shown(True) as watcher:
        assert isinstance(watcher, LiveNotebook)
        for equation in ("a<b", "never", "c"):
            watcher(Progress("families", equation, 0.5, 1, 7, 1.0, 30.0))
            now[0] += 0.3
    first, second, last = drawn
    assert "a&lt;b" in first
    assert ">c<" in second
    assert "7 tried" in second
    assert last == ""
