import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sympy
from untrained import save_untrained

from nsr import cli
from nsr.expressions.parsing import parse


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
    def use(*texts):
        guesses = [parse(text) for text in texts]
        monkeypatch.setattr(
            "nsr.search.engine.guess",
            lambda _, X, *__, **___: [g for g in guesses if max(g.variables) < X.shape[1]],
        )

    return use


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
    assert set(best) == {"equation", "complexity", "loss", "r2"}
    symbols = {name: sympy.Symbol(name) for name in content["features"]}
    read = sympy.parse_expr(best["equation"], local_dict=symbols)
    assert sympy.simplify(read - 2 * symbols["mass_kg"] * symbols["height"]) == 0
    code, _, _ = nsr("predict", result, table, "--output", predicted)
    assert code == 0
    np.testing.assert_allclose(pd.read_csv(predicted)["energy"], pd.read_csv(table)["energy"])


def test_units_and_guesses(nsr, table, guessed):
    guessed("1*x_0")
    units = "mass (kg)=kg, height=m^2/s^2, energy=J"
    code, out, _ = nsr("fit", table, "--target", "energy", "--units", units, "--guess", "a*mass_kg*height")
    assert code == 0
    assert "energy = 2*mass_kg*height" in out
    code, _, err = nsr("fit", table, "--target", "energy", "--units", "height=m,energy=J")
    assert code == 2
    assert "look at mass (kg)" in err


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


def test_columns_of_text_are_left_out_and_told(nsr, tmp_path, guessed):
    guessed("1*x_0")
    path = tmp_path / "data.csv"
    path.write_text("name,a,b\nu,1,2\nv,2,4\nw,3,6\nz,5,10\n")
    code, _out, err = nsr("fit", path, "--target", "b")
    assert code == 0
    assert "'name' holds text" in err


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


BAD = {
    "missing file": (None, ["--target", "b"], "there is no file"),
    "missing column": ("aa,b\n1,2\n2,3\n3,4\n", ["--target", "c"], "there is no column 'c'"),
    "misspelt column": ("length,b\n1,2\n2,3\n3,4\n", ["--target", "lenght"], "did you mean 'length'"),
    "missing feature": (
        "a,b\n1,2\n2,3\n3,4\n",
        ["--target", "b", "--features", "z"],
        "there is no column 'z'",
    ),
    "target as feature": (
        "a,b\n1,2\n2,3\n3,4\n",
        ["--target", "b", "--features", "b"],
        "not the target itself",
    ),
    "text": ("a,b\n1,2\noops,3\n3,4\n", ["--target", "b"], "column 'a' holds 'oops' in line 3"),
    "empty cell": ("a,b\n1,2\n,3\n3,4\n", ["--target", "b"], "column 'a' is empty in line 3"),
    "infinity": ("a,b\n1,2\n2,inf\n3,4\n", ["--target", "b"], "column 'b' holds 'inf' in line 3"),
    "two rows": ("a,b\n1,2\n2,3\n", ["--target", "b"], "at least 3"),
    "empty file": ("", ["--target", "b"], "is empty"),
    "no rows": ("a,b\n", ["--target", "b"], "."),
    "foreign checkpoint": (
        "a,b\n1,2\n2,3\n3,5\n",
        ["--target", "b", "--checkpoint", "nowhere"],
        "no checkpoint",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_one_line_and_code_two(nsr, tmp_path, case):
    text, options, message = BAD[case]
    path = tmp_path / "data.csv"
    if text is not None:
        path.write_text(text)
    code, out, err = nsr("fit", path, *options)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"target": "y", "features": ["a"], "columns": {}, "best": 5, "equations": []}'],
)
def test_a_foreign_result_file_is_refused(nsr, tmp_path, table, content):
    path = tmp_path / "result.json"
    path.write_text(content)
    code, _, err = nsr("predict", path, table)
    assert code == 2
    assert "no result of `nsr fit`" in err


def test_hostile_equations_are_never_executed(nsr, tmp_path, table):
    path = tmp_path / "result.json"
    content = {"target": "y", "features": ["height"], "columns": {"height": "height"}, "best": 0}
    path.write_text(json.dumps(content | {"equations": [{"equation": "__import__('os').system('false')"}]}))
    code, _, err = nsr("predict", path, table)
    assert code == 2
    assert "unexpected character" in err


def test_help_needs_no_torch():
    probe = "import sys; import nsr.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
