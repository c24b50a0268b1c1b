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
_JUDGED = ("symbolic", "expanded")  # where a truth is known
_MEASURED = ("recovered", "R2>0.999", "R2>0.99")
_HOW_JUDGED = ("by_identities", "by_numbers")
N_SRBENCH = 116

_LEGEND = (
    "Percentages are shares of all fits; a failed fit counts as unsolved. *Symbolic*: equal to the truth up "
    "to a constant or a factor after rounding to three decimals (SRBench). *Expanded*: the same, or so once "
    "truth and model are multiplied out before they are rounded (`eval/expansion.py`). *Recovered*: fraction "
    "of variance unexplained on clean test rows at most 2^-23. *Seconds*: median of the time used; *to "
    "solution*: median over symbolic solutions alone; *processor*: median of the processor's time, less than "
    "the time used where other jobs shared the core. *Failed*: fits that ended in an error; *killed*: those "
    "of them that had to be killed. *By identities*: symbolic solutions that exact algebra proved and that "
    "SymPy's simplification did not see. *By numbers*: symbolic checks that points far beyond the data "
    "decided: they were not finished in time, or ranges span decades, where three decimals say nothing. "
    "*Between seeds*: standard deviation of the symbolic share over seeds."
)


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row for each method and level of noise.

    Args:
        results: One row for each fit (`eval.records.read_results`).

    Returns:
        Columns `fits`, `symbolic`, `expanded`, `recovered`, `R2>0.999`, `R2>0.99` (percent of all fits, a
        failed fit counts as none of them), medians of `seconds`, of seconds `to solution`, of `processor`
        seconds and of `complexity`, the longest fit and the largest memory, and how many fits failed, were
        killed, were proven by identities or were judged by numbers. Where no truth is known, nothing is said
        of symbolic solutions; with several seeds, `between seeds` tells how they differ.
    """
    groups = _with_all_columns(results).groupby(["noise", "method"])
    is_judged = has_truth(results)
    judged, how = (_JUDGED, _HOW_JUDGED) if is_judged else ((), ())
    table = groups[[*judged, *_MEASURED]].mean() * 100
    table.insert(0, "fits", groups.size())
    if is_judged and results["seed"].nunique() > 1:
        shares = _with_all_columns(results).groupby(["noise", "method", "seed"])["symbolic"].mean() * 100
        table["between seeds"] = shares.groupby(["noise", "method"]).std()
    table["seconds"] = groups["seconds"].median()
    table["longest"] = groups["seconds"].max()
    if is_judged:
        table["to solution"] = groups["to solution"].median()
    if "processor_seconds" in results:
        table["processor"] = groups["processor_seconds"].median()
    table["complexity"] = groups["complexity"].median()
    table["memory (GiB)"] = groups["memory_gib"].max()
    for name in ("failed", "killed", *how):
        table[name.replace("_", " ")] = groups[name].sum()
    best = "symbolic" if is_judged else "R2>0.999"
    return table.reset_index().sort_values(["noise", best], ascending=[True, False], ignore_index=True)


def has_truth(results: pd.DataFrame) -> bool:
    """Whether these are fits of problems whose law is known; own tables have none."""
    return bool(results["symbolic"].notna().any())


def _with_all_columns(results: pd.DataFrame) -> pd.DataFrame:
    """The same rows with every column that is counted, as numbers and as yes or no.

    Rows of earlier code tell neither about identities nor what the second judge says: of them it is taken to
    say what the first one does.
    """
    frame = results.reindex(columns=results.columns.union(["expanded", *_HOW_JUDGED], sort=False))
    frame["expanded"] = frame["expanded"].where(frame["expanded"].notna(), frame["symbolic"])
    for name in (*_JUDGED, "recovered", *_HOW_JUDGED):
        frame[name] = frame[name].eq(True)
    for name in ("complexity", "seconds", "memory_gib", "processor_seconds"):
        if name in frame:
            frame[name] = frame[name].astype(float)
    r2 = frame["r2"].astype(float).fillna(-np.inf)
    frame["R2>0.999"], frame["R2>0.99"] = r2 > 0.999, r2 > 0.99
    frame["to solution"] = frame["seconds"].where(frame["symbolic"])
    return frame.assign(failed=frame["error"].notna(), killed=_is_killed(frame))


def _is_killed(results: pd.DataFrame) -> pd.Series:
    return results["error"].fillna("").str.startswith("killed")


def made_by(results: pd.DataFrame) -> pd.DataFrame:
    """By which code and for which seeds each method's rows were made."""
    columns = ["commit", "versions", "seed"]
    frame = results.reindex(columns=results.columns.union(columns, sort=False))
    frame[columns] = frame[columns].astype(object).fillna("not told")
    groups = frame.groupby(["noise", "method"])
    return groups[columns].agg(_listed).reset_index()


def _listed(values: pd.Series) -> str:
    return "; ".join(sorted(set(map(str, values))))


def killed(results: pd.DataFrame) -> str:
    """A sentence that names the fits that had to be killed."""
    rows = results[_is_killed(results)]
    if rows.empty:
        return "No fit had to be killed."
    named = ", ".join(
        f"{row.method} on {row.problem} (noise {row.noise:g}, seed {row.seed}; {row.error})"
        for row in rows.itertuples()
    )
    return f"Killed, as they outlasted their limit by far: {named}."


def finders(results: pd.DataFrame) -> pd.DataFrame:
    """How many of its equations each stage of NSR's search found, and how many are symbolic solutions.

    Args:
        results: One row for each fit; those of other methods have no stage and do not count.
    """
    known = results[results["stage"].fillna("") != ""]
    keys = ["noise", "method", "stage"]
    groups = known.assign(symbolic=known["symbolic"].eq(True)).groupby(keys)
    table = groups["symbolic"].agg(equations="size", symbolic="sum").reset_index()
    if not has_truth(results):
        table = table.drop(columns="symbolic")
    return table.sort_values([*keys[:2], "equations"], ascending=[True, True, False], ignore_index=True)


def srbench_part(results: pd.DataFrame) -> pd.DataFrame:
    """The fits on problems that SRBench scores, to compare with published figures."""
    names = {problem.name for problem in load("feynman") if problem.in_srbench}
    return results[results["problem"].isin(names)]


def has_all_of_srbench(results: pd.DataFrame) -> bool:
    """Whether each method was tried on all of SRBench's sets: published rates are rates of these."""
    counts = srbench_part(results).groupby(["noise", "method"])["problem"].nunique()
    return len(counts) == len(results.groupby(["noise", "method"])) and bool((counts == N_SRBENCH).all())


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
        killed(results),
    ]
    scored = srbench_part(results)
    if len(scored):
        parts += [
            f"## The {scored['problem'].nunique()} of SRBench's {N_SRBENCH} sets among them",
            markdown_table(summarise(scored)),
        ]
    if has_all_of_srbench(results):
        noises = sorted(results["noise"].unique())
        parts += [
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
    parts += ["## Which code made the rows", markdown_table(made_by(results))]
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
