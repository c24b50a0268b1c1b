import json
import os
import subprocess
import sys

from saved import save_result

from nsr.search.guesses import Guesses


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
        head_start = 1.0
        share = 1.0

        def batches(self, context, clock):
            assert context.candidates.best is not None
            raise KeyboardInterrupt

    monkeypatch.setattr("nsr.search.registry.STAGES", [lambda _: Guesses(), lambda _: Interrupting()])
    result = tmp_path / "result.json"
    code, out, err = nsr("fit", table, "--target", "energy", "--guess", "a*height + b", "--output", result)
    assert code == 0
    assert "interrupted" not in err
    (chosen,) = [line for line in out.splitlines() if line.startswith("energy = ")]  # its constants follow
    assert "height" in chosen
    content = json.loads(result.read_text())
    assert "height" in content["equations"][content["best"]]["equation"]


def test_a_closed_pipe_is_no_error_to_a_fit(table, nsr, tmp_path, monkeypatch):
    """As in `nsr fit ... | head -1`; what was to be written is written."""
    result = tmp_path / "result.json"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        options = ("--target", "energy", "--guess", "a*mass_kg*height", "--output", result)
        code, _, err = nsr("fit", table, *options)
    assert code == 1
    assert [line for line in err.splitlines() if not line.startswith("note: ")] == []
    assert json.loads(result.read_text())["target"] == "energy"


def test_a_closed_pipe_is_no_error(tmp_path):
    """As in `nsr predict ... | head`, when head has ended."""
    result, path = tmp_path / "result.json", tmp_path / "data.csv"
    save_result(result, "a")
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
    monkeypatch.setattr("nsr.showing.print_leaderboard", closed)
    assert nsr("fit", table, "--target", "energy", "--output", tmp_path / "result.json")[0] == 1
    assert json.loads((tmp_path / "result.json").read_text())["target"] == "energy"


def test_a_result_that_cannot_be_written_is_printed_and_said(nsr, table, guessed):
    guessed("1.5*x_0*x_1")
    code, out, err = nsr("fit", table, "--target", "energy", "--output", "/dev/full")
    assert code == 2
    assert "energy = 2*mass_kg*height" in out
    assert "/dev/full cannot be written: No space left on device; the result is in /" in err
