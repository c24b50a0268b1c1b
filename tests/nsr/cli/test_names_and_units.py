import json
import re

import numpy as np
import pandas as pd
import pytest
from saved import save_result


def test_units_and_guesses(nsr, table, guessed):
    guessed("1*x_0")
    units = "mass (kg)=kg, height=m^2/s^2, energy=J"
    code, out, _ = nsr("fit", table, "--target", "energy", "--units", units, "--guess", "a*mass_kg*height")
    assert code == 0
    assert "energy = 2*mass_kg*height" in out
    code, _, err = nsr("fit", table, "--target", "energy", "--units", "height=m,energy=J")
    assert code == 2
    assert "there is no unit for 'mass (kg)'" in err


def test_columns_of_text_are_left_out_and_told(nsr, tmp_path, guessed):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    path.write_text("name,a,b\nu,1,2\nv,2,4\nw,3,6\nz,5,10\n")
    code, _out, err = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "'name' holds text" in err


AWKWARD = {
    "words and signs": ["Flow rate [m3/h]", "H₂O", "flow [/min]"],
    "nearly the same": ["m²", "m2", "y "],
    "the same": ["a", "a", "a"],
    "functions, constants and internal names": ["sin", "pi", "x_0"],
    "quotes, commas, emoji and controls": ['5" pipe, "long"', "🙂", "\x1b[31mred"],
    "very long": ["n" * 3000, "n" * 3001, "n" * 64],
}


@pytest.mark.parametrize("case", AWKWARD)
def test_every_name_survives(nsr, tmp_path, guessed, rng, case):
    """Into the equation, the result file and predictions, also from a file with another order of columns."""
    guessed("1*x_1*x_2", "1*x_0*x_2")
    names = AWKWARD[case]
    values = rng.uniform(1, 2, (30, 3))
    table = pd.DataFrame(np.column_stack((values, 3 * values[:, 0] * values[:, 2])), columns=[*names, "y"])
    path, result, predicted = tmp_path / "data.csv", tmp_path / "result.json", tmp_path / "predicted.csv"
    table.to_csv(path, index=False)
    code, out, err = nsr("fit", path, "--target", "y", "--output", result)
    assert code == 0
    content = json.loads(result.read_text())
    assert [content["columns"][name] for name in content["features"]] == names
    first, _, third = content["features"]
    assert out.splitlines()[-1] in {f"y = 3*{first}*{third}", f"y = 3*{third}*{first}"}
    changed = set(content["features"]) - set(names)
    assert all(re.search(rf"(is written|as) {name}\b", err) for name in changed)
    assert "\x1b" not in out + err
    if len(set(names)) > 1:
        table[["y", *reversed(names)]].to_csv(path, index=False)
    assert nsr("predict", result, path, "--output", predicted)[0] == 0
    np.testing.assert_allclose(pd.read_csv(predicted)["y"], table["y"])


def test_predictions_need_only_the_columns_of_the_equation(nsr, tmp_path, guessed):
    path, result = tmp_path / "data.csv", tmp_path / "result.json"
    guessed("1*x_0")
    pd.DataFrame({"a b": [1, 2, 3, 5], "c": [4, 7, 5, 1], "y [m]": [2, 4, 6, 10]}).to_csv(path, index=False)
    assert nsr("fit", path, "--target", "y [m]", "--output", result)[0] == 0
    path.write_text("a b\n7\n")
    assert nsr("predict", result, path)[1] == "y [m]\n14.0\n"
    path.write_text("a_b\n7\n")
    code, _, err = nsr("predict", result, path)
    assert code == 2
    assert "no column 'a b'; did you mean 'a_b'" in err


def test_rows_without_a_value_are_told(nsr, tmp_path):
    result, path = tmp_path / "result.json", tmp_path / "data.csv"
    save_result(result, "log(a)")
    path.write_text("a,b\n1,2\n-1,2\n")
    code, out, err = nsr("predict", result, path)
    assert (code, out) == (0, 'y\n0.0\n""\n')
    assert "no value in 1 of 2 rows, the first in line 3" in err
    path.write_text("a,b\noops,m\n1,2\n")
    code, out, err = nsr("predict", result, path)
    assert (code, out) == (0, "y\n0.0\n")
    assert "line 2" in err
    assert "is passed over" in err


