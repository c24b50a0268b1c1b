"""Figures in the README and on the page of benchmarks are those of the files in eval/results."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from markdown_tables import Row, rows
from pages import ROOT

from eval import chaos, fields, nist, odebench
from eval.ablation import VARIANTS
from eval.records import read_results
from eval.report import srbench_part, summarise
from nsr.expressions.expression import Expression
from nsr.problems.suites import load

RESULTS = ROOT / "eval" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PEERS = ROOT / "docs" / "peers.md"
_KINDS = ("", "_float64", "_float64_with_jacobian")
METHODS = {
    "NSR (nsr: all stages)": "nsr",
    "the network for systems alone (nsr_systems)": "nsr_systems",
    "the network for functions alone (nsr_functions)": "nsr_functions",
    "sparse regression in weak form alone (nsr_library)": "nsr_library",
    "PySINDy tuned by simulation": "sindy_tuned",
    "PySINDy default (11 and 18 fits failed)": "sindy",
}


@cache
def tables(page: Path) -> list[Row]:
    return list(rows(page))


def under(section: str, *columns: str, page: Path = PAGE) -> list[Row]:
    """Rows of the tables of a section that have certain columns."""
    found = [row for row in tables(page) if row.section == section and set(columns) <= set(row.cells)]
    assert found
    return found


def number(text: str) -> float:
    return float(re.sub(r"[ %,]", "", text))


def test_feynman():
    results = read_results(RESULTS / "feynman")
    whole = summarise(results).set_index(["noise", "method"])
    part = summarise(srbench_part(results)).set_index(["noise", "method"])
    for row in under("Feynman equations", "noise", "method"):
        key = (float(row["noise"].text), row["method"].text)
        said = {
            name: number(cell.text) for name, cell in row.cells.items() if name not in {"noise", "method"}
        }
        measured = {
            "symbolic": part["symbolic"][key], "expanded": part["expanded"][key],
            "recovered": whole["recovered"][key], "R2 > 0.999": whole["R2>0.999"][key],
            "nodes": whole["complexity"][key], "seconds (median)": whole["seconds"][key],
            "seconds to solution": part["to solution"][key],
        }  # fmt: skip
        assert said == pytest.approx(measured, abs=0.051)


def test_ten_seeds():
    measured = summarise(srbench_part(read_results(RESULTS / "feynman_seeds"))).iloc[0]
    (row,) = under("Ten seeds, ten seconds", "seeds", "fits")
    columns = ["fits", "symbolic", "between seeds", "expanded", "recovered", "R2>0.999"]
    columns += ["seconds", "longest", "to solution"]
    said = [number(cell.text) for cell in list(row.cells.values())[1:]]
    assert number(row["seeds"].text) == read_results(RESULTS / "feynman_seeds")["seed"].nunique()
    assert said == pytest.approx(list(measured[columns]), abs=0.051)


def test_realistic_ranges_and_problems_that_structure_does_not_solve():
    section = "Realistic ranges, and problems that structure does not solve"
    for row in under(section, "suite", "fits"):
        measured = summarise(read_results(RESULTS / row["suite"].text)).iloc[0]
        columns = ["fits", "symbolic", "recovered", "R2>0.999", "seconds", "to solution"]
        said = [number(cell.text) for cell in list(row.cells.values())[1:]]
        assert said == pytest.approx(list(measured[columns]), abs=0.051)


def test_time_used_and_time_to_solution_of_peers():
    part = summarise(srbench_part(read_results(RESULTS / "feynman"))).set_index(["noise", "method"])
    said = under("Time used and time to solution", "noise", "method", page=PEERS)
    assert {(float(row["noise"].text), row["method"].text) for row in said} == set(part.index)
    for row in said:
        cells = [number(cell.text) for cell in list(row.cells.values())[2:]]
        columns = ["symbolic", "expanded", "seconds", "longest", "to solution", "failed", "killed"]
        measured = part.loc[(float(row["noise"].text), row["method"].text), columns]
        assert cells == pytest.approx(list(measured), abs=0.051)


def test_the_field():
    measured = summarise(read_results(RESULTS / "field")).set_index("method")
    said = under("The field, 30 s", "method", page=PEERS)
    assert sorted(row["method"].text for row in said) == sorted(measured.index)
    for row in said:
        figures = measured.loc[row["method"].text]
        cells = [number(cell.text) if cell.text else None for cell in list(row.cells.values())[1:]]
        counts = [figures["fits"] * figures[name] / 100 for name in ("symbolic", "expanded", "recovered")]
        assert cells[:3] == pytest.approx(counts)
        for cell, name in zip(
            cells[3:], ("seconds", "processor", "to solution", "failed", "killed"), strict=True
        ):
            assert pd.isna(figures[name]) if cell is None else cell == pytest.approx(figures[name], abs=0.051)


def test_gplearn_with_the_functions_of_the_law():
    results = read_results(RESULTS / "feynman")
    own = [problem.name for problem in load("feynman") if _has_functions(problem.expression)]
    rows = results[(results["method"] == "gplearn") & (results["noise"] == 0) & results["problem"].isin(own)]
    said = (
        f"gplearn, which has the functions there, finds {rows['expanded'].sum()} of {len(own)} without noise"
    )
    assert said in " ".join(PEERS.read_text().split())


def _has_functions(law: Expression) -> bool:
    return not {"exp", "asin", "acos", "tanh"}.isdisjoint(law.tokens)


def test_the_readme_says_the_same():
    part = summarise(srbench_part(read_results(RESULTS / "feynman"))).set_index(["noise", "method"])[
        "symbolic"
    ]
    for row in under("How good it is", "noise", page=ROOT / "README.md"):
        noise = {"0": 0.0, "1 %": 0.01}[row["noise"].text]
        for method in ("NSR", "Operon", "gplearn"):
            assert number(row[method].text) == pytest.approx(part[noise, method.lower()], abs=0.051)
    systems = odebench.summarise(read_results(RESULTS / "odebench")).set_index(["noise", "method"])["form"]
    (said,) = re.findall(
        r"found for (\d+) % of the systems without noise and (\d+) %\s+with 5 %; "
        r"tuned PySINDy finds (\d+) % and (\d+) %",
        (ROOT / "README.md").read_text(),
    )
    measured = [systems[noise, method] for method in ("nsr", "sindy_tuned") for noise in (0.0, 0.05)]
    assert [float(share) for share in said] == pytest.approx(measured, abs=0.51)


def test_odebench():
    results = odebench.summarise(read_results(RESULTS / "odebench")).set_index(["noise", "method"])
    for row in under("Dynamical systems", "method", "clean"):
        method = METHODS[row["method"].text.replace("`", "")]
        cells = list(row.cells.values())
        for noise, (shares, form) in zip((0.0, 0.05), (cells[1:3], cells[3:5]), strict=True):
            said = [number(share) for share in shares.text.split("/")]
            measured = results.loc[(noise, method), ["reconstructed", "generalised"]]
            assert said == pytest.approx(list(measured), abs=0.051)
            assert number(form.text) == pytest.approx(results["form"][noise, method], abs=0.51)


def solved(folder: Path, column: str) -> pd.Series:
    return read_results(folder)[column].fillna(False).astype(bool)


@pytest.mark.parametrize(
    "row", under("What each stage adds", "stages", "symbolic"), ids=lambda row: row["stages"].text
)
def test_stages_on_hard_problems(row):
    variant = row["stages"].text.replace("the network", "network")
    assert variant in VARIANTS
    folder = RESULTS / "ablation_hard" / variant.replace(" ", "_")
    for column in ("symbolic", "recovered"):
        assert number(row[column].text) == pytest.approx(100 * solved(folder, column).mean(), abs=0.051)
    accurate = (read_results(folder)["r2"].astype(float) > 0.999).mean()
    assert number(row["R2 > 0.999"].text) == pytest.approx(100 * accurate, abs=0.051)


def test_stages_elsewhere():
    for row in under("What each stage adds", "stages", "Feynman: symbolic"):
        variant = row["stages"].text.replace("the network", "network").replace(" ", "_")
        cells = list(row.cells.values())[1:]
        said = [number(cell.text) for cell in cells]
        measured = [
            solved(RESULTS / suite / variant, column).sum()
            for suite in ("ablation_feynman", "classical")
            for column in ("symbolic", "recovered")
        ]
        assert said == measured


def test_evolution_alone_beside_operon():
    said = under("Evolution alone", "suite", "evolution: recovered")
    assert {row["suite"].text for row in said} == {"feynman", "hard2", "friedman"}
    for row in said:
        results = read_results(RESULTS / "evolution" / row["suite"].text)
        noises = {"no": 0.0, "10 %": 0.1}
        own = results[results["noise"] == noises[row["noise"].text]].groupby("method")
        measured = [
            own[column].sum()[method] for method in ("nsr", "operon") for column in ("recovered", "symbolic")
        ]
        cells = [number(cell.text) for cell in list(row.cells.values())[2:]]
        assert cells == [own.size()["nsr"], *measured]
        assert own.size()["nsr"] == own.size()["operon"]


def test_classical_suites():
    runs = {name: read_results(RESULTS / "classical" / name) for name in ("before", "all")}
    for row in under("Classical suites", "suite", "problems"):
        name = row["suite"].text
        before, after = (
            run if name == "all" else run[run["problem"].str.startswith(name)] for run in runs.values()
        )
        counts = [run[verdict].sum() for verdict in ("symbolic", "recovered") for run in (before, after)]
        said = [number(cell.text) for cell in list(row.cells.values())[1:]]
        assert said[:5] == [len(after), *counts]
        assert said[5:] == pytest.approx([run["seconds"].median() for run in (before, after)], abs=0.051)


def test_chaotic_systems():
    measured = chaos.summary(pd.read_json(RESULTS / "chaos.jsonl", lines=True))
    assert set(measured["systems"]) == {33}
    for row in under("Chaotic systems", "method", "no noise"):
        method = {"NSR": "nsr", "PySINDy default": "sindy"}[row["method"].text]
        cells = list(row.cells.values())[1:]
        for noise, (shares, form) in zip((0.0, 0.01), (cells[:2], cells[2:]), strict=True):
            said = [*(number(share) for share in shares.text.split("/")), number(form.text)]
            figures = measured.loc[(noise, method), ["exact", "good", "form"]]
            assert said == pytest.approx(list(figures), abs=0.51)


def test_fields():
    measured = fields.summary(pd.read_json(RESULTS / "fields.jsonl", lines=True))
    for row in under("Fields", "method", "5 % noise"):
        method = "nsr" if row["method"].text == "NSR" else "sindy"
        for noise, cell in zip((0.0, 0.05, 0.2), list(row.cells.values())[1:4], strict=True):
            figures = measured.loc[(noise, method), ["form", "coefficients"]]
            assert [number(count) for count in cell.text.split("/")] == list(figures)
    drawn = fields.summary(pd.read_json(RESULTS / "fields_drawn.jsonl", lines=True))
    none, little, much = drawn["form"]
    assert set(drawn["problems"]) == {32}
    assert f"`eval/results/fields_drawn.jsonl`) it finds {none}, {little} and {much}." in PAGE.read_text()


def test_refinement():
    rows_of = [json.loads(line) for line in (RESULTS / "refinement.jsonl").read_text().splitlines()]
    measured = {(row["form"], row["method"], row["restarts"]): 100 * row["recovered"] for row in rows_of}
    names = {"variable projection (default)": "varpro", "Levenberg-Marquardt": "lm", "BFGS": "bfgs"}
    columns = {1: "1 restart", 8: "8 restarts", 32: "32 restarts"}
    said = {
        (row["form"].text, names[row["method"].text], restarts): number(row[column].text)
        for row in under("Parts", "form", "method")
        for restarts, column in columns.items()
    }
    assert said == pytest.approx(measured, abs=0.051)


@pytest.mark.parametrize(
    "path", sorted(RESULTS.rglob("*.jsonl*")), ids=lambda path: str(path.relative_to(RESULTS))
)
def test_every_row_says_the_commit_and_the_versions_that_made_it(path):
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows_of = [json.loads(line) for line in text.splitlines()]
    assert rows_of
    assert all(re.fullmatch(r"[0-9a-f]{7,12}", row["commit"]) for row in rows_of)
    assert all(re.search(r"numpy [\d.]+, sympy [\d.]+", row["versions"]) for row in rows_of)


def test_the_network_alone():
    lines = (RESULTS / "oneshot_feynman_nsr-small.jsonl").read_text().splitlines()
    fits = pd.DataFrame([json.loads(line) for line in lines])
    text = " ".join(PAGE.read_text().split())
    assert (
        f"| recovered (FVU at most 2^-23 on 1,000 fresh points) | {100 * fits['recovered'].mean():.1f} % |"
        in text
    )
    assert f"| R2 above 0.99 | {100 * fits['r2_above_0.99'].mean():.1f} % |" in text
    assert f"{fits['seconds'].median():.1f} and {fits['seconds'].max():.1f} |" in text
    assert f"recovers {100 * fits['recovered'].mean():.1f} % of the Feynman equations" in (
        " ".join((ROOT / "README.md").read_text().split())
    )


def test_real_tables():
    results = read_results(RESULTS / "blackbox")
    names = {"random forest": "forest", "linear model": "linear", "Operon": "operon"}
    for row in under("Real tables", "method", "nodes"):
        method = names.get(row["method"].text, row["method"].text)
        own = results[results["method"] == method]
        r2 = own["r2"].astype(float).fillna(-1)
        of_tables = r2.groupby(own["problem"]).median().median()
        said = [number(cell.text) for cell in list(row.cells.values())[1:]]
        assert said[:3] == pytest.approx([r2.median(), of_tables, r2.clip(lower=-1).mean()], abs=0.00051)
        assert said[3:] == [own["complexity"].median(), (r2 < 0).sum()]


def test_certified_fits():
    lines = (RESULTS / "nist.jsonl").read_text().splitlines()
    measured = list(nist.summary([json.loads(line) for line in lines]).values())[1:]
    said = [number(row["of 27"].text) for row in under("Certified fits", "of 27")]
    assert said == pytest.approx(measured, abs=0.051)
    for page, words in (
        (ROOT / "README.md", "NSR chooses"),
        (ROOT / "docs" / "reliability.md", "of NIST's 27"),
    ):
        (claim,) = re.findall(
            rf"{words}.*? for (\d+), and .*?the\s+front\s+for\s+(\d+)", page.read_text(), re.DOTALL
        )
        assert [float(count) for count in claim] == measured[:2]


def test_intervals():
    lines = [json.loads(line) for line in (RESULTS / "coverage.jsonl").read_text().splitlines()]
    share = {(row["problems"], row["kind"]): 100 * row["inside"] / row["of"] for row in lines}
    for row in under("Intervals", "problems", "constants"):
        for kind in ("constants", "values", "observations"):
            assert number(row[kind].text) == pytest.approx(share[row["problems"].text, kind], abs=0.051)
        if row["problems"].text == "searched":
            assert number(row["how many"].text) == lines[0]["found"]


def test_speed():
    measured = json.loads((RESULTS / "speed.json").read_text())
    text = " ".join(PAGE.read_text().split())
    generator, memory, evaluator = (measured[part] for part in ("generator", "stream_memory", "evaluator"))
    refiner, evolution, decoder = (measured[part] for part in ("refiner", "evolution", "decoder"))
    plain, compiled = (measured[part] for part in ("training", "compiled_training"))
    rates = [evaluator[f"node_evals_per_second_per_core{kind}"] / 1e9 for kind in _KINDS]
    for said in (
        f"{generator['samples_per_second_per_core']:,.0f} problems/s on one core",
        f"{generator['samples_per_second_per_core_without_reuse']:,.0f} where no equation serves twice",
        f"{generator['ratio_to_published_end_to_end_generator']:.0f} times the 155/s",
        f"{memory['problems']:,.0f} problems | {memory['peak_mib']:.0f} MiB",
        f"{rates[0]:.2f} (float32), {rates[1]:.2f} (float64), {rates[2]:.2f} (float64 with Jacobian)",
        f"{evaluator['ratio_to_numpy_lambdify']:.0f} times NumPy",
        f"{refiner['fits_per_second_per_core']:,.0f} fits/s",
        f"{refiner['ratio_to_scipy_bfgs']:.0f} times SciPy's BFGS",
        f"{round(evolution['children_per_second_per_core'], -2):,.0f} children/s",
        f"{evolution['ratio_to_operon']:.1f} times Operon",
        f"1,024 candidates in {decoder['seconds']:.2f} s",
        f"{plain['samples_per_second']:.0f} samples/s on two cores",
        f"{compiled['samples_per_second']:.0f} compiled",
        f"{100 * plain['share_of_matmul']:.0f} % and {100 * compiled['share_of_matmul']:.0f} % of a large",
    ):
        assert said in text
