"""Figures within sentences of the README and the pages are those of the files in eval/results."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from pages import ROOT

from eval import odebench
from eval.ablation import VARIANTS
from eval.records import read_results, read_settings
from eval.report import srbench_part, summarise

RESULTS = ROOT / "eval" / "results"
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@cache
def words(page: str) -> str:
    """The text of a page on one line."""
    return " ".join((ROOT / page).read_text().split())


@cache
def fits(folder: str) -> pd.DataFrame:
    """Rows of results, where verdicts that are missing are no."""
    results = read_results(RESULTS / folder)
    for verdict in {"symbolic", "expanded", "recovered"} & set(results.columns):
        results[verdict] = results[verdict].eq(True)
    return results


@cache
def splits() -> pd.DataFrame:
    """R2 of the real tables, a row for each split and a column for each method."""
    results = fits("blackbox")
    r2 = results["r2"].astype(float).fillna(-1)
    return results.assign(r2=r2).pivot(index=["problem", "seed"], columns="method", values="r2")


def test_feynman_where_nsr_loses():
    results = fits("feynman")
    clean = results[(results["noise"] == 0)]
    missed = {m: own[~own["symbolic"]] for m, own in clean.groupby("method")}
    bonus = missed["nsr"]
    assert all(bonus["problem"].str.startswith("test_"))
    n, recovered = NUMBERS[len(bonus)], NUMBERS[bonus["recovered"].sum()]
    said = f"it misses {n} of the twenty bonus equations ({recovered} only symbolically)"
    assert said in words("docs/benchmarks.md")
    assert f"without noise {n} of the twenty bonus equations are" in words("README.md")
    told = missed["nsr_units"]["problem"]
    of_bonus = told.str.startswith("test_").sum()
    said = f"With units it misses {NUMBERS[len(told)]}, {NUMBERS[of_bonus]} of them bonus equations"
    assert said in words("docs/benchmarks.md")
    solved = {m: set(own[own["symbolic"]]["problem"]) for m, own in clean.groupby("method")}
    assert (solved["operon"] | solved["gplearn"]) <= solved["nsr"]
    operon = srbench_part(clean[clean["method"] == "operon"])
    only_expanded = (operon["expanded"] & ~operon["symbolic"]).sum()
    assert f"{NUMBERS[only_expanded]} equations of Operon's are right" in words("docs/benchmarks.md")


def test_feynman_with_much_noise():
    part = summarise(srbench_part(fits("feynman"))).set_index(["noise", "method"])["symbolic"]
    assert f"At 10 % noise {part[0.1, 'nsr']:.1f} % of the Feynman sets are solved" in words("README.md")


def test_published_rates():
    rates = pd.read_csv(ROOT / "eval" / "published.csv")
    pysr = rates[rates["method"] == "PySR"].set_index("noise")["symbolic"]
    said = f"published rates are {pysr[0.0]} % without noise and {pysr[0.01]} % at 1 % noise, in eight hours"
    noisy = rates[(rates["noise"] == 0.1) & ~rates["source"].str.contains("units")]["symbolic"]
    assert f"{said} a fit; at 10 % noise the best we know of without units is {noisy.max()} %" in words(
        "docs/benchmarks.md"
    )
    srsd = pd.read_csv(ROOT / "eval" / "published_srsd.csv").groupby("method").first()
    rate, seconds = srsd["recovered"], srsd["seconds"]
    for said in (
        f"others have published for srsd is {rate['TiSR']} % (TiSR; FastSRB), {rate['flash-ansr 120M']} % of",
        f"a network on a GPU in {seconds['flash-ansr 120M']:,.0f} s (flash-ansr), and",
        f"{rate['PySR 1.x']:.0f} % for PySR in {seconds['PySR 1.x']:.0f} s",
    ):
        assert said in words("docs/benchmarks.md")


def test_ten_seeds():
    part = srbench_part(fits("feynman_seeds"))
    shares = part.groupby("problem")["symbolic"].mean()
    none = shares[shares == 0].index
    assert (
        f"{(shares < 1).sum()} sets are not solved with every seed, {NUMBERS[len(none)]} with none"
        in words("docs/benchmarks.md")
    )
    assert set(none) == {"test_11"}
    seeds = 100 * part.groupby("seed")["symbolic"].mean()
    late = part["seconds"].max() - read_settings(RESULTS / "feynman_seeds")["time_limit"]
    assert (
        f"The worst seed has {seeds.min():.1f} %, the best {seeds.max():.1f} %; the worst is {seeds.idxmin()}"
    ) in words("docs/benchmarks.md")
    assert f"The longest fit took {late:.1f} s more than it was given" in words("docs/benchmarks.md")


def test_realistic_ranges():
    missed = fits("srsd")[~fits("srsd")["recovered"]]["problem"]
    assert len(missed) == 4
    bonus = missed.str.contains("bonus").sum()
    assert f"Of the four that NSR misses {NUMBERS[bonus]} are of the twenty bonus" in words(
        "docs/benchmarks.md"
    )


def test_real_tables():
    tables, ours = splits().groupby("problem"), splits()["nsr"]
    at_least = [
        (ours >= splits()["operon"]).mean(),
        (tables["nsr"].mean() >= tables["operon"].mean()).mean(),
        (tables["nsr"].median() >= tables["operon"].median()).mean(),
    ]
    shares = [f"{100 * share:.0f} %" for share in at_least]
    assert (
        f"at least as good as Operon on {shares[0]} of the splits and, by the mean of a table's three, on "
        f"{shares[1]} of the tables (by their median, on {shares[2]})"
    ) in words("docs/benchmarks.md")
    ranks = splits().round(3).rank(axis=1, ascending=False).mean()
    assert f"is the best, {ranks['nsr']:.1f}; the forest, next with {ranks['forest']:.1f}," in words(
        "docs/benchmarks.md"
    )
    weak = splits().query("nsr < 0 < linear")[["nsr", "linear"]]
    assert list(weak.index.get_level_values("problem")) == ["LifeCycleSavings"]
    (pair,) = weak.loc["LifeCycleSavings"].to_numpy()
    assert f"({pair[0]:.2f} and {pair[1]:.2f})" in words("docs/benchmarks.md")


def test_real_tables_in_the_readme():
    means, medians = splits().clip(lower=-1).mean(), splits().groupby("problem").median().median()
    sizes = fits("blackbox").groupby("method")["complexity"].median()
    for said in (
        f"(mean R2 {means['nsr']:.3f} and {means['forest']:.3f},",
        f"median of the splits {splits().median()['nsr']:.3f} and {splits().median()['forest']:.3f},",
        f"median of the tables {medians['nsr']:.3f} and {medians['forest']:.3f}),",
        f"with {sizes['nsr']:.1f} nodes and {sizes['forest']:,.0f}.",
    ):
        assert said in words("README.md")


def test_what_found_the_hard_problems():
    results = fits("ablation_hard/all")
    found = results[results["symbolic"]]["stage"].str.split(", ").str[0].value_counts()
    assert (
        f"Of the {results['symbolic'].sum()} symbolic solutions of all stages the network found "
        f"{found['network']} and evolution {found['evolution']}"
    ) in words("docs/benchmarks.md")
    shares = {name: fits(f"ablation_hard/{name}")["symbolic"].mean() for name in ("all", "without_network")}
    assert shares["all"] >= 2 * shares["without_network"], "as the README says, it doubles what is found"
    folders = [RESULTS / "ablation_hard" / name.replace(" ", "_") for name in VARIANTS]
    failed = [folder.name for folder in folders if folder.exists() and read_results(folder)["error"].any()]
    assert failed == ["without_network", "without_families"]


def test_wishes():
    lines = gzip.decompress((RESULTS / "constraints.jsonl.gz").read_bytes()).decode().splitlines()
    counts = Counter(json.loads(line)["outcome"] for line in lines)
    assert counts.keys() == {"kept", "refused"}
    said = words("docs/benchmarks.md")
    assert f"of {len(lines)} random combinations of two to eight wishes" in said
    assert f"{counts['kept']} gave fronts that keep to all of them, {counts['refused']} were refused" in said


def test_dynamical_systems():
    results = odebench.read_results(RESULTS / "odebench")
    ours = results[results["method"] == "nsr"]
    assert f"No fit of NSR took longer than {ours['seconds'].max():.1f} s" in words("docs/benchmarks.md")
    noisy, clean = (
        ours[(ours["noise"] == noise) & ~(ours["reconstruction"].astype(float) > 0.9)]
        for noise in (0.05, 0.0)
    )
    assert f"With 5 % noise {NUMBERS[len(noisy)]} are not reconstructed" in words("docs/benchmarks.md")
    assert [name.split()[1] for name in clean["problem"]] == ["Lorenz"]
    forms = ours.groupby("noise")["form"].mean()
    assert 0.4 < forms[0.05] < 0.5, "fewer than half, as is said of noise"
    failed = results[results["error"].notna()]
    assert failed.groupby(["method", "noise"]).size().to_dict() == {("sindy", 0.0): 11, ("sindy", 0.05): 18}


@pytest.mark.parametrize("name", ["transfer", "wiggles"])
def test_emulators_without_a_residual(name):
    case = json.loads((RESULTS / "understanding" / f"emulators_{name}.json").read_text())["cases"][name]
    assert f"{100 * case['equation_alone']['rms']:.0f} % ({name})" in words("docs/emulators.md")


def test_information_of_latents_of_halos():
    figures = json.loads((RESULTS / "understanding" / "halos.json").read_text())
    by_latent = [list(latent.values()) for latent in figures["information"]]
    pairs = [f"{concentration:.2f} and {steepness:.2f}" for _, concentration, steepness in by_latent[1:3]]
    said = f"is the mass ({by_latent[0][0]:.2f} nats); the other two share concentration and steepness"
    assert f"{said} ({'; '.join(pairs)})" in words("docs/concepts.md")


def test_weights_are_as_large_as_the_readme_says():
    sizes = [Path(file).stat().st_size for file in (ROOT / "checkpoints").rglob("*.safetensors")]
    assert f"The weights ({sum(sizes) / 1e6:.0f} MB) are part of the package" in words("README.md")
