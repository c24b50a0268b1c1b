import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from eval import feynman, pysr
from eval.plots import boxes_of_points, draw_all, name_points
from eval.records import Fit, Records
from eval.report import has_all_of_srbench, published, summarise, to_markdown
from nsr.problems.suites import load

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


def test_the_second_judge_stands_beside_the_first():
    rows = [ROWS[0] | {"expanded": True}, ROWS[1] | {"expanded": True}, ROWS[3] | {"expanded": None}]
    ours = summarise(pd.DataFrame(rows)).iloc[0]
    assert ours["symbolic"] == pytest.approx(100 / 3)
    assert ours["expanded"] == pytest.approx(200 / 3)  # of the third row it is not known


def test_time_to_solution_is_that_of_solutions():
    rows = [row(f"p{i}", "a", 0.0, 1.0, i < 3, seconds) for i, seconds in enumerate((1.0, 2.0, 4.0, 30, 30))]
    table = summarise(pd.DataFrame(rows)).iloc[0]
    assert (table["seconds"], table["to solution"], table["longest"]) == (4, 2, 30)


def test_killed_fits_are_told_of_failed_ones():
    rows = [*ROWS, row("I.12.2", "a", 0.0, None, False, 1.0, error="ValueError: no")]
    table = summarise(pd.DataFrame(rows)).set_index(["noise", "method"])
    assert list(table.loc[(0.0, "a"), ["failed", "killed"]]) == [2, 1]
    text = to_markdown(pd.DataFrame(rows), {}, [])
    assert "a on I.26.2 (noise 0, seed 1; killed after 9 s)" in text
    assert "No fit had to be killed." in to_markdown(pd.DataFrame(ROWS[:2]), {}, [])


def test_seeds_are_told_apart():
    rows = [row("I.12.1", "a", 0.0, 1.0, seed > 1, 1.0) | {"seed": seed} for seed in (1, 2, 3, 4)]
    assert "between seeds" not in summarise(pd.DataFrame(ROWS))
    table = summarise(pd.DataFrame(rows))
    assert table["between seeds"].tolist() == [pytest.approx(np.std([0, 100, 100, 100], ddof=1))]


def test_tables_without_a_truth_show_no_symbolic_column(tmp_path):
    rows = [row("mine", name, noise, 0.9, None, 1.0) for name in ("a", "b") for noise in (0.0, 0.1)]
    table = summarise(pd.DataFrame(rows))
    assert not {"symbolic", "expanded", "to solution", "by numbers"} & set(table.columns)
    assert {"recovered", "R2>0.999", "seconds"} <= set(table.columns)
    text = to_markdown(pd.DataFrame(rows).assign(stage="families"), {}, [])
    assert "Which stage found the equations" in text
    assert "| symbolic |" not in text
    assert draw_all(pd.DataFrame(rows), tmp_path) == ["solved.png", "noise.png"]
    assert draw_all(pd.DataFrame(rows[:1]), tmp_path) == ["solved.png"]


def test_published_rates_stand_beside_whole_sets_only():
    names = [problem.name for problem in load("feynman") if problem.in_srbench]
    whole = [row(name, "a", 0.0, 1.0, True, 1.0) for name in names]
    assert has_all_of_srbench(pd.DataFrame(whole))
    assert "Published figures" in to_markdown(pd.DataFrame(whole), {}, [])
    for rows in (whole[1:], [*whole, whole[0] | {"method": "b"}]):
        assert not has_all_of_srbench(pd.DataFrame(rows))
        assert "Published figures" not in to_markdown(pd.DataFrame(rows), {}, [])


def test_reports_tell_which_code_made_the_rows():
    rows = [ROWS[0] | {"commit": "abc1234", "versions": "python 3.11.7"}, ROWS[1], ROWS[4]]
    text = to_markdown(pd.DataFrame(rows), {}, [])
    assert "| 0 | a | abc1234; not told | not told; python 3.11.7 | 1 |" in text
    assert "| 0 | b | not told | not told | 1 |" in text


def test_names_in_plots_hide_neither_names_nor_points():
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.uniform(0, 1, 6), 2), np.repeat(rng.uniform(0, 1, 6), 2)
    x[1::2] += 0.01  # pairs whose names would lie on each other
    axes = Figure(figsize=(7, 4)).subplots()
    axes.scatter(x, y)
    axes.margins(0.2)
    axes.figure.draw_without_rendering()
    taken = boxes_of_points(axes, x, y)
    name_points(axes, [(*point, "a method") for point in zip(x, y, strict=True)], "0.6", taken)
    boxes = taken[len(x) :]
    assert len(boxes) == len(axes.texts) == len(x)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in taken[: len(x) + i])


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


def test_pysr_runs_as_our_figures_were_measured_and_stands_beside_them(tmp_path, monkeypatch):
    asked = {}

    def fitted(output, **settings):
        asked.update(settings)
        records = Records(output, {"time_limit": 30}, Fit)
        for problem in ("I.12.1", "I.12.2"):
            records.add(Fit(problem, "pysr", 0.0, 23654), row(problem, "pysr", 0.0, 1.0, True, 3.0))
        records.close()

    monkeypatch.setattr(feynman, "run", fitted)
    monkeypatch.setattr(feynman, "draw_all", lambda results, folder: [])
    result = CliRunner().invoke(pysr.app, ["--output", str(tmp_path), "--noise", "0"])
    assert result.exit_code == 0, result.output
    assert (asked["methods"], asked["time_limit"], asked["cores"], asked["rows"]) == ("pysr", 30.0, 1, 10_000)
    (line,) = (text for text in result.output.splitlines() if " pysr " in text)
    assert line.split()[:4] == ["0", "pysr", "2", "100"]
    assert " operon " in result.output


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
