"""Plots of benchmark results, drawn with matplotlib and saved as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.report import published, srbench_part, summarise

_DPI = 110


def draw_to_files() -> None:
    """Makes matplotlib draw without a screen.

    Raises:
        ModuleNotFoundError: If matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need matplotlib: pip install -e '.[plots]'") from None
    mpl.use("Agg")


def draw_all(results: pd.DataFrame, folder: Path) -> list[str]:
    """Draws every plot into a folder and returns the file names.

    Raises:
        ModuleNotFoundError: If matplotlib is missing.
    """
    draw_to_files()
    drawn = {"noise.png": _against_noise, "pareto.png": _rate_and_time, "solved.png": _solved_grid}
    for name, draw in drawn.items():
        figure = draw(results)
        figure.savefig(folder / name, dpi=_DPI, bbox_inches="tight")
    return list(drawn)


def _against_noise(results: pd.DataFrame) -> Any:
    from matplotlib.figure import Figure

    table = summarise(results)
    levels = sorted(table["noise"].unique())
    figure = Figure(figsize=(9, 3.5))
    for axes, column in zip(figure.subplots(1, 2), ("symbolic", "R2>0.999"), strict=True):
        for method, rows in table.sort_values("noise").groupby("method"):
            axes.plot(
                [levels.index(noise) for noise in rows["noise"]], rows[column], marker="o", label=method
            )
        axes.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
        axes.set(xlabel="target noise (share of its RMS)", ylabel=f"{column} (%)", ylim=(0, 100))
    axes.legend(frameon=False)
    return figure


def _rate_and_time(results: pd.DataFrame) -> Any:
    """Symbolic rate against seconds on SRBench's sets without noise, published figures in grey."""
    from matplotlib.figure import Figure

    lowest = float(results["noise"].min())
    ours, theirs = summarise(srbench_part(results)), published([lowest])
    ours = ours[ours["noise"] == lowest]
    figure = Figure(figsize=(6.5, 4))
    axes = figure.subplots()
    for table, color in ((theirs, "0.6"), (ours, "tab:red")):
        known = table.dropna(subset=["symbolic", "seconds"])
        axes.scatter(known["seconds"], known["symbolic"], color=color)
        for method, seconds, rate in known[["method", "seconds", "symbolic"]].itertuples(index=False):
            axes.annotate(method, (seconds, rate), xytext=(3, 3), textcoords="offset points", fontsize=7)
    axes.set(xscale="log", xlabel="median seconds a fit", ylabel="symbolic solutions (%)", ylim=(0, 100))
    axes.set_title(f"SRBench's Feynman sets, target noise {lowest:g}; grey: published", fontsize=9)
    return figure


def _solved_grid(results: pd.DataFrame) -> Any:
    """Which problems each method solves: a row for each method and noise, a column for each problem."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    level = results["recovered"].fillna(False).astype(int) + 2 * results["symbolic"].fillna(False).astype(int)
    grid = results.assign(level=np.minimum(level, 2)).pivot_table(
        index=["noise", "method"], columns="problem", values="level", aggfunc="max", sort=False
    )
    figure = Figure(figsize=(0.14 * grid.shape[1] + 2, 0.25 * len(grid) + 1.5))
    axes = figure.subplots()
    colors = ListedColormap(["white", "tab:orange", "tab:green"]).with_extremes(bad="0.85")
    axes.imshow(grid, cmap=colors, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
    axes.set_xticks(range(grid.shape[1]), grid.columns, rotation=90, fontsize=5)
    axes.set_yticks(range(len(grid)), [f"{method} {noise:g}" for noise, method in grid.index], fontsize=7)
    axes.set_title("green: symbolic solution; orange: recovered numerically only; grey: not run", fontsize=9)
    return figure
