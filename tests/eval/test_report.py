import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from eval import feynman
from eval.plots import draw_all
from eval.records import Fit, Records
from eval.report import published, summarise, to_markdown

COLUMNS = {"by_numbers": False, "memory_gib": 0.5}


def row(problem, method, noise, r2, symbolic, seconds, error=None):
    return {
        "problem": problem, "method": method, "noise": noise, "seed": 1, "r2": r2, "symbolic": symbolic,
        "recovered": r2 is not None and r2 > 1 - 1e-8, "complexity": None if error else 7, "seconds": seconds,
        "error": error, "equation": "x_0", "fvu": None if r2 is None else 1 - r2, **COLUMNS,
    }  # fmt: skip


ROWS = [
    row("I.12.1", "a", 0.0, 1.0, True, 1.0),
    row("I.25.13", "a", 0.0, 0.995, False, 3.0),
    row("I.26.2", "a", 0.0, None, False, 9.0, error="killed after 9 s"),
    row("test_10", "a", 0.0, 0.9995, False, 5.0),
    row("I.12.1", "b", 0.0, 0.5, False, 1.0),
    row("I.12.1", "b", 0.1, 0.5, False, 1.0),
]


def test_shares_count_failures_as_unsolved():
    table = summarise(pd.DataFrame(ROWS)).set_index(["noise", "method"])
    ours = table.loc[0.0, "a"]
    assert ours["fits"] == 4
    assert ours["symbolic"] == 25
    assert ours["recovered"] == 25
    assert ours["R2>0.999"] == 50
    assert ours["R2>0.99"] == 75
    assert ours["seconds"] == 4
    assert ours["failed"] == 1
    assert table.loc[0.1, "b"]["symbolic"] == 0


def test_rows_of_earlier_code_have_no_identities():
    table = summarise(pd.DataFrame([*ROWS, ROWS[0] | {"by_identities": True, "noise": 0.1}]))
    counts = table.set_index(["noise", "method"])["by identities"]
    assert counts.loc[0.1, "a"] == 1
    assert counts.loc[0.0, "a"] == 0
    assert (summarise(pd.DataFrame(ROWS))["by identities"] == 0).all()


def test_published_figures_are_complete():
    table = published([0.0])
    rates = table.set_index("method")["symbolic"]
    assert rates["PySR"] == pytest.approx(62.9)
    assert rates["AI Feynman 2"] == pytest.approx(55.8)
    assert rates["Operon"] == pytest.approx(16.6)
    assert np.all(table["noise"] == 0)
    assert table["source"].notna().all()


def test_the_report_separates_srbenchs_sets():
    text = to_markdown(pd.DataFrame(ROWS), {"time_limit": 30}, ["noise.png"])
    assert "time_limit 30" in text
    assert "![noise](noise.png)" in text
    assert "PySR" in text
    scored = text.split("SRBench's 116 sets")[1]
    assert "The 2 of" in text  # I.26.2 and test_10 are not among SRBench's
    assert "50" in scored


def test_the_command_writes_report_and_plots(tmp_path):
    records = Records(tmp_path, {"time_limit": 30}, Fit)
    for entry in ROWS:
        fit = Fit(entry["problem"], entry["method"], entry["noise"], entry["seed"])
        records.add(fit, entry)
    records.close()
    result = CliRunner().invoke(feynman.app, ["report", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "symbolic" in result.output
    assert (tmp_path / "report.md").read_text().startswith("# Benchmark report")
    for name in draw_all(pd.DataFrame(ROWS), tmp_path):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problems", "I.99.9"], "has no problem I.99.9"),
        (["--suite", "fineman"], "neither a folder nor one of"),
        (["--methods", "operom"], "choose from"),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, message):
    result = CliRunner().invoke(feynman.app, ["run", "--output", str(tmp_path / "out"), *arguments])
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_srsd_stands_beside_its_own_published_figures():
    rows = [row("srsd_I.10.7", "a", 0.0, 1.0, True, 1.0)]
    text = to_markdown(pd.DataFrame(rows), {"suite": "srsd"}, [])
    assert "flash-ansr 120M" in text
    assert "SRBench's 116" not in text
    assert "flash-ansr 120M" not in to_markdown(pd.DataFrame(rows), {"suite": "hard"}, [])
