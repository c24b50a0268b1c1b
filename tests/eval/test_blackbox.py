import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from typer.testing import CliRunner

from eval import blackbox, real_tables
from eval.blackbox_report import at_least_as_good, comparable, summarise, with_ranks
from eval.fronts import FrontFit, read_fronts
from eval.protocol import SEEDS, split
from eval.real_tables import RealTable
from eval.records import Fit, Records, read_results
from eval.sandbox import SandboxError
from nsr.evaluate.program import Program
from nsr.problems.metrics import accuracy

METHODS = ("nsr", "linear", "forest", "operon")


def row(problem, method, seed, r2, size, error=None):
    return {
        "problem": problem, "method": method, "noise": 0.0, "seed": seed, "r2": r2, "complexity": size,
        "seconds": 1.0, "error": error,
    }  # fmt: skip


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    splits = itertools.product(("cars", "calcium", "mammals", "trees"), (1, 2, 3))
    return pd.DataFrame(
        row(problem, method, seed, rng.uniform(-0.5, 1), int(rng.integers(5, 9)))
        for problem, seed in splits
        for method in METHODS
    )


def test_ranks_are_those_of_scipy(results):
    ranked = with_ranks(comparable(results))
    for _, group in ranked.groupby(["problem", "seed"]):
        np.testing.assert_allclose(group["r2_rank"], rankdata(-group["r2"]))
        np.testing.assert_allclose(group["size_rank"], rankdata(group["complexity"]))
    means = summarise(results).set_index("method")
    for method, group in ranked.groupby("method"):
        assert means.loc[method, "rank of R2"] == pytest.approx(group["r2_rank"].mean())
    assert means["rank of R2"].is_monotonic_increasing


def test_what_no_method_can_be_compared_on_does_not_count(results):
    partial = results[~((results["method"] == "operon") & (results["seed"] == 3))]
    assert set(comparable(partial)["seed"]) == {1, 2}
    with pytest.raises(ValueError, match="no split in common"):
        comparable(results[(results["method"] == "nsr") == (results["seed"] == 1)])


def test_disasters_failures_and_ties():
    rows = [
        row("cars", "linear", 1, 0.5, 5), row("cars", "nsr", 1, -0.2, 9),
        row("cars", "forest", 1, 0.50001, 99),
        row("trees", "linear", 1, -0.1, 5), row("trees", "nsr", 1, -7.0, 9),
        row("trees", "forest", 1, 0.9, 99),
        row("hills", "linear", 1, 0.9, 5), row("hills", "nsr", 1, None, None, "killed"),
        row("hills", "forest", 1, 0.3, 99),
    ]  # fmt: skip
    table = summarise(pd.DataFrame(rows)).set_index("method")
    ours = table.loc["nsr"]
    assert (ours["below 0"], ours["disasters"], ours["failed"]) == (3, 2, 1)
    assert ours["mean R2"] == pytest.approx((-0.2 - 1 - 1) / 3)
    assert ours["median R2"] == -1
    assert ours["rank of size"] == pytest.approx((2 + 2 + 3) / 3)
    assert table.loc["linear", "rank of R2"] == pytest.approx((1.5 + 2 + 1) / 3)
    assert table.loc["linear", "disasters"] == 0
    shares = at_least_as_good(comparable(pd.DataFrame(rows))).set_index("method")
    assert shares.loc["linear", "forest"] == pytest.approx(200 / 3)
    assert shares.loc["nsr", "linear"] == 0


