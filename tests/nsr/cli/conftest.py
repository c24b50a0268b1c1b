import sys

import pandas as pd
import pytest
from guessing import guess_instead
from untrained import save_untrained

from nsr import cli


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    return save_untrained(tmp_path_factory.mktemp("cli") / "untrained")


@pytest.fixture
def nsr(monkeypatch, capsys, checkpoint):
    """Runs the command in this process; gives exit code, standard output and standard error."""

    def run(*arguments):
        words = ["nsr", *map(str, arguments)]
        if "fit" in words and "--checkpoint" not in words:
            words += ["--checkpoint", checkpoint, "--candidates", "32"]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def table(tmp_path, rng):
    frame = pd.DataFrame({"mass (kg)": rng.uniform(1, 2, 40), "height": rng.uniform(1, 5, 40)})
    frame["energy"] = 2 * frame["mass (kg)"] * frame["height"]
    path = tmp_path / "energy.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def guessed(monkeypatch):
    return guess_instead(monkeypatch)


@pytest.fixture
def unsearched(monkeypatch):
    """Makes a search an error: what is refused is refused before."""

    def search(*_, **__):
        raise AssertionError("the search has begun")

    monkeypatch.setattr("nsr.regressor.SymbolicRegressor.fit", search)
    monkeypatch.setattr("nsr.ode.regressor.ODERegressor.fit", search)
