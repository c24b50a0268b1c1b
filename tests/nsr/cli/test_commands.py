import importlib.metadata
import io
import json
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy
from scipy.optimize import curve_fit

from nsr import load


def test_fit_then_predict(nsr, table, guessed, tmp_path):
    guessed("1*x_0", "1.5*x_0*x_1", "1*(x_0 + x_1)")
    result, predicted = tmp_path / "result.json", tmp_path / "predicted.csv"
    code, out, err = nsr("fit", table, "--target", "energy", "--output", result, "--seed", "3")
    assert code == 0
    assert "energy = 2*mass_kg*height" in out
    assert "'mass (kg)' is written mass_kg" in err
    content = json.loads(result.read_text())
    assert content["target"] == "energy"
    assert content["features"] == ["mass_kg", "height"]
    assert content["parameters"]["random_state"] == 3
    assert content["seconds"] > 0
    best = content["equations"][content["best"]]
    assert {"equation", "complexity", "loss", "r2", "warning", "constants"} < set(best)
    assert best["constants"] == []  # the 2 belongs to the form
    symbols = {name: sympy.Symbol(name) for name in content["features"]}
    read = sympy.parse_expr(best["equation"], local_dict=symbols)
    assert sympy.simplify(read - 2 * symbols["mass_kg"] * symbols["height"]) == 0
    code, _, _ = nsr("predict", result, table, "--output", predicted)
    assert code == 0
    np.testing.assert_allclose(pd.read_csv(predicted)["energy"], pd.read_csv(table)["energy"])


def test_the_version_is_that_of_the_installed_package(nsr):
    assert nsr("--version") == (0, f"nsr {importlib.metadata.version('nsr')}\n", "")


def test_citation_and_changelog_are_of_this_release():
    root = Path(__file__).parents[3]
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}\n" in (root / "CITATION.cff").read_text()
    assert f"## {version} (" in (root / "CHANGELOG.md").read_text()


def test_constants_are_told_with_their_errors_by_the_users_names(nsr, tmp_path, rng):
    S = np.repeat([0.3, 0.7, 1.5, 3, 6, 12, 25], 5)
    v = 12 * S / (2 + S) + 0.3 * rng.standard_normal(35)
    data, result = tmp_path / "enzyme.csv", tmp_path / "result.json"
    pd.DataFrame({"S": S, "v": v}).to_csv(data, index=False)
    code, out, _ = nsr(
        "fit", data, "--target", "v", "--guess", "Vm*S/(Km + S)", "--output", result, "--time-limit", 2,
        "--operators", "add,mul,div",
    )  # fmt: skip
    assert code == 0
    values, covariance = curve_fit(lambda s, vm, km: vm * s / (km + s), S, v, (10, 1))
    Vm, error = values[0], np.sqrt(covariance[0, 0])
    assert f"Vm*S/(Km + S): Vm = {Vm:.2f} ± {error:.2f}, Km = " in out
    content = json.loads(result.read_text())
    told = content["equations"][content["best"]]["constants"]
    assert [constant["name"] for constant in told] == ["Vm", "Km"]
    assert told[0]["error"] == pytest.approx(error, rel=1e-3)
    assert told[0]["low"] < Vm < told[0]["high"]


@pytest.mark.parametrize("option", ["--weights", "--error"])
def test_columns_about_rows_explain_nothing_and_are_not_needed_to_predict(
    nsr, tmp_path, guessed, rng, option
):
    guessed("1*x_0*x_1", "1*x_0")
    data = pd.DataFrame({"a": rng.uniform(1, 3, 40), "c": rng.uniform(1, 3, 40)})
    data["known"] = 1.0 if option == "--error" else np.arange(40) % 2
    data["b"] = 2.0 * data["a"] * data["c"]
    if option == "--weights":
        data.loc[data["known"] == 0, "b"] = 99.0  # rows of weight 0 are left out
    path, result = tmp_path / "data.csv", tmp_path / "result.json"
    data.to_csv(path, index=False)
    code, out, err = nsr("fit", path, "--target", "b", option, "known", "--output", result)
    assert code == 0, err
    assert "b = 2*a*c" in out
    assert json.loads(result.read_text())["features"] == ["a", "c"]
    fresh = tmp_path / "fresh.csv"
    fresh.write_text("c,a\n3,2\n5,7\n")
    code, out, _ = nsr("predict", result, fresh)
    assert (code, out) == (0, "b\n12.0\n70.0\n")


def test_a_loss_and_errors_of_measurement_are_used(nsr, tmp_path, rng):
    x, errors = rng.uniform(1, 9, 60), np.tile([0.1, 5.0], 30)
    y = 2.345 * x + errors * rng.standard_normal(60)
    data, result = tmp_path / "line.csv", tmp_path / "result.json"
    pd.DataFrame({"x": x, "sd": errors, "y": y}).to_csv(data, index=False)
    given = ("fit", data, "--target", "y", "--guess", "k*x", "--time-limit", 1, "--output", result)
    code, out, _ = nsr(*given, "--error", "sd", "--report", "--selection", "score")
    assert code == 0
    assert "chi-squared" in out
    content = json.loads(result.read_text())
    assert content["loss"]["name"] == "squared_error"
    (told,) = content["equations"][content["best"]]["constants"]
    weight = x / errors  # the closed form of a line through the origin
    assert told["value"] == pytest.approx((weight @ (y / errors)) / (weight @ weight), rel=1e-6)
    assert told["error"] == pytest.approx((weight @ weight) ** -0.5, rel=1e-6)
    code, _, _ = nsr(*given, "--error", "sd", "--loss", "absolute_error")
    assert (code, json.loads(result.read_text())["loss"]["name"]) == (0, "absolute_error")


