"""Tables of results on real tables: R2 and size of the methods, their ranks, and disasters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.report import killed, made_by, markdown_table

# R2 that agree to three decimals are equal; below -1 it does not matter how far.
_DECIMALS, _WORST = 3, -1.0
_BASELINE = "linear"
_SPLIT = ["problem", "seed"]

_LEGEND = (
    "R2 is that of the quarter of the rows that no fit has seen. *Median R2*: median over tables of the "
    "median over their splits. *Mean R2*: mean over all fits, each at least -1. *Rank*: mean rank among the "
    "methods on the same split, 1 is best; R2 that agree to three decimals share a rank. *Size*: median "
    "number of nodes of SymPy's tree, or of all trees of a forest. *Below 0*: fits worse than the mean of "
    "what they are to predict. *Disasters*: those of them where the linear model is above 0. A failed fit "
    "counts as R2 -1 and as the largest. Only splits that every method has fitted count."
)


def comparable(results: pd.DataFrame) -> pd.DataFrame:
    """The rows of splits that every method has fitted, with R2 clipped and failures filled in.

    Args:
        results: One row for each fit (`eval.records.read_results`).

    Returns:
        The same columns; `r2` at least -1 and rounded, `complexity` infinite where it is unknown.

    Raises:
        ValueError: If the methods have no split in common.
    """
    n_methods = results["method"].nunique()
    complete = results.groupby(_SPLIT)["method"].transform("nunique") == n_methods
    if not complete.any():
        raise ValueError("the methods have no split in common yet; let `run` go on")
    rows = results[complete].copy()
    rows["r2"] = rows["r2"].astype(float).fillna(_WORST).clip(lower=_WORST).round(_DECIMALS)
    rows["complexity"] = rows["complexity"].astype(float).fillna(np.inf)
    return rows


def with_ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `r2_rank` and `size_rank`: of each method among all on its split, 1 is best, ties share the mean.

    Args:
        rows: What `comparable` returns.
    """
    groups = rows.groupby(_SPLIT)
    return rows.assign(
        r2_rank=groups["r2"].rank(ascending=False), size_rank=groups["complexity"].rank(ascending=True)
    )


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row for each method, the best rank of R2 first; the report's legend explains the columns.

    Args:
        results: One row for each fit.
    """
    rows = with_ranks(comparable(results))
    rows["below"] = rows["r2"] < 0
    rows["disaster"] = rows["below"] & _baseline_is_above(rows)
    groups = rows.groupby("method")
    table = pd.DataFrame(
        {
            "fits": groups.size(),
            "median R2": by_table(rows).median(),
            "mean R2": groups["r2"].mean(),
            "rank of R2": groups["r2_rank"].mean(),
            "size": groups["complexity"].median(),
            "rank of size": groups["size_rank"].mean(),
            "below 0": groups["below"].sum(),
            "disasters": groups["disaster"].sum(),
            "seconds": groups["seconds"].median(),
            "failed": groups["error"].count(),
        }
    )
    return table.reset_index().sort_values("rank of R2", ignore_index=True)


def by_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Median R2 over the splits of each table, a row for each table and a column for each method.

    Args:
        rows: What `comparable` returns.
    """
    return rows.pivot_table(index="problem", columns="method", values="r2", aggfunc="median")


def at_least_as_good(rows: pd.DataFrame) -> pd.DataFrame:
    """Percent of tables where the row's median R2 is at least the column's.

    Args:
        rows: What `comparable` returns.
    """
    medians = by_table(rows)
    shares = {method: medians.ge(medians[method], axis=0).mean() * 100 for method in medians}
    return pd.DataFrame(shares).rename_axis("method").reset_index()


def to_markdown(
    results: pd.DataFrame, halves: Mapping[str, str], settings: dict[str, Any], plots: list[str]
) -> str:
    """The report as Markdown text, the halves apart.

    Args:
        results: One row for each fit.
        halves: The half of each table (`eval.real_tables.half_of`).
        settings: What all fits share (`eval.records.read_settings`).
        plots: File names of the plots beside the report.
    """
    told = ", ".join(f"{name} {value}" for name, value in settings.items())
    parts = ["# Real tables", f"Settings: {told}.", _LEGEND]
    for half, of_half in results.groupby(results["problem"].map(halves)):
        rows = comparable(of_half)
        parts += [
            f"## The half for {half}: {rows['problem'].nunique()} tables",
            markdown_table(summarise(of_half)),
            "Percent of tables where the row's median R2 is at least the column's:",
            markdown_table(at_least_as_good(rows)),
            "Median R2 of each table:",
            markdown_table(by_table(rows).reset_index()),
        ]
    parts += [killed(results), "## Which code made the rows", markdown_table(made_by(results))]
    parts += [f"![{Path(name).stem}]({name})" for name in plots]
    return "\n\n".join(parts) + "\n"


def _baseline_is_above(rows: pd.DataFrame) -> pd.Series:
    """Whether the linear model is above 0 on each row's split; nowhere where it was not run."""
    above = rows[(rows["method"] == _BASELINE) & (rows["r2"] > 0)]
    keys = set(above[_SPLIT].itertuples(index=False, name=None))
    own = rows[_SPLIT].itertuples(index=False, name=None)
    return pd.Series([key in keys for key in own], index=rows.index, dtype=bool)
