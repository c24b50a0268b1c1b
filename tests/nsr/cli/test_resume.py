"""`--resume` and `--stop-when`."""

import json

import numpy as np
import pandas as pd
import pytest

TIMES = np.linspace(0, 5, 40)


@pytest.fixture
def noisy(tmp_path, rng):
    path = tmp_path / "noisy.csv"
    frame = pd.DataFrame({"a": rng.uniform(1, 3, 60), "b": rng.uniform(1, 3, 60)})
    frame["y"] = 2.345 * frame["a"] ** 1.7 * np.sin(frame["b"]) + 0.02 * rng.standard_normal(60)
    frame.to_csv(path, index=False)
    return path


def test_a_fit_goes_on_from_a_result(nsr, noisy, guessed, tmp_path):
    guessed()
    result, again = tmp_path / "result.json", tmp_path / "again.json"
    options = ("fit", noisy, "--target", "y", "--time-limit", "20", "--stop-when", "r2=0.99")
    code, _, err = nsr(*options, "--guess", "p*a**q*sin(b)", "--output", result)
    assert code == 0, err
    code, out, err = nsr(*options, "--resume", result, "--output", again)
    assert code == 0, err
    content = json.loads(again.read_text())
    assert content["ended"] == "stopped"
    assert content["equations"][content["best"]]["r2"] > 0.99
    assert "sin(b)" in out.splitlines()[-2]
    assert content["parameters"]["warm_start"] is True
    assert content["parameters"]["stop_when"] == {"r2": 0.99}


def test_systems_go_on_too(nsr, noisy, tmp_path):
    path, result = tmp_path / "decay.csv", tmp_path / "result.json"
    pd.DataFrame({"t": TIMES, "mass [kg]": 2 * np.exp(-0.7 * TIMES)}).to_csv(path, index=False)
    options = ("ode", path, "--time", "t", "--stages", "library", "--output", result)
    assert nsr(*options)[0] == 0
    code, out, _ = nsr(*options, "--resume", result, "--stop-when", "exact")
    assert code == 0
    assert out.splitlines()[-1].startswith("dmass_kg/dt = -0.7")
    code, _, err = nsr("fit", noisy, "--target", "y", "--resume", result)
    assert code == 2
    assert "result of another kind" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stop-when", "soon"], "must be a number"),
        (["--stop-when", "size=3"], "must be 'exact', or say r2"),
        (["--resume", "nowhere.json"], "there is no file"),
        (["--features", "a", "--resume", "result.json"], "needs its columns, a, b"),
    ],
)
def test_what_cannot_be_meant_is_refused(nsr, noisy, tmp_path, guessed, monkeypatch, options, message):
    guessed("1*x_0")
    monkeypatch.chdir(tmp_path)
    limit = ("--time-limit", "2")
    assert (
        nsr("fit", noisy, "--target", "y", "--stop-when", "r2=0.1", "--output", "result.json", *limit)[0] == 0
    )
    code, out, err = nsr("fit", noisy, "--target", "y", *options, *limit)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
