import json

import pytest
import torch
from saved import save_result

NO_MPS = pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has one")

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
    ("words", "option"), [(["fit"], "--target"), (["guess"], "--target"), (["ode"], "--time")]
)
def test_who_does_not_say_which_column_is_told_what_there_is(nsr, tmp_path, words, option):
    path = tmp_path / "data.csv"
    path.write_text("a,b [m]\n1,2\n2,3\n3,4\n")
    code, _, err = nsr(*words, path)
    assert code == 2
    assert err == f"nsr: Missing option '{option}'. It names a column; the columns are 'a', 'b [m]'\n"
    code, _, err = nsr(*words, tmp_path / "none.csv")
    assert code == 2
    assert err == f"nsr: Missing option '{option}'.\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        "9" * 5000,
        '{"kind": "function", "format": 1, "features": ["a"], "columns": {}, "best": 5, "equations": []}',
    ],
)
def test_a_foreign_result_file_is_refused(nsr, tmp_path, table, content):
    path = tmp_path / "result.json"
    path.write_text(content)
    code, _, err = nsr("predict", path, table)
    assert code == 2
    assert "not a result of `nsr fit`" in err


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
        pytest.param(["--device", "mps"], "device 'mps' does not work", marks=NO_MPS),
        (["--checkpoint", "nsr-ode"], "knows systems, and functions are needed here; use 'nsr-small'"),
        (["--constant-units", "some", "--units", "mass (kg)=kg,height=m,energy=J"], "must be one of"),
        (["--constant-units", "nonsense"], "must be one of dimensionless, free"),
        (["--selection", "nicest"], "selection 'nicest' must be one of auto, accuracy, score, best"),
        (["--candidates", "0", "--checkpoint", "nsr-small"], "--candidates"),
        (["--seed", "-1"], "--seed"),
        (["--colour", "red"], "No such option"),
        (["--features", "heigth"], "did you mean 'height'"),
        (["--guess", "a*hieght"], "did you mean 'height'"),
        (["--guess", "a*mass (kg)"], "write column 'mass (kg)' in quotes, or as mass_kg"),
        (["--units", "mass (kg)=kg,height=m,enery=J"], "did you mean 'energy'"),
    ],
)
def test_options_that_cannot_be_used_end_with_one_line(nsr, table, options, message):
    code, out, err = nsr("fit", table, "--target", "energy", *options)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


ROWS = """a,weight,text,zero,b
1,0.5,x,1,2
2,-1,x,1,4
3,1,y,0,6
4,1,y,1,8
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weights", "wieght"], "did you mean 'weight'"),
        (["--error", "missing"], "there is no column 'missing'"),
        (["--weights", "weight"], "column 'weight' holds -1 in line 3: Negative weights are not possible"),
        (["--error", "zero"], "column 'zero' holds 0 in line 4: standard deviations are above 0"),
        (["--error", "text"], "column 'text' holds 'x' in line 2"),
        (["--weights", "text"], "column 'text' holds 'x' in line 2"),
        (["--weights", "zero", "--error", "a"], "give --weights or --error, not both"),
        (["--weights", "b"], "'b' is the target"),
    ],
)
def test_columns_that_say_nothing_of_rows_are_refused_before_the_search(
    nsr, tmp_path, unsearched, options, message
):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    code, out, err = nsr("fit", path, "--target", "b", *options)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("absolute", "loss 'absolute' must be"),
        ("gamma", "the target has a value of -1: choose another loss"),
        ("poisson", "the target has a value of -1: choose another loss"),
    ],
)
def test_losses_that_cannot_be_of_a_target_end_with_one_line(nsr, tmp_path, loss, message):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    code, out, err = nsr("fit", path, "--target", "weight", "--loss", loss)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_no_arguments_are_a_call_for_help(nsr):
    code, out, _ = nsr()
    assert code == 0
    assert "predict" in out


def test_hostile_equations_are_never_executed(nsr, tmp_path, table):
    path = tmp_path / "result.json"
    save_result(path, "height", "height", tokens=["__import__('os').system('false')"])
    code, _, err = nsr("predict", path, table)
    assert code == 2
    assert "is not registered here" in err


def test_a_result_of_another_version_is_refused(nsr, tmp_path, table):
    path = tmp_path / "result.json"
    content = {"target": "y", "features": ["height"], "columns": {"height": "height"}, "best": 0}
    path.write_text(json.dumps(content | {"equations": [{"equation": "height"}]}))
    code, _, err = nsr("predict", path, table)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "another version of NSR" in err


@pytest.mark.parametrize("device", ["gpu", "cuda:77", pytest.param("mps", marks=NO_MPS)])
def test_systems_are_not_searched_on_a_device_that_does_not_work(nsr, table, device):
    code, out, err = nsr("ode", table, "--time", "height", "--device", device)
    assert (code, out) == (2, "")
    assert f"device '{device}'" in err.splitlines()[-1]
