import json

import pandas as pd
import pytest

from nsr.console import in_options


def test_the_report_stands_between_front_and_equation_and_in_the_result(nsr, table, guessed, tmp_path):
    guessed("1.5*x_0*x_1")
    result = tmp_path / "result.json"
    code, out, _ = nsr("fit", table, "--target", "energy", "--report", "--output", result)
    assert code == 0
    assert out.index("unexplained") < out.index("report on 2*mass_kg*height") < out.rindex("energy = ")
    assert out.splitlines()[-1] == "energy = 2*mass_kg*height"
    stored = json.loads(result.read_text())["report"]
    assert stored["explained"] == pytest.approx(1)
    assert stored["n_rows"] == 40
    assert stored["search"]["n_tried"] > 0
    assert nsr("predict", result, table)[0] == 0


def test_no_report_unless_it_is_asked_for(nsr, table, guessed):
    guessed("1.5*x_0*x_1")
    _, out, _ = nsr("fit", table, "--target", "energy")
    assert "report on" not in out


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture_of_a_fit(nsr, table, guessed, tmp_path, ending):
    pytest.importorskip("matplotlib")
    guessed("1.5*x_0*x_1")
    path = tmp_path / f"fit.{ending}"
    code, out, _ = nsr("fit", table, "--target", "energy", "--plot", path)
    assert code == 0
    assert out.splitlines()[-1] == "energy = 2*mass_kg*height"
    assert path.stat().st_size > 1000


def test_pictures_that_cannot_be_made_are_refused_before_the_search(nsr, table, unsearched):
    for name, message in (("fit.xyz", ".png"), ("nowhere/fit.png", "no folder"), ("fit", ".png")):
        code, out, err = nsr("fit", table, "--target", "energy", "--plot", table.parent / name)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert message in err
    both = table.parent / "both.png"
    code, _, err = nsr("fit", table, "--target", "energy", "--plot", both, "--output", both)
    assert code == 2
    assert "each its own name" in err


def test_no_more_equations_than_asked_for(nsr, table, guessed, tmp_path):
    guessed("1*x_0", "1.5*x_0*x_1", "1*(x_0 + x_1)", "1*sin(x_0)")
    result = tmp_path / "result.json"
    code, out, _ = nsr("fit", table, "--target", "energy", "--equations", "2", "--output", result)
    assert code == 0
    content = json.loads(result.read_text())
    assert len(content["equations"]) == 2
    assert content["equations"][content["best"]]["r2"] > 0.999
    assert out.splitlines()[-1] == "energy = 2*mass_kg*height"
    code, _, err = nsr("fit", table, "--target", "energy", "--equations", "0")
    assert code == 2
    assert "--equations" in err


def test_what_explains_little_is_told(nsr, tmp_path, guessed, rng):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    pd.DataFrame(rng.standard_normal((300, 2)), columns=["a", "b"]).to_csv(path, index=False)
    code, _, err = nsr("fit", path, "--target", "b", "--time-limit", "0.5")
    assert code == 0
    assert "the chosen equation explains" in err


def test_a_terminal_sees_how_far_the_search_is_and_a_pipe_does_not(nsr, table, monkeypatch):
    options = ["fit", table, "--target", "energy", "--guess", "a*mass_kg*height"]
    code, out, err = nsr(*options)
    assert code == 0
    assert "unexplained" not in err
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    code, coloured, err = nsr(*options)
    assert code == 0
    assert "guesses" in err
    assert ", unexplained" in err
    assert coloured == out


def test_what_a_fit_warns_of_is_in_the_file_and_told_again(nsr, tmp_path, rng):
    columns = ("--target", "y", "--time-limit", "2")
    path, result = tmp_path / "few.csv", tmp_path / "result.json"
    pd.DataFrame({"x": rng.uniform(1, 2, 8), "y": rng.uniform(1, 2, 8)}).to_csv(path, index=False)
    code, _, err = nsr("fit", path, *columns, "--output", result)
    assert code == 0
    content = json.loads(result.read_text())
    assert any("8 rows are few" in warning for warning in content["warnings"])
    assert all(in_options(warning) in " ".join(err.split()) for warning in content["warnings"])
    assert content["ended"] in {"answered", "exhausted", "time"}
    code, _, err = nsr("predict", result, path)
    assert code == 0
    assert "note: when the equation was fitted: 8 rows are few" in err
    result.write_text(json.dumps(content | {"warnings": "none"}))
    assert nsr("predict", result, path)[0] == 2
