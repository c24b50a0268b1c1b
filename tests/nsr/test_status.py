import os
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from nsr import kernels
from nsr.console import compile_visibly, status


class Terminal:
    """A console that keeps what its status says."""

    is_terminal = True

    def __init__(self):
        self.said = []

    @contextmanager
    def status(self, text):
        self.said.append(text)
        yield SimpleNamespace(update=self._update)

    def _update(self, text=None, spinner=None):
        if text is not None:
            self.said.append(text)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_terminal_is_told_what_is_going_on_and_that_a_first_fit_compiles(monkeypatch, is_first):
    monkeypatch.setattr(kernels, "are_compiled", lambda: not is_first)
    console = Terminal()
    with status(console) as say:
        compile_visibly(lambda: console.said.append("compiled"), say)
        say("searching")
    assert console.said[0] == "loading"
    assert any(text.startswith("compiling, as this is the first fit") for text in console.said) == is_first
    assert console.said[-2:] == ["compiled", "searching"]


def test_a_pipe_is_told_nothing():
    console = SimpleNamespace(is_terminal=False)  # which has no status
    with status(console) as say:
        say("searching")


@pytest.mark.parametrize("command", ["fit", "ode"])
def test_the_terminal_is_told_before_anything_that_takes_long_is_loaded(command, tmp_path):
    column = "--target" if command == "fit" else "--time"
    arguments = ["nsr", command, str(tmp_path / "absent.csv"), column, "y"]
    code = f"""
import os, sys

class Ending:
    def find_spec(name, path=None, target=None):
        if name in ("numpy", "numba", "pandas", "sklearn", "torch"):
            os.write(2, b"then numbers")
            os._exit(0)

sys.meta_path.insert(0, Ending)
sys.argv = {arguments}
from nsr.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "FORCE_COLOR": "1"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "loading" in done.stderr
    assert done.stderr.endswith("then numbers")