def test_a_row_of_units_is_used(nsr, tmp_path, guessed):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    rows = "".join(f"{a},{b},{2 * a * b}\n" for a, b in [(1, 2), (2, 5), (3, 4), (5, 7), (4, 4)])
    path.write_text(f"mass,g h,E\nkg,[m^2/s^2],J\n{rows}")
    code, out, err = nsr("fit", path, "--target", "E", "--guess", 'a*mass*"g h"')
    assert code == 0
    assert "line 2 is read as units: mass = kg, g h = m^2/s^2, E = J" in err
    assert "E = 2*mass*g_h" in out
    path.write_text(f"mass,g h,E\nkg,K,J\n{rows}")
    code, out, err = nsr("fit", path, "--target", "E", "--guess", 'a*mass*"g h"')
    assert "constants may have units" in err
    assert "E = 2*mass*g_h" in out
    code, out, err = nsr("fit", path, "--target", "E", "--constant-units", "dimensionless")
    assert code == 2
    assert "--constant-units free" in err
    code, out, err = nsr("fit", path, "--target", "E", "--constant-units", "free", "--guess", "a*mass*g_h")
    assert code == 0
    assert "E = 2*mass*g_h" in out
    path.write_text(f"mass,g h,E\nkg,lots,J\n{rows}")
    code, out, err = nsr("fit", path, "--target", "E")
    assert code == 2
    assert "line 2" in err
    assert "'lots' of column 'g h' is not a unit" in err


def test_units_of_the_option_come_before_those_of_the_row(nsr, tmp_path, guessed):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    rows = "".join(f"{a},{b},{2 * a * b}\n" for a, b in [(1, 2), (2, 5), (3, 4), (5, 7), (4, 4)])
    path.write_text(f"mass,g h,E\nkg,lots,J\n{rows}")
    code, out, err = nsr("fit", path, "--target", "E", "--guess", 'a*mass*"g h"', "--units", "g_h=m^2/s^2")
    assert code == 0, err
    assert "E = 2*mass*g_h" in out
    code, _, err = nsr("fit", path, "--target", "E", "--units", "g_h=m")
    assert code == 2
    assert "J" in err


def test_columns_of_text_have_no_unit(nsr, tmp_path, guessed):
    path = tmp_path / "data.csv"
    rows = [f"{'ab'[m % 2]},c{m % 3},{m},{3 * m}" for m in range(1, 20)]
    path.write_text("\n".join(["kind,sample,m,E", *rows]))
    command = ("fit", path, "--target", "E", "--units", "m=kg,E=kg", "--guess", "3*m")
    for options in ((), ("--category", "sample")):
        code, out, err = nsr(*command, *options, "--time-limit", "1")
        assert code == 0, err
        assert "E = 3*m" in out


def test_constants_of_known_value_may_lend_their_units(nsr, tmp_path, guessed):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    rows = "".join(f"{a},{2 * 3.14159265 * (a / 9.81) ** 0.5}\n" for a in (0.3, 0.5, 0.8, 1.1, 1.3, 1.9))
    path.write_text(f"length,period\nm,s\n{rows}")
    command = ("fit", path, "--target", "period", "--guess", "a*sqrt(length/9.81)")
    assert "constants may have units" in nsr(*command)[2]
    assert "constants may have units" not in nsr(*command, "--constant", "g=9.81 m/s^2")[2]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ("mass=kg,height=m,energy=J", "--units: there is no column 'mass'; did you mean 'mass (kg)'?"),
        ("mass (kg)=kg,height=m,energie=J", "--units: there is no column 'energie'; did you mean 'energy'?"),
        ("mass (kg)=kg,height=m", "--units gives the target 'energy' no unit; add it"),
        ("mass (kg)=kg,height=m,energy=V", "or set --constant-units free"),
    ],
)
def test_units_that_are_not_understood_name_the_remedy(nsr, table, unsearched, monkeypatch, units, message):
    if "free" in message:
        monkeypatch.undo()
    code, _, err = nsr("fit", table, "--target", "energy", "--units", units)
    assert code == 2
    assert message in err


def test_names_that_change_take_one_line(nsr, tmp_path, guessed, rng):
    guessed("1*x_0")
    columns = [f"length {k} (m)" for k in range(15)]
    table = pd.DataFrame(rng.uniform(1, 2, (30, 15)), columns=columns).assign(y=lambda t: 3 * t[columns[0]])
    path = tmp_path / "data.csv"
    table.to_csv(path, index=False)
    code, _, err = nsr("fit", path, "--target", "y", "--time-limit", 1)
    assert code == 0
    (line,) = [line for line in err.splitlines() if "written otherwise" in line]
    assert line.startswith("note: columns are written otherwise in equations: 'length 0 (m)' as length_0_m, ")
    assert line.endswith(" and 3 more")
