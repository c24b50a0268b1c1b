"""Figures on the pages about understanding are those that the examples have written to eval/results."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_tables import Row, rows
from pages import ROOT

from docs.draw.understood import RESULTS, measured

DOCS = ROOT / "docs"


def table(page: str, *columns: str) -> list[Row]:
    """Rows of the tables of a page that have certain columns."""
    found = [row for row in rows(DOCS / f"{page}.md") if set(columns) <= set(row.cells)]
    assert found
    return found


def words(page: str) -> str:
    """The text of a page on one line."""
    return " ".join((DOCS / f"{page}.md").read_text().split())


def share(explained: float) -> str:
    """In percent; a network may explain less than nothing."""
    return f"{explained:.2%}".replace("%", " %") if explained > 0 else "below zero"


def errors(summary: dict[str, float]) -> str:
    return ", ".join(f"{100 * summary[name]:.2f} %" for name in ("rms", "95 %", "largest"))


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_files_say_where_they_come_from(path):
    figures = measured(path.stem)
    assert re.fullmatch(r"[0-9a-f]{7,12}", figures["commit"]), "written by a tree that is not committed"
    assert figures["command"].startswith("python -m examples.")
    assert {"machine", "processor_seconds", "seed"} <= set(figures)


def test_laws_between_particles():
    told = table("distillation", "law", "seed")
    assert len(told) == len(list(RESULTS.glob("forces_*.json")))
    for row in told:
        law = measured(f"forces_{row['law'].text.replace(' ', '-')}_{row['seed'].text}")
        cells = [cell.text for cell in row.cells.values()]
        assert cells[1] == f"{law['runs']}, {law['steps']}"
        assert cells[3] == share(law["skill"])
        assert cells[4] == law["pull_x"]
        assert cells[5] == f"{share(law['equations_beyond'])}, {share(law['network_beyond'])}"
        if "correlation" in law:
            assert abs(law["correlation"]) > 0.9999, "as the page says"


def test_a_network_beyond_its_range():
    figures, names = measured("extrapolation"), ("network", "distilled", "directly")
    for row, name in zip(table("distillation", "within the range"), names, strict=True):
        for where in ("within the range", "up to twice the range"):
            assert row[where].text == f"{figures[where][name]:.3f}"
    assert f"`{figures['distilled']}`" in words("distillation")


def test_latents_of_oscillators():
    figures = measured("oscillator")
    recovered = "variance recovered from both"
    expected = [*([f"{one:.2f}" for one in latent.values()] for latent in figures["information"])]
    expected.append([f"{one:.4f}" for one in figures["recovered"].values()])
    told = table("concepts", "frequency", "damping")
    assert [[row["frequency"].text, row["damping"].text] for row in told] == expected
    assert told[-1][""].text == recovered
    assert f"{100 * figures['skill']:.1f} % of the variance of unseen answers" in words("concepts")
    assert f"`frequency = {figures['equations']['frequency'].split('  (')[0]}`" in words("concepts")


def test_latents_of_halos():
    figures = measured("halos")
    told = table("concepts", "radius")
    for row, latent in zip(told, figures["by_radius"], strict=True):
        values = [f"{one:.2f}" for one in latent.values()][::4]
        assert [cell.text for cell in row.cells.values()][1:] == values
    assert f"{100 * figures['skill']:.2f} % of the variance of unseen densities" in words("concepts")
    for told_of in figures["recovered"].values():
        assert f"{told_of:.3f}" in words("concepts")


@pytest.mark.parametrize("row", table("emulators", "calls"), ids=lambda row: row["function"].code[0])
def test_emulators(row):
    (name,) = row["function"].code
    case = measured(f"emulators_{name}")["cases"][name]
    assert row["calls"].text.replace(",", "") == str(case["calls"])
    assert row["error: rms, 95 %, largest"].text == errors(case["errors"])
    assert row["Gaussian process alone"].text == errors(case["gaussian_process_alone"])
    speed = f"{case['seconds_a_call']:.2g}, {case['speed_up']:.2g}"
    assert row["seconds a call, speed-up"].text == speed
    if "spectrum" in case:
        assert f"{errors(case['spectrum'])} ({name})" in words("emulators")


def test_the_emulated_transfer_function_is_as_good_as_was_asked():
    for name in ("transfer", "wiggles"):
        case = measured(f"emulators_{name}")["cases"][name]
        assert case["calls"] < 2000
        assert case["n_fresh"] == 1000
        assert case["errors"]["largest"] < 0.005


def test_what_mattered_in_friedmans_function():
    figures = measured("friedman")
    columns: dict[str, Any] = {one["columns"]: one for one in figures["information"]}
    for row in table("importance", "column", "information")[:5]:
        known = columns[row["column"].text]
        said = [row[name].text for name in ("information", "error", "reached by noise")]
        assert said == [f"{known[name]:.3f}" for name in ("information", "error", "noise")]
    worth = {one["variable"]: one for one in figures["importance"]}
    for row in table("importance", "variable", "permutation")[:5]:
        own = worth[row["variable"].text]
        assert row["permutation"].text == f"{own['permutation']:.3f} ± {own['permutation_error']:.3f}"
        assert row["Sobol, alone"].text == f"{own['sobol_first']:.3f}"
        assert row["Sobol, in all"].text == f"{own['sobol_total']:.3f}"


def test_saliency_agrees_with_leaving_out():
    figures = measured("saliency")
    assert figures["least"] >= 0.7
    assert len(figures["agreements"]) == 20
    said = f"at least {figures['least']:.2f}, {figures['median']:.2f} in the median"
    assert said in words("importance")
