import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sympy
from untrained import save_untrained

from nsr import cli
from nsr.expressions.parsing import parse
from nsr.search.guesses import Guesses


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
            "nsr.search.asking.guess",
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
    assert "there is no unit for 'mass (kg)'" in err


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
    "no rows": ("a,b\n", ["--target", "b"], "has a header, but no rows"),
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
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        "9" * 5000,
        '{"target": "y", "features": ["a"], "columns": {}, "best": 5, "equations": []}',
    ],
)
def test_a_foreign_result_file_is_refused(nsr, tmp_path, table, content):
    path = tmp_path / "result.json"
    path.write_text(content)
    code, _, err = nsr("predict", path, table)
    assert code == 2
    assert "not a result of `nsr fit`" in err


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
    assert all(f"is written {name} " in err for name in set(content["features"]) - set(names))
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
    equation = {"equation": "log(a)", "complexity": 3, "loss": 0, "r2": 1}
    content = {"target": "y", "features": ["a"], "columns": {"a": "a"}, "best": 0, "equations": [equation]}
    result.write_text(json.dumps(content))
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
    assert "constant_units='free'" in err
    code, out, err = nsr("fit", path, "--target", "E", "--constant-units", "free", "--guess", "a*mass*g_h")
    assert code == 0
    assert "E = 2*mass*g_h" in out
    path.write_text(f"mass,g h,E\nkg,lots,J\n{rows}")
    code, out, err = nsr("fit", path, "--target", "E")
    assert code == 2
    assert "line 2" in err
    assert "'lots' of column 'g h' is not a unit" in err


@pytest.fixture
def unsearched(monkeypatch):
    """Makes a search an error: what is refused is refused before."""

    def search(*_, **__):
        raise AssertionError("the search has begun")

    monkeypatch.setattr("nsr.regressor.SymbolicRegressor.fit", search)
    monkeypatch.setattr("nsr.ode.regressor.ODERegressor.fit", search)


@pytest.mark.parametrize("output", ["energy.csv", "nowhere/result.json", ".", "-", "/proc/result.json"])
def test_outputs_that_cannot_be_written_are_refused_before_the_search(nsr, table, unsearched, output):
    before = table.read_bytes()
    path = output if output == "-" else table.parent / output
    for command in (
        ["fit", table, "--target", "energy", "--output", path],
        ["predict", table, table, "--output", path],
        ["ode", table, "--time", "height", "--output", path],
        ["ode", table, "--time", "height", "--plot", path],
    ):
        code, out, err = nsr(*command)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert table.read_bytes() == before


def test_a_picture_and_a_result_are_not_one_file(nsr, table, unsearched):
    path = table.parent / "both.png"
    code, _, err = nsr("ode", table, "--time", "height", "--output", path, "--plot", path)
    assert code == 2
    assert "each its own name" in err
    code, _, err = nsr("ode", table, "--time", "height", "--plot", path.with_suffix(".xyz"))
    assert code == 2
    assert ".png" in err