def test_the_command_reports_the_halves_apart(results, tmp_path):
    records = Records(tmp_path, {"time_limit": 10}, Fit)
    for entry in results.to_dict("records"):
        records.add(Fit(entry["problem"], entry["method"], 0.0, entry["seed"]), entry)
    records.close()
    result = CliRunner().invoke(blackbox.app, ["report", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    development, test = text.split("## The half for test")
    assert "| calcium |" in development
    assert "| calcium |" not in test
    assert "| cars |" in test
    for half in ("development", "test"):
        assert f"![{half}]({half}.png)" in text
        assert (tmp_path / f"{half}.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def _toy(monkeypatch):
    """One table of its own, an exact law."""
    x = np.linspace(1, 3, 24)
    frame = pd.DataFrame({"x": x, "z": np.cos(9 * x), "y": 2 * x**2 + 0.5})
    table = RealTable("toy", "r", "toy", "y", ("x", "z"), ())
    monkeypatch.setattr(real_tables, "_stored", lambda table: frame)
    monkeypatch.setattr(blackbox, "of_half", lambda half: [table])
    monkeypatch.setattr(blackbox, "compile_kernels", lambda: None)


class Here:
    """A sandbox whose work is done in this process, and fails where it is told so."""

    error = ""

    def __init__(self, *args):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def run(self, function, *args, time_limit):
        if self.error:
            raise SandboxError(self.error)
        return function(*args)


@pytest.mark.integration
@pytest.mark.usefixtures("_toy")
def test_a_run_measures_size_also_of_what_is_no_equation(tmp_path, monkeypatch):
    monkeypatch.setattr("eval.runner._sandbox", Here)
    command = ["run", "--methods", "mean,linear,forest", "--seeds", "2", "--output", str(tmp_path)]
    result = CliRunner().invoke(blackbox.app, command)
    assert result.exit_code == 0, result.output
    rows = read_results(tmp_path)
    assert len(rows) == 6
    assert rows["error"].isna().all()
    size = rows.set_index(["method", "seed"])["complexity"]
    assert size["mean", SEEDS[0]] == 1
    assert size["linear", SEEDS[0]] == 8  # a + b*x_0 + c*x_1
    assert size["forest", SEEDS[0]] > 100
    assert rows.loc[rows["method"] == "forest", "equation"].isna().all()


@pytest.mark.usefixtures("_toy")
def test_saved_fronts_are_read_back_with_their_data(tmp_path, monkeypatch):
    monkeypatch.setattr(blackbox, "Sandbox", Here)
    command = ["fronts", "--seeds", "1", "--time-limit", "600", "--output", str(tmp_path)]
    for _ in range(2):  # the second has nothing left to do
        result = CliRunner().invoke(blackbox.app, command)
        assert result.exit_code == 0, result.output
    (line,) = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["error"] is None
    (front,) = read_fronts(tmp_path)
    assert front.fit == FrontFit("toy", SEEDS[0])
    data = split(next(iter(blackbox._tables("all", "all", tmp_path).values())), 0.0, SEEDS[0])
    assert np.array_equal(front.split.X_train, data.X_train)
    predicted = Program(list(front.expressions)).values(data.X_test)
    for stored, values in zip(front.table["test_r2"], predicted, strict=True):
        measured = accuracy(data.y_test, values).r2
        assert (measured is None and math.isnan(stored)) or stored == pytest.approx(measured)
    train = Program(list(front.expressions)).values(data.X_train)
    np.testing.assert_allclose(
        front.table["loss"], np.mean((train - data.y_train) ** 2, axis=1), rtol=1e-6, atol=1e-20
    )
    assert front.table["test_r2"][front.best] > 0.999999


@pytest.mark.usefixtures("_toy")
def test_a_search_that_dies_is_a_row_and_no_front(tmp_path, monkeypatch):
    monkeypatch.setattr(blackbox, "Sandbox", Here)
    monkeypatch.setattr(Here, "error", "killed after 9 s")
    command = ["fronts", "--seeds", "1", "--output", str(tmp_path)]
    assert CliRunner().invoke(blackbox.app, command).exit_code == 0
    assert read_results(tmp_path)["error"].to_list() == ["killed after 9 s"]
    assert not list(read_fronts(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problems", "planets"], "no table planets in development; choose from airquality"),
        (["--half", "train"], "choose from development, test and all"),
        (["--methods", "operom"], "choose from"),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, message):
    result = CliRunner().invoke(blackbox.app, ["run", "--output", str(tmp_path / "out"), *arguments])
    assert isinstance(result.exception, ValueError | RuntimeError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()
