"""Plots of benchmark results, drawn with matplotlib and saved as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.report import N_SRBENCH, has_all_of_srbench, has_truth, published, srbench_part, summarise

_DPI = 110
# Where a name may stand beside its point: offsets in points, and which end of the name is there.
_PLACES = (
    (4, 3, "left"), (4, -8, "left"), (-4, 3, "right"), (-4, -8, "right"), (0, 7, "center"),
    (0, -12, "center"), (14, 10, "left"), (14, -15, "left"), (-14, 10, "right"), (-14, -15, "right"),
    (0, 18, "center"), (0, -23, "center"),
)  # fmt: skip


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
    """Draws every plot that these results make into a folder and returns the file names.

    Raises:
        ModuleNotFoundError: If matplotlib is missing.
    """
    draw_to_files()
    drawn = {"solved.png": _solved_grid}
    if results["noise"].nunique() > 1:
        drawn["noise.png"] = _against_noise
    if len(srbench_part(results)):
        drawn["pareto.png"] = _rate_and_time
    for name, draw in drawn.items():
        figure = draw(results)
        figure.savefig(folder / name, dpi=_DPI, bbox_inches="tight")
    return list(drawn)


def name_points(axes: Any, points: Sequence[tuple[float, float, str]], color: str, taken: list[Any]) -> None:
    """Writes names beside points where they hide neither points nor other names.

    Args:
        axes: With its limits and scales as they will be drawn.
        points: Two coordinates and a name each.
        color: Of the names.
        taken: Boxes on the canvas that stay free; those of the names are added.
    """
    for x, y, name in points:
        choices = []
        for dx, dy, end in _PLACES:
            text = axes.annotate(
                name, (x, y), xytext=(dx, dy), textcoords="offset points", fontsize=7, color=color, ha=end
            )
            box = text.get_window_extent()
            corners = (box.min, box.max)
            is_outside = not all(axes.bbox.contains(*corner) for corner in corners)
            choices.append((is_outside + sum(box.overlaps(other) for other in taken), text, box))
        best = min(range(len(choices)), key=lambda i: choices[i][0])
        for i, (_, text, _) in enumerate(choices):
            if i != best:
                text.remove()
        taken.append(choices[best][2])


def boxes_of_points(axes: Any, x: Any, y: Any) -> list[Any]:
    """Boxes on the canvas that points of a scatter plot take, for `name_points`."""
    from matplotlib.transforms import Bbox

    places = axes.transData.transform(np.column_stack((x, y)))
    return [Bbox([place - 3, place + 3]) for place in places]


def _against_noise(results: pd.DataFrame) -> Any:
    from matplotlib.figure import Figure

    table = summarise(results)
    levels = sorted(table["noise"].unique())
    columns = [name for name in ("symbolic", "R2>0.999") if name in table]
    figure = Figure(figsize=(4.5 * len(columns), 3.5))
    for axes, column in zip(np.ravel(figure.subplots(1, len(columns))), columns, strict=True):
        for method, rows in table.sort_values("noise").groupby("method"):
            axes.plot(
                [levels.index(noise) for noise in rows["noise"]], rows[column], marker="o", label=method
            )
        axes.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
        axes.set(xlabel="target noise (share of its RMS)", ylabel=f"{column} (%)", ylim=(0, 103))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.suptitle(_counted(results), fontsize=9)
    return figure


def _rate_and_time(results: pd.DataFrame) -> Any:
    """Symbolic rate against seconds on SRBench's sets, least noise; published rates stand beside all sets."""
    from matplotlib.figure import Figure

    lowest = float(results["noise"].min())
    scored = srbench_part(results[results["noise"] == lowest])
    tables = [(summarise(scored), "tab:red")]
    title = f"Of SRBench's {N_SRBENCH} Feynman sets: {_counted(scored)}, target noise {lowest:g}"
    if has_all_of_srbench(results):
        tables.insert(0, (published([lowest]), "0.6"))
        title += "\ngrey: published"
    figure = Figure(figsize=(7.5, 4.5))
    axes = figure.subplots()
    axes.set(xscale="log", xlabel="median seconds a fit", ylabel="symbolic solutions (%)", ylim=(-6, 103))
    axes.set_title(title, fontsize=9)
    known = [(table.dropna(subset=["symbolic", "seconds"]), color) for table, color in tables]
    for table, color in known:
        axes.scatter(table["seconds"], table["symbolic"], color=color, s=16)
    axes.margins(x=0.2)
    figure.draw_without_rendering()  # settles the limits
    taken = [box for table, _ in known for box in boxes_of_points(axes, table["seconds"], table["symbolic"])]
    for table, color in reversed(known):
        points = list(table[["seconds", "symbolic", "method"]].itertuples(index=False, name=None))
        name_points(axes, points, color, taken)
    return figure


def _solved_grid(results: pd.DataFrame) -> Any:
    """Which problems each method solves: a row for each method and noise, a column for each problem."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    recovered, symbolic = results["recovered"].eq(True), results["symbolic"].eq(True)
    level = np.where(symbolic, 2, recovered.astype(int))
    grid = results.assign(level=level).pivot_table(
        index=["noise", "method"], columns="problem", values="level", aggfunc="max", sort=False
    )
    figure = Figure(figsize=(0.14 * grid.shape[1] + 3, 0.25 * len(grid) + 1.5))
    axes = figure.subplots()
    colors = ListedColormap(["white", "tab:orange", "tab:green"]).with_extremes(bad="0.85")
    axes.imshow(grid, cmap=colors, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
    axes.set_xticks(range(grid.shape[1]), grid.columns, rotation=90, fontsize=5)
    best = 2 if has_truth(results) else 1
    solved, run = grid.ge(best).sum(axis=1), grid.notna().sum(axis=1)
    labels = [
        f"{method} {noise:g}: {solved[noise, method]} of {run[noise, method]}" for noise, method in grid.index
    ]
    axes.set_yticks(range(len(grid)), labels, fontsize=7)
    meaning = "orange: recovered numerically; grey: not run"
    axes.set_title(("green: symbolic solution; " if has_truth(results) else "") + meaning, fontsize=9)
    return figure


def _counted(results: pd.DataFrame) -> str:
    """How many problems and seeds these are."""
    problems, seeds = results["problem"].nunique(), results["seed"].nunique()
    return f"{problems} problem{'s' * (problems > 1)}, {seeds} seed{'s' * (seeds > 1)}"
