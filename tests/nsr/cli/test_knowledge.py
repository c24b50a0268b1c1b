"""`--category`, `--constant` and `--template`: what users know of the equation."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from nsr import load


@pytest.fixture
def springs(tmp_path, rng):
    frame = pd.DataFrame({"batch no": ["A", "B"] * 20, "x": rng.uniform(1, 3, 40)})
    frame["y"] = np.where(frame["batch no"] == "A", 2.345, 5.678) * frame["x"] ** 2
    path = tmp_path / "springs.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_law_by_group_is_fitted_shown_and_applied(nsr, springs, guessed, tmp_path):
    guessed("1*x_0**2")
    result = tmp_path / "result.json"
    options = ("--target", "y", "--category", "batch no", "--time-limit", "3", "--output", result)
    code, out, err = nsr("fit", springs, *options)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[-4] == "y = c0*x**2"
    assert lines[-3].split() == ["batch", "no", "c0"]
    assert lines[-1].startswith("  B         5.678")
    rows = json.loads(result.read_text())
    constants = rows["equations"][rows["best"]]["constants"]
    assert [(one["group"], one["name"]) for one in constants] == [("A", "c0"), ("B", "c0")]

    code, out, _ = nsr("predict", result, springs)
    assert code == 0
    table = pd.read_csv(springs)
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["y"], table["y"])
    picture = tmp_path / "fit.svg"
    assert nsr("fit", springs, *options[:-2], "--plot", picture)[0] == 0
    assert picture.stat().st_size > 1000
    code, out, _ = nsr("show", result, "--group", "B", "--format", "excel")
    assert code == 0
    assert out.startswith("=5.678")
    code, _, err = nsr("show", result, "--format", "excel")
    assert code == 2
    assert "--group" in err
    code, _, err = nsr("show", result, "--group", "C")
    assert code == 2
    assert "no group 'C'; the groups are A, B" in err

    table.loc[3, "batch no"] = "Z"
    table.to_csv(springs, index=False)
    code, _, err = nsr("predict", result, springs)
    assert code == 2
    assert "group 'Z' of column 'batch no' was not in the fit" in err


def test_where_nothing_differs_no_group_is_asked_for(nsr, tmp_path, guessed):
    guessed("1*x_0**2")
    table = pd.DataFrame({"batch": ["A", "B"] * 20, "x": np.linspace(0.5, 4, 40)})
    table["y"] = 2.5 * table["x"] ** 2
    data, result = tmp_path / "table.csv", tmp_path / "result.json"
    table.to_csv(data, index=False)
    options = ("--features", "x,batch", "--category", "batch", "--time-limit", "3", "--output", result)
    code, out, err = nsr("fit", data, "--target", "y", *options)
    assert code == 0, err
    assert "batch_" not in out + err  # no indicators of the column that tells groups
    assert out.splitlines()[-1] == "  the same in all groups of 'batch'"
    code, out, _ = nsr("show", result, "--format", "excel")
    assert code == 0
    assert out.startswith("=2.5*POWER(A2,2)")
    table[["x"]].to_csv(data, index=False)
    code, out, err = nsr("predict", result, data)
    assert code == 0, err
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["y"], table["y"])
    model = load(result)
    for rows in (table[["x"]], table[["batch", "x"]]):
        np.testing.assert_allclose(model.predict(rows), table["y"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--category", "batch"], "did you mean 'batch no'?"),
        (["--category", "y"], "column 'y' is the target"),
        (["--category", "x"], "has 40 groups in 40 rows"),
    ],
)
def test_columns_that_tell_no_groups_are_refused(nsr, springs, options, message):
    code, _, err = nsr("fit", springs, "--target", "y", *options)
    assert code == 2
    assert message in err


def test_constants_of_nature_on_the_command_line(nsr, tmp_path, guessed, rng):
    guessed("1*x_0**2")
    path = tmp_path / "fall.csv"
    frame = pd.DataFrame({"t": rng.uniform(1, 3, 30)})
    frame["s"] = 9.81 / 2 * frame["t"] ** 2
    frame.to_csv(path, index=False)
    code, out, err = nsr("fit", path, "--target", "s", "--constant", "g=9.81", "--time-limit", "5")
    assert code == 0, err
    assert out.splitlines()[-1] == "s = 0.5*g*t**2"
    result, picture = tmp_path / "result.json", tmp_path / "fit.svg"
    code, out, err = nsr("fit", path, "--target", "s", "--constant", "g=9.81", "--time-limit", "5",
                         "--output", result, "--plot", picture)  # fmt: skip
    assert code == 0, err
    code, out, err = nsr("show", result, "--format", "excel")
    assert out == "=0.5*9.81*POWER(A2,2)\n"
    assert "cells: A2 is t" in err
    units = ("--units", "t=s,s=m", "--constant", "g=9.81 m/s^2")
    code, out, err = nsr("fit", path, "--target", "s", *units, "--time-limit", "5")
    assert code == 0, err
    assert out.splitlines()[-1].startswith("s = 0.5*")
    for wrong, message in (
        ("g", "is not of the form"),
        ("t=3", "name of a column"),
        ("q=scipy", "no constant"),
    ):
        code, _, err = nsr("fit", path, "--target", "s", "--constant", wrong)
        assert code == 2
        assert message in err


def test_templates_on_the_command_line(nsr, table, guessed, tmp_path):
    guessed("1*x_0")
    result = tmp_path / "result.json"
    options = ("--template", "f('mass (kg)')*g(height)", "--time-limit", "5", "--output", result)
    code, out, err = nsr("fit", table, "--target", "energy", *options)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[-3].startswith("energy = ")
    assert lines[-2].startswith("  f(mass_kg) = ")
    assert lines[-1].startswith("  g(height) = ")
    assert nsr("show", result)[1].splitlines()[-3:] == lines[-3:]
    for wrong, message in (("f(hight)", "did you mean 'height'"), ("2*height", "has no part")):
        code, _, err = nsr("fit", table, "--target", "energy", "--template", wrong)
        assert code == 2
        assert message in err