@pytest.mark.parametrize("rule", ["auto", "accuracy", "best", "score"])
def test_rules_of_choice(nsr, table, guessed, rule):
    guessed("1*x_0*x_1", "1*x_0")
    code, out, _ = nsr("fit", table, "--target", "energy", "--selection", rule)
    assert code == 0
    assert "energy = 2*mass_kg*height" in out


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_separators_are_recognised(nsr, tmp_path, guessed, separator):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    path.write_text(
        "\n".join(
            separator.join(row) for row in (["a", "b"], ["1", "2"], ["2", "4"], ["3", "6"], ["5", "10"])
        )
    )
    code, out, _ = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "b = 2*a" in out


def test_a_constant_target_is_the_constant(nsr, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,7\n2,7\n3,7\n")
    code, out, _ = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "b = 7" in out


def test_a_million_rows_are_sampled_and_told(nsr, tmp_path, guessed, rng):
    guessed("1*x_0")
    a = rng.uniform(1, 2, 1_000).round(3)
    path = tmp_path / "data.csv"
    rows = pd.DataFrame({"a": a, "b": (3 * a).round(3)}).to_csv(index=False, header=False)
    path.write_text("a,b\n" + 1_000 * rows)
    code, out, err = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "1000000 rows: the search looks at 10000" in err
    assert "b = 3*a" in out


def test_a_table_is_read_from_standard_input(nsr, guessed, tmp_path, monkeypatch):
    guessed("1*x_0")
    text = "a b,y\n1,2\n2,4\n3,6\n5,10\n"
    result = tmp_path / "result.json"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, out, _ = nsr("fit", "-", "--target", "y", "--output", result)
    assert (code, out.splitlines()[-1]) == (0, "y = 2*a_b")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a b\n7\n")))
    assert nsr("predict", result, "-")[:2] == (0, "y\n14.0\n")


def test_help_needs_no_torch():
    probe = "import sys; import nsr.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_gaps_and_text_of_a_file(nsr, tmp_path, rng):
    path, result = tmp_path / "data.csv", tmp_path / "result.json"
    frame = pd.DataFrame({"mass": rng.uniform(1, 3, 60), "sex": rng.choice(["male", "female"], 60)})
    frame["y"] = 2 * frame["mass"] + 5 * (frame["sex"] == "male")
    frame.loc[3, "mass"] = None
    frame.to_csv(path, index=False)
    code, _, err = nsr("fit", path, "--target", "y")
    assert code == 2
    assert "is empty in line 5" in err
    assert "--missing drop" in err
    arguments = ("--target", "y", "--missing", "drop", "--output", result, "--time-limit", 5)
    code, out, err = nsr("fit", path, *arguments)
    assert code == 0
    assert "1 of 60 rows are left out" in err
    assert "sex_male" in out
    code, out, _ = nsr("predict", result, path)
    predicted = pd.read_csv(io.StringIO(out), skip_blank_lines=False)["y"]
    np.testing.assert_allclose(predicted, frame["y"].where(frame["mass"].notna()), rtol=1e-6)


def test_predictions_with_bounds(nsr, tmp_path, guessed, rng):
    guessed("1*x_0")
    x = rng.uniform(1, 5, 40)
    table = pd.DataFrame({"x": x, "y": 2.345 * x + 0.1 * rng.standard_normal(40)})
    data, result = tmp_path / "data.csv", tmp_path / "result.json"
    table.to_csv(data, index=False)
    assert nsr("fit", data, "--target", "y", "--time-limit", 1, "--output", result)[0] == 0
    code, out, _ = nsr("predict", result, data, "--interval", 0.9)
    assert code == 0
    found = pd.read_csv(io.StringIO(out))
    assert list(found) == ["y", "y_low", "y_high"]
    _, bounds = load(result).predict(table[["x"]], interval=0.9)
    np.testing.assert_allclose(found[["y_low", "y_high"]], bounds)
    code, _, err = nsr("predict", result, data, "--interval", 95)
    assert code == 2
    assert "probability between 0 and 1" in err


def test_the_network_alone_is_asked_for_likely_equations(nsr, table, checkpoint):
    code, out, err = nsr("guess", table, "--target", "energy", "--checkpoint", checkpoint, "--equations", "3")
    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["probability", "r2", "equation"]
    assert 1 <= len(rows) <= 3
    assert "mass_kg" in err


def test_a_guess_about_more_columns_than_the_network_knows_names_the_remedy(nsr, tmp_path, checkpoint):
    wide = pd.DataFrame(np.random.default_rng(0).uniform(1, 2, (20, 12))).add_prefix("c")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    code, _, err = nsr("guess", tmp_path / "wide.csv", "--target", "c0", "--checkpoint", checkpoint)
    assert code == 2
    assert "choose the relevant ones" in err


def test_the_package_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nsr", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("nsr", run_name="__main__")
    assert not stop.value.code
    assert capsys.readouterr().out == f"nsr {importlib.metadata.version('nsr')}\n"
