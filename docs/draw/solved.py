"""The headline picture: shares of SRBench's Feynman sets that are solved, against seconds.

`python -m docs.draw.solved` draws docs/pictures/solved.svg from eval/results/feynman and eval/published.csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from docs.draw.style import ACCENT, GREY, ROOT, save
from eval.plots import boxes_of_points, name_points
from eval.records import read_results
from eval.report import published, srbench_part

# Names of methods that are drawn, with colours that printing in grey tells apart.
OURS = {
    "nsr_units": ("NSR, told the units", "#7fb8ad"),
    "nsr": ("NSR", ACCENT),
    "operon": ("Operon", "#b5651d"),
    "gplearn": ("gplearn", "#8a6d9b"),
}
_NAMED_BELOW = {"nsr", "gplearn"}
_NAMED_ABOVE = 10  # percent of published rates; those of the rest lie on each other


def solved_by(results: pd.DataFrame, method: str) -> tuple[Any, Any]:
    """Seconds at which fits that are symbolic solutions ended, and the percentage solved by then.

    Args:
        results: One row for each fit without noise.
        method: Of these fits.

    Returns:
        Two arrays that begin with (0.03, 0) and end with the longest fit.
    """
    fits = results[results["method"] == method]
    solved = np.sort(fits.loc[fits["symbolic"].fillna(False).astype(bool), "seconds"].astype(float))
    share = 100 * np.arange(1, len(solved) + 1) / len(fits)
    return np.r_[0.03, solved, 40], np.r_[0, share, share[-1]]


def main() -> None:
    """Draws the picture."""
    from matplotlib.figure import Figure

    results = srbench_part(read_results(ROOT / "eval" / "results" / "feynman"))
    results = results[results["noise"] == 0]
    figure = Figure(figsize=(8, 4.2))
    axes = figure.subplots()
    for method, (name, color) in OURS.items():
        seconds, share = solved_by(results, method)
        axes.step(seconds, share, where="post", color=color, lw=2)
        above = -4.5 if method in _NAMED_BELOW else 1.5
        axes.text(42, share[-1] + above, f"{name} {share[-1]:.1f} %", color=color, fontsize=9)
    others = published([0.0]).dropna(subset=["seconds", "symbolic"])
    axes.scatter(others["seconds"], others["symbolic"], s=14, color=GREY)
    axes.set(
        xscale="log", xlim=(0.03, 1e5), ylim=(0, 102), xlabel="seconds a fit", ylabel="symbolic solutions (%)"
    )
    axes.set_xticks([0.1, 1, 10, 60, 600, 3600, 28800], ["0.1", "1", "10", "1 min", "10 min", "1 h", "8 h"])
    axes.minorticks_off()
    figure.draw_without_rendering()  # settles the limits
    taken = boxes_of_points(axes, others["seconds"], others["symbolic"])
    named = others.loc[others["symbolic"] > _NAMED_ABOVE, ["seconds", "symbolic", "method"]]
    name_points(axes, list(named.itertuples(index=False, name=None)), GREY, taken)
    axes.set_title(
        "SRBench's 116 Feynman sets, no noise. Lines: measured here, one core, 30 s; grey: published",
        fontsize=9,
    )
    save(figure, Path("solved.svg"))


if __name__ == "__main__":
    main()
