"""The plot of results on real tables: R2 against size, and R2 from the worst fit to the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.blackbox_report import comparable, summarise
from eval.plots import boxes_of_points, draw_to_files, name_points

_DPI = 110


def draw_all(results: pd.DataFrame, halves: Mapping[str, str], folder: Path) -> list[str]:
    """Draws a plot for each half into a folder and returns the file names.

    Raises:
        ModuleNotFoundError: If matplotlib is missing.
    """
    draw_to_files()
    names = []
    for half, rows in results.groupby(results["problem"].map(halves)):
        names.append(f"{half}.png")
        _draw(rows, str(half)).savefig(folder / names[-1], dpi=_DPI)
    return names


def _draw(results: pd.DataFrame, half: str) -> Any:
    from matplotlib.figure import Figure

    table, rows = summarise(results), comparable(results)
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for method, size, median in table[["method", "size", "median R2"]].itertuples(index=False):
        drawn = left.scatter(size, median)
        values = np.sort(rows.loc[rows["method"] == method, "r2"])
        share = 100 * np.arange(1, len(values) + 1) / len(values)
        right.step(share, values, where="pre", color=drawn.get_facecolor()[0], label=method)
    left.margins(x=0.2)
    left.set(xscale="log", xlabel="median size (nodes)", ylabel="median test R2")
    right.set(xlabel="% of fits, the worst first", ylabel="test R2, at least -1", ylim=(-1.05, 1.05))
    right.legend(frameon=False, fontsize=8)
    n_tables, n_splits = rows["problem"].nunique(), rows["seed"].nunique()
    figure.suptitle(f"real tables, the half for {half}: {n_tables} tables, {n_splits} splits", fontsize=9)
    figure.draw_without_rendering()  # settles the limits
    points = list(table[["size", "median R2", "method"]].itertuples(index=False, name=None))
    name_points(left, points, "black", boxes_of_points(left, table["size"], table["median R2"]))
    return figure
