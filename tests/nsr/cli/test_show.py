"""`nsr show` and rows of `nsr predict`."""

import numpy as np
import pandas as pd
import pytest

import nsr as package


@pytest.fixture
def result(nsr, table, guessed, tmp_path):
    guessed("1*x_0", "1.5*x_0*x_1", "1*(x_0 + x_1)")
    path = tmp_path / "result.json"
    assert nsr("fit", table, "--target", "energy", "--output", path)[0] == 0
    return path


def test_the_leaderboard_of_the_fit_is_shown_again(nsr, result, table, guessed):
    guessed("1*x_0", "1.5*x_0*x_1", "1*(x_0 + x_1)")
    _, fitted, _ = nsr("fit", table, "--target", "energy")
    code, out, err = nsr("show", result)
    assert (code, out, err) == (0, fitted, "")
    assert out.splitlines()[-1] == "energy = 2*mass_kg*height"


def test_a_row_in_another_language(nsr, result, tmp_path):
    model = package.load(result)
    assert nsr("show", result, "--row", "0")[1].startswith("energy = ")
    code, out, err = nsr("show", result, "--format", "excel")
    assert (code, out) == (0, "=2*A2*B2\n")
    assert "A2 is mass (kg), B2 is height" in err
    for name in ("latex", "sympy", "python", "numpy", "jax", "c", "excel", "matlab", "julia"):
        code, out, _ = nsr("show", result, "--row", "1", "--format", name)
        assert (code, out.rstrip("\n")) == (0, str(getattr(model, name)(1)).rstrip("\n"))
    assert nsr("show", result, "--format", "latex-table")[1] == model.latex_table()
    path = tmp_path / "front.html"
    assert nsr("show", result, "--format", "html", "--output", path)[:2] == (0, "")
    assert path.read_text().rstrip() == model._repr_html_()


def test_systems_are_shown(nsr, tmp_path):
    path, result, t = tmp_path / "decay.csv", tmp_path / "result.json", np.linspace(0, 5, 40)
    pd.DataFrame({"t": t, "u [m]": 2 * np.exp(-0.7 * t), "v": 1 - np.exp(-0.3 * t)}).to_csv(path, index=False)
    options = ("--time", "t", "--stages", "library", "--stop-when", "r2=0.9", "--output", result)
    code, fitted, _ = nsr("ode", path, *options)
    assert code == 0
    assert nsr("show", result)[1] == fitted
    assert nsr("show", result, "--row", "0")[1].startswith("du_m/dt = ")
    code, out, err = nsr("show", result, "--format", "excel")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "A2 is u [m]" in err
    assert "def dv_dt(u_m, v):" in nsr("show", result, "--format", "python")[1]
    code, _, err = nsr("show", result, "--format", "onnx", "--output", tmp_path / "f.onnx")
    assert code == 2
    assert "gives one for each component" in err


def test_predictions_of_a_row(nsr, result, table, tmp_path):
    path = tmp_path / "predicted.csv"
    assert nsr("predict", result, table, "--row", "0", "--output", path)[0] == 0
    expected = package.load(result).predict(pd.read_csv(table)[["mass (kg)", "height"]], 0)
    np.testing.assert_allclose(pd.read_csv(path)["energy"], expected)
    code, _, err = nsr("predict", result, table, "--row", "99")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "there is no row 99: the front has the rows 0 to " in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "fortran"], "must be one of latex, sympy, python"),
        (["--row", "99"], "there is no row 99"),
        (["--row", "99", "--format", "c"], "there is no row 99"),
        (["--format", "latex-table", "--row", "1"], "leave out --row"),
        (["--output", "/nowhere/at/all.txt"], "no folder"),
    ],
)
def test_what_cannot_be_shown_is_refused(nsr, result, options, message):
    code, out, err = nsr("show", result, *options)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


def test_models_that_are_not_text_need_a_file(nsr, result, tmp_path, monkeypatch):
    monkeypatch.setattr("nsr.export.onnx.to_onnx", lambda *_: b"model")
    code, out, err = nsr("show", result, "--format", "onnx")
    assert (code, out) == (2, "")
    assert "--output" in err
    path = tmp_path / "f.onnx"
    assert nsr("show", result, "--format", "onnx", "--output", path)[0] == 0
    assert path.read_bytes() == b"model"
