"""Pictures of what mattered: variables and terms, information, and what the network looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nsr.plots.axes import new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from nsr.understanding.discovery import Discovery
    from nsr.understanding.saliency import Saliency
    from nsr.understanding.variables import Importance

# Bars of a picture at most, and the points' spread around the line of their variable.
_MOST_BARS, _JITTER = 20, 0.15
# Errors below are rounding.
_SMALLEST = 1e-16


def plot_importance(found: Importance, ax: Axes | None = None) -> Axes:
    """Permutation importance and Sobol indices of each variable, the most important at the top.

    Args:
        found: Of an equation.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    table = found.variables.iloc[::-1].replace(np.inf, np.nan)
    places = np.arange(len(table))
    for step, (column, label) in enumerate(
        (("sobol_first", "Sobol, alone"), ("sobol_total", "Sobol, in all"), ("permutation", "permutation"))
    ):
        error = table["permutation_error"] if column == "permutation" else None
        ax.barh(places + 0.27 * (step - 1), table[column], 0.25, xerr=error, label=label)
    _name_lines(ax, table["variable"])
    ax.set(xlabel="share of variance")
    ax.legend()
    return ax


def plot_shapley(found: Importance, ax: Axes | None = None) -> Axes:
    """Shapley values of each row, a line of points for each variable, coloured by the variable's value.

    Args:
        found: Of an equation.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    order = [found.names.index(name) for name in found.variables["variable"].iloc[::-1]]
    rng = np.random.default_rng(0)
    for line, column in enumerate(order):
        values = found.X[:, column]
        ranks = np.argsort(np.argsort(values)) / max(1, len(values) - 1)
        heights = line + rng.uniform(-_JITTER, _JITTER, len(values))
        points = ax.scatter(found.shapley[:, column], heights, c=ranks, s=8, cmap="coolwarm", vmin=0, vmax=1)
    ax.figure.colorbar(points, ax=ax, label="value of the variable (rank)")
    ax.axvline(0, color="0.5", linewidth=1)
    _name_lines(ax, [found.names[column] for column in order])
    ax.set(xlabel="Shapley value, in units of the target")
    return ax


def plot_terms(found: Importance, ax: Axes | None = None) -> Axes:
    """What each term of a sum explains alone, and what is lost without it.

    Args:
        found: Of an equation.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    table = found.terms.iloc[:_MOST_BARS].iloc[::-1]
    places = np.arange(len(table))
    for step, (column, label) in enumerate((("alone", "alone"), ("lost", "lost without it"))):
        ax.barh(places + 0.4 * (step - 0.5), table[column], 0.38, label=label)
    _name_lines(ax, table["term"])
    ax.set(xlabel="share of variance")
    ax.legend()
    return ax


def plot_information(found: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Mutual information with two standard errors, and what noise reaches, columns and pairs as they come.

    Args:
        found: What `nsr.information` returns.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    table = found.iloc[:_MOST_BARS].iloc[::-1]
    places = np.arange(len(table))
    colours = ["C0" if np.isnan(jointly) else "C1" for jointly in table["jointly"]]
    ax.barh(places, table["information"], xerr=2 * table["error"], color=colours)
    ax.plot(table["noise"], places, "|", color="0.2", markersize=10, label="reached by noise")
    _name_lines(ax, table["columns"])
    ax.set(xlabel="mutual information with the target (nats)")
    ax.legend()
    return ax


def plot_discovery(found: Discovery, ax: Axes | None = None) -> Axes:
    """The error of each statement, and that of the smooth stand-in without it.

    Args:
        found: What `nsr.discover` returns.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    lines = list(found)[::-1]
    for label, marker, errors in (
        ("with this", "o", [one.error for one in lines]),
        ("without", "|", [one.compared for one in lines]),
    ):
        ax.plot(np.maximum(errors, _SMALLEST), range(len(lines)), marker, label=label)
    _name_lines(ax, [one.text for one in lines])
    ax.set(xscale="log", xlabel="error, as a share of the target's spread")
    ax.legend()
    return ax


def plot_saliency(found: Saliency, ax: Axes | None = None) -> Axes:
    """The table as a heatmap: what the equation's likelihood would lose with another number in each place.

    Args:
        found: Of an equation and a table.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    _heatmap(ax, found.cells, list(found.names), [str(row) for row in found.shown])
    ax.set(ylabel="row", title=found.equation)
    return ax


def plot_tokens(found: Saliency, by: str = "column", ax: Axes | None = None) -> Axes:
    """What each token's log probability would lose, by columns that are shuffled or rows that are left out.

    Args:
        found: Of an equation and a table.
        by: `column` or `row`.
        ax: Where to draw.

    Raises:
        ValueError: If it is neither.
    """
    if by not in ("column", "row"):
        raise ValueError(f"by={by!r} must be 'column' or 'row'")
    ax = ax or new_axes()
    values = found.by_column if by == "column" else found.by_row
    lines = list(found.names) if by == "column" else [str(row) for row in found.shown]
    _heatmap(ax, values.T, list(found.tokens), lines)
    ax.set(ylabel=by)
    return ax


def _name_lines(ax: Axes, names: Iterable[str]) -> None:
    """Names of the lines of a picture, from below; dollars in them are no formulas."""
    labels = list(names)
    ax.set_yticks(range(len(labels)), labels, parse_math=False)


def _heatmap(ax: Axes, values: np.ndarray, across: list[str], down: list[str]) -> None:
    """Values in colours around zero."""
    largest = float(np.max(np.abs(values), initial=1e-12))
    image = ax.imshow(values, aspect="auto", cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="none")
    ax.figure.colorbar(image, ax=ax, label="log likelihood lost (nats)")
    step = max(1, len(down) // _MOST_BARS)
    ax.set_xticks(range(len(across)), across, rotation=90, parse_math=False)
    ax.set_yticks(range(0, len(down), step), down[::step], parse_math=False)
