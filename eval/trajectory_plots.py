"""Plots of results on ODEBench: shares of systems by method, and trajectories of what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.odebench import N_POINTS, observed, summarise, trajectory
from nsr.expressions.parsing import parse
from nsr.ode.integrate import Systems
from nsr.problems.problem import SystemProblem
from nsr.problems.suites import load_systems

_DPI = 100
_METHOD = "nsr"
_N_PANELS = (4, 4)


def draw_all(results: pd.DataFrame, suite: str, folder: Path) -> list[str]:
    """Draws every plot into a folder and returns the file names."""
    from matplotlib.figure import Figure

    figures = {"shares.png": _shares(results, Figure)}
    noise = results["noise"].max()
    found = results[(results["method"] == _METHOD) & (results["noise"] == noise) & (results["dropped"] == 0)]
    if len(found):
        figures["trajectories.png"] = _trajectories(found, suite, Figure)
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=_DPI)
    return list(figures)


def _shares(results: pd.DataFrame, figure_class: Any) -> Any:
    """Bars of reconstruction and generalisation for each method, a panel for each kind of observation.

    Kinds that fewer methods have seen than others are left out.
    """
    table = summarise(results)
    n_methods = table.groupby(["noise", "dropped"]).size()
    kinds = n_methods.index[n_methods == n_methods.max()].to_list()
    methods = list(table["method"].unique())
    figure = figure_class(figsize=(1.5 + 3 * len(kinds), 0.4 * len(methods) + 1.6), layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for panel, (noise, dropped) in zip(panels, kinds, strict=True):
        rows = table[(table["noise"] == noise) & (table["dropped"] == dropped)].set_index("method")
        for shift, column in ((0.2, "reconstructed"), (-0.2, "generalised")):
            shares = rows[column].reindex(methods)
            bars = panel.barh(np.arange(len(methods)) + shift, shares.fillna(0), height=0.38, label=column)
            panel.bar_label(bars, ["" if np.isnan(v) else f"{v:.0f}" for v in shares], fontsize=7)
        panel.set(xlim=(0, 108), xlabel="% of systems, R2 > 0.9")
        panel.set_title(f"{rows['fits'].max()} systems, noise {noise:g}, {dropped:.0%} dropped", fontsize=9)
    panels[0].set_yticks(range(len(methods)), methods, fontsize=8)
    figure.legend(
        *panels[0].get_legend_handles_labels(), frameon=False, fontsize=7, ncols=2, loc="outside lower center"
    )
    return figure


def _trajectories(found: pd.DataFrame, suite: str, figure_class: Any) -> Any:
    """What was observed and fitted, and where the system goes from other initial values, of some systems."""
    problems = {problem.name: problem for problem in load_systems(suite)}
    rows = found[found["equations"].notna()]
    n_panels = min(len(rows), int(np.prod(_N_PANELS)))
    chosen = rows.iloc[np.linspace(0, len(rows) - 1, n_panels).astype(int)]
    figure = figure_class(figsize=(13, 10), layout="constrained")
    panels = figure.subplots(*_N_PANELS, squeeze=False).ravel()
    for panel, (_, row) in zip(panels, chosen.iterrows(), strict=False):
        _draw(panel, problems[row["problem"]], row)
    figure.suptitle(
        "dots: observed; lines: simulation of what was found; dashes: the same from other initial values, "
        "over the true path in grey",
        fontsize="small",
    )
    return figure


def _draw(panel: Any, problem: SystemProblem, row: pd.Series[Any]) -> None:
    system = [tuple(parse(text) for text in row["equations"])]
    grid = np.linspace(*problem.time_span, N_POINTS)
    times, states = observed(problem, row["noise"], row["dropped"], row["seed"])
    first, second = (np.array([values]) for values in problem.initial_values[:2])
    with np.errstate(all="ignore"):
        fitted, fresh = (Systems(system).integrate(start, grid)[0] for start in (first, second))
    truth = trajectory(problem, problem.initial_values[1], grid)
    for place in range(len(problem.system)):
        color = f"C{place}"
        panel.plot(times, states[:, place], ".", markersize=2, color=color)
        panel.plot(grid, fitted[:, place], linewidth=1, color=color)
        panel.plot(grid, truth[:, place], linewidth=2.5, color="0.8", zorder=0)
        panel.plot(grid, fresh[:, place], "--", linewidth=1, color=color)
    everything = np.concatenate((states, truth))
    margin = 0.1 * np.ptp(everything)
    panel.set_ylim(everything.min() - margin, everything.max() + margin)
    panel.set_title(
        f"{problem.name[:40]}: {row['reconstruction']:.2f}, {row['generalisation']:.2f}", fontsize=7
    )
    panel.tick_params(labelsize=6)
