"""Pictures of docs/how-it-works.md: `python -m docs.draw.how_it_works`.

The ablations are those of eval/results; the front is of a fit of NIST's set Chwirut2 (10 s, seed 0).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.draw.style import ACCENT, GREY, ROOT, save
from eval.ablation import VARIANTS
from eval.records import read_results
from nsr import SymbolicRegressor
from nsr.problems.nist import read_certified_fits
from nsr.showing import shown_equations

# Where each part stands, and which hands on to which.
_PARTS = {
    "your table": (0, 1), "smaller states:\ngroups, parts": (1, 2), "sparse families,\ncurves, waves": (2, 2),
    "random\nequations": (0, 0), "transformer": (1, 0.5), "constants\nrefined": (3, 1), "evolution": (3, 2.2),
    "Pareto front": (4, 1), "equation": (5, 1),
}  # fmt: skip
_ARROWS = ((0, 1), (1, 2), (2, 5), (0, 4), (1, 4), (3, 4), (4, 5), (5, 6), (6, 5), (5, 7), (7, 8))


def draw_flow() -> None:
    """How what is found goes from one part of a search to another."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3))
    axes = figure.subplots()
    axes.set(xlim=(-0.5, 5.4), ylim=(-0.5, 2.7))
    axes.axis("off")
    style = {"boxstyle": "round,pad=0.4", "facecolor": "#e0f2f1", "edgecolor": ACCENT}
    texts = [
        axes.text(x, y, name, ha="center", va="center", fontsize=8, bbox=style)
        for name, (x, y) in _PARTS.items()
    ]
    figure.canvas.draw()  # boxes get their sizes, between which arrows go
    for start, end in _ARROWS:
        ends = {f"patch{which}": texts[place].get_bbox_patch() for which, place in (("A", start), ("B", end))}
        arrow = {"arrowstyle": "->", "color": GREY, "shrinkA": 2, "shrinkB": 2, **ends}
        if list(_PARTS)[start] == "random\nequations":
            arrow["linestyle"] = "dashed"
        axes.annotate("", texts[end].get_position(), texts[start].get_position(), arrowprops=arrow)
    axes.annotate("1,024 candidates", (1.9, 0.55), fontsize=7, color=GREY)
    axes.annotate("pretraining", (0.3, -0.15), fontsize=7, color=GREY)
    save(figure, Path("flow.svg"))


def draw_stages() -> None:
    """Bars of the share of symbolic solutions with all stages and without each, of two suites."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.6))
    suites = {"feynman": "Feynman equations", "hard": "problems that defeat structure"}
    for axes, (suite, title) in zip(figure.subplots(1, 2), suites.items(), strict=True):
        shares = {}
        for name in VARIANTS:
            folder = ROOT / "eval" / "results" / f"ablation_{suite}" / name.replace(" ", "_")
            if folder.exists():
                shares[name] = 100 * float(read_results(folder)["symbolic"].fillna(False).astype(bool).mean())
        colors = [ACCENT if name == "all" else GREY for name in shares]
        axes.barh(list(shares), list(shares.values()), color=colors)
        axes.invert_yaxis()
        axes.bar_label(axes.containers[0], fmt="%.0f", padding=2, fontsize=8)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("symbolic solutions (%)", fontsize=8)
        axes.tick_params(labelsize=8)
    figure.subplots_adjust(wspace=0.6)
    save(figure, Path("stages.svg"))


def draw_front() -> None:
    """The front of a noisy table, and the chosen equation over its rows."""
    from matplotlib.figure import Figure

    (table,) = (one for one in read_certified_fits() if one.name == "Chwirut2")
    model = SymbolicRegressor(time_limit=10, random_state=0).fit(table.X, table.y)
    front, chosen = model.equations_, model.best_index_
    figure = Figure(figsize=(8, 3))
    left, right = figure.subplots(1, 2)
    left.plot(front["complexity"], front["loss"], "o", color=GREY, ms=4)
    left.plot(front["complexity"][chosen], front["loss"][chosen], "*", color=ACCENT, ms=14)
    left.set(yscale="log", xlabel="complexity", ylabel="loss")
    grid = np.linspace(table.X.min(), table.X.max(), 100)[:, None]
    for row in range(1, len(front)):
        right.plot(grid, model.predict(grid, index=row), color="0.85", lw=1)
    right.plot(grid, model.predict(grid), color=ACCENT, lw=2)
    right.plot(table.X[:, 0], table.y, "o", color="black", ms=4)
    low, high = table.y.min(), table.y.max()
    right.set(
        xlabel="metal distance",
        ylabel="ultrasonic response",
        ylim=(low - 0.1 * (high - low), high + 0.2 * (high - low)),
    )
    right.set_title(shown_equations(model)[chosen], fontsize=8)
    save(figure, Path("front.svg"))


if __name__ == "__main__":
    draw_flow()
    draw_stages()
    draw_front()
