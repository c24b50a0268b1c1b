import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sympy
from scipy.optimize import curve_fit


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
    assert content["seed"] == 3
    assert content["seconds"] > 0
    best = content["equations"][content["best"]]
    assert set(best) == {"equation", "complexity", "loss", "r2", "constants"}
    assert best["constants"] == []  # the 2 belongs to the form
    symbols = {name: sympy.Symbol(name) for name in content["features"]}
    read = sympy.parse_expr(best["equation"], local_dict=symbols)
    assert sympy.simplify(read - 2 * symbols["mass_kg"] * symbols["height"]) == 0
    code, _, _ = nsr("predict", result, table, "--output", predicted)
    assert code == 0
    np.testing.assert_allclose(pd.read_csv(predicted)["energy"], pd.read_csv(table)["energy"])


def test_constants_are_told_with_their_errors_by_the_users_names(nsr, tmp_path, rng):
    S = np.repeat([0.3, 0.7, 1.5, 3, 6, 12, 25], 5)
    v = 12 * S / (2 + S) + 0.3 * rng.standard_normal(35)
    data, result = tmp_path / "enzyme.csv", tmp_path / "result.json"
    pd.DataFrame({"S": S, "v": v}).to_csv(data, index=False)
    code, out, _ = nsr(
        "fit", data, "--target", "v", "--guess", "Vm*S/(Km + S)", "--output", result, "--time-limit", 3
    )
    assert code == 0
    values, covariance = curve_fit(lambda s, vm, km: vm * s / (km + s), S, v, (10, 1))
    Vm, error = values[0], np.sqrt(covariance[0, 0])
    assert f"Vm*S/(Km + S): Vm = {Vm:.2f} ± {error:.2f}, Km = " in out
    content = json.loads(result.read_text())
    told = content["equations"][content["best"]]["constants"]
    assert [constant["name"] for constant in told] == ["Vm", "Km"]
    assert told[0]["error"] == pytest.approx(error, rel=1e-3)
    assert told[0]["low"] < Vm < told[0]["high"]


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
    a = rng.uniform(1, 2, 1_000_000)
    path = tmp_path / "data.csv"
    pd.DataFrame({"a": a, "b": 3 * a}).to_csv(path, index=False)
    code, out, err = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "1000000 rows: a random 10000" in err
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
