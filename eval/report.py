"""Tables of benchmark results: ours, and beside them what others have published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsr.problems.suites import load

PUBLISHED = Path(__file__).parent / "published.csv"
# Shares of FVU <= 2^-23 on the Feynman equations in SRSD's ranges.
PUBLISHED_SRSD = Path(__file__).parent / "published_srsd.csv"
_PERCENTAGES = ("symbolic", "recovered", "R2>0.999", "R2>0.99")
_HOW_JUDGED = ("by_identities", "by_numbers")

_LEGEND = (
    "Percentages are shares of all fits; a failed fit counts as unsolved. *Symbolic*: equal to the truth up "
    "to a constant or a factor after rounding to three decimals (SRBench). *Recovered*: fraction of variance "
    "unexplained on clean test rows at most 2^-23. *By identities*: symbolic solutions that exact algebra "
    "proved and SymPy's simplification did not see. *By numbers*: symbolic checks that points far beyond the "
    "data decided: they were not finished in time, or ranges span decades, where three decimals say nothing."
)


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row for each method and level of noise.

    Args:
        results: One row for each fit (`eval.records.read_results`).

    Returns:
        Columns `fits`, `symbolic`, `recovered`, `R2>0.999`, `R2>0.99` (percent of all fits, a failed
        fit counts as none of them), medians of `seconds` and `complexity`, the largest memory, and how
        many fits failed, were proven by identities or were judged by numbers.
    """
    r2 = results["r2"].astype(float).fillna(-np.inf)
    # Rows of earlier code do not tell about identities.
    columns = results.columns.union(pd.Index(_HOW_JUDGED), sort=False)
    frame = results.reindex(columns=columns, fill_value=False).assign(
        **{"R2>0.999": r2 > 0.999, "R2>0.99": r2 > 0.99, "failed": results["error"].notna()}
    )
    for name in ("symbolic", "recovered", *_HOW_JUDGED):
        frame[name] = frame[name].fillna(False).astype(bool)
    for name in ("complexity", "seconds", "memory_gib"):
        frame[name] = frame[name].astype(float)
    groups = frame.groupby(["noise", "method"])
    table = groups[list(_PERCENTAGES)].mean() * 100
    table.insert(0, "fits", groups.size())
    table["seconds"] = groups["seconds"].median()
    table["complexity"] = groups["complexity"].median()
    table["memory (GiB)"] = groups["memory_gib"].max()
    table["failed"] = groups["failed"].sum()
    for name in _HOW_JUDGED:
        table[name.replace("_", " ")] = groups[name].sum()
    return table.reset_index().sort_values(["noise", "symbolic"], ascending=[True, False], ignore_index=True)


def finders(results: pd.DataFrame) -> pd.DataFrame:
    """How many of its equations each stage of NSR's search found, and how many are symbolic solutions.

    Args:
        results: One row for each fit; those of other methods have no stage and do not count.
    """
    known = results[results["stage"].fillna("") != ""]
    keys = ["noise", "method", "stage"]
    groups = known.assign(symbolic=known["symbolic"].fillna(False).astype(bool)).groupby(keys)
    table = groups["symbolic"].agg(equations="size", symbolic="sum").reset_index()
    return table.sort_values([*keys[:2], "equations"], ascending=[True, True, False], ignore_index=True)


def srbench_part(results: pd.DataFrame) -> pd.DataFrame:
    """The fits on problems that SRBench scores, to compare with published figures."""
    names = {problem.name for problem in load("feynman") if problem.in_srbench}
    return results[results["problem"].isin(names)]


def published(noises: list[float]) -> pd.DataFrame:
    """Published figures on SRBench's Feynman sets at the given levels of noise."""
    table = pd.read_csv(PUBLISHED)
    return table[table["noise"].isin(noises)].sort_values(["noise", "symbolic"], ascending=[True, False])


def to_markdown(results: pd.DataFrame, settings: dict[str, Any], plots: list[str]) -> str:
    """The report as Markdown text.

    Args:
        results: One row for each fit.
        settings: What all fits share (`eval.records.read_settings`).
        plots: File names of the plots beside the report.
    """
    parts = [
        "# Benchmark report",
        "Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items()) + ".",
        _LEGEND,
        "## All problems",
        markdown_table(summarise(results)),
    ]
    scored = srbench_part(results)
    if len(scored):
        noises = sorted(results["noise"].unique())
        parts += [
            f"## The {scored['problem'].nunique()} of SRBench's 116 sets among them",
            markdown_table(summarise(scored)),
            "## Published figures on SRBench's Feynman sets",
            "Other machines, other budgets (up to hours a fit): `seconds` is what they report.",
            markdown_table(published(noises)),
        ]
    if settings.get("suite") == "srsd":
        parts += [
            "## Published figures on the Feynman equations in these ranges",
            "Without idle columns and noise, on 107 to 120 of the equations; other machines, other budgets.",
            markdown_table(pd.read_csv(PUBLISHED_SRSD)),
        ]
    if "stage" in results and results["stage"].notna().any():
        parts += ["## Which stage found the equations", markdown_table(finders(results))]
    parts += [f"![{Path(name).stem}]({name})" for name in plots]
    return "\n\n".join(parts) + "\n"


def markdown_table(table: pd.DataFrame) -> str:
    """A table as Markdown, numbers with four digits."""
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = [list(table.columns), ["---"] * len(table.columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