@pytest.mark.parametrize("limit", ["nan", "inf", "-inf", "0", "-3", "soon"])
def test_time_limits_that_are_none_are_refused(nsr, table, unsearched, limit):
    for command in (["fit", table, "--target", "energy"], ["ode", table, "--time", "height"]):
        code, out, err = nsr(*command, f"--time-limit={limit}")
        assert (code, out, len(err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "gpu"], "device 'gpu' is not known; use auto, cpu"),
        (["--device", "cuda:77"], "device 'cuda:77' does not work"),
        (["--checkpoint", "nsr-ode"], "knows systems, and functions are needed here; use 'nsr-tiny'"),
        (["--constant-units", "some", "--units", "mass (kg)=kg,height=m,energy=J"], "must be one of"),
        (["--constant-units", "nonsense"], "must be one of dimensionless, free"),
        (["--candidates", "0", "--checkpoint", "nsr-tiny"], "--candidates"),
        (["--seed", "-1"], "--seed"),
        (["--colour", "red"], "No such option"),
        (["--features", "heigth"], "did you mean 'height'"),
        (["--guess", "a*hieght"], "did you mean 'height'"),
        (["--guess", "a*mass (kg)"], "write column 'mass (kg)' in quotes, or as mass_kg"),
        (["--units", "mass (kg)=kg,height=m,enery=J"], "did you mean 'enery'"),
    ],
)
def test_options_that_cannot_be_used_end_with_one_line(nsr, table, options, message):
    code, out, err = nsr("fit", table, "--target", "energy", *options)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_an_interrupt_without_a_result_is_one_line(nsr, table, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nsr.regressor.SymbolicRegressor.fit", interrupted)
    code, out, err = nsr("fit", table, "--target", "energy")
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "nsr: interrupted before there was a result"


def test_an_interrupt_while_the_command_loads_is_one_line(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from nsr.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "nsr: interrupted before there was a result\n"


def test_an_interrupt_prints_and_writes_the_best_so_far(nsr, table, tmp_path, monkeypatch):
    class Interrupting:
        components = frozenset()
        takes_turns = False
        share = 1.0

        def batches(self, context, clock):
            assert context.candidates.best is not None
            raise KeyboardInterrupt

    monkeypatch.setattr("nsr.search.registry.STAGES", [lambda _: Guesses(), lambda _: Interrupting()])
    result = tmp_path / "result.json"
    code, out, err = nsr("fit", table, "--target", "energy", "--guess", "a*mass_kg + b", "--output", result)
    assert code == 0
    assert "interrupted" not in err
    last = out.splitlines()[-1]
    assert last.startswith("energy = ")
    assert "mass_kg" in last
    content = json.loads(result.read_text())
    assert "mass_kg" in content["equations"][content["best"]]["equation"]


def test_a_table_is_read_from_standard_input(nsr, guessed, tmp_path, monkeypatch):
    guessed("1*x_0")
    text = "a b,y\n1,2\n2,4\n3,6\n5,10\n"
    result = tmp_path / "result.json"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, out, _ = nsr("fit", "-", "--target", "y", "--output", result)
    assert (code, out.splitlines()[-1]) == (0, "y = 2*a_b")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a b\n7\n")))
    assert nsr("predict", result, "-")[:2] == (0, "y\n14.0\n")


def test_a_closed_pipe_is_no_error_to_a_fit(table, checkpoint, tmp_path):
    """As in `nsr fit ... | head -1`; what was to be written is written."""
    result = tmp_path / "result.json"
    code = "from nsr.cli import main; main()"
    options = ["--target", "energy", "--guess", "a*mass_kg*height", "--time-limit", "5"]
    options += ["--checkpoint", checkpoint, "--candidates", "32", "--output", result]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", table, *options],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if not line.startswith("note: ")] == []
    assert json.loads(result.read_text())["target"] == "energy"


def test_a_closed_pipe_is_no_error(tmp_path):
    """As in `nsr predict ... | head`, when head has ended."""
    result, path = tmp_path / "result.json", tmp_path / "data.csv"
    content = {"target": "y", "features": ["a"], "columns": {"a": "a"}, "best": 0}
    result.write_text(json.dumps(content | {"equations": [{"equation": "a"}]}))
    path.write_text("a,b\n1,2\n")
    command = [sys.executable, "-c", "from nsr.cli import main; main()", "predict", result, path]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_results_are_written_before_they_are_printed(nsr, table, guessed, tmp_path, monkeypatch):
    def closed(*_):
        sys.exit(1)  # as rich does where nobody reads

    guessed("1.5*x_0*x_1")
    monkeypatch.setattr("nsr.cli._print_leaderboard", closed)
    assert nsr("fit", table, "--target", "energy", "--output", tmp_path / "result.json")[0] == 1
    assert json.loads((tmp_path / "result.json").read_text())["target"] == "energy"


def test_a_result_that_cannot_be_written_is_printed_and_said(nsr, table, guessed):
    guessed("1.5*x_0*x_1")
    code, out, err = nsr("fit", table, "--target", "energy", "--output", "/dev/full")
    assert code == 2
    assert "energy = 2*mass_kg*height" in out
    assert "/dev/full cannot be written: No space left on device; the result is in /" in err


def test_no_arguments_are_a_call_for_help(nsr):
    code, out, _ = nsr()
    assert code == 0
    assert "predict" in out


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
