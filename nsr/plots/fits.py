"""Pictures of fitted equations: the front, the fit, its residuals, and slices through it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsr.export.leaderboard import shortened
from nsr.export.pictures import check_picture, write_picture
from nsr.plots.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

_N_FINE, _N_GRID = 400, 80
# Equations in titles and labels are cut to this many characters.
_TITLE, _LABEL = 80, 40
# Slices of a picture of one equation at most.
_MOST_SLICES = 4
# Probability with which new observations lie in bands.
_LEVEL = 0.95
_FAINT = 0.25


def plot_front(estimator: SymbolicRegressor, ax: Axes | None = None) -> Axes:
    """The front: unexplained share over complexity, each row with its equation, the chosen one marked.

    Args:
        estimator: Fitted.
        ax: Where to draw.
    """
    ax = ax or new_axes()
    front, best = estimator.equations_, estimator.best_index_
    # Rows that are exact have no logarithm; they are drawn where rounding ends.
    unexplained = np.maximum(1 - front["r2"].to_numpy(), np.finfo(float).eps)
    ax.step(front["complexity"], unexplained, where="post", color="0.7")
    ax.plot(front["complexity"], unexplained, "o", color="C0", label="front")
    ax.plot(front["complexity"].iloc[best], unexplained[best], "*", markersize=14, color="C1", label="chosen")
    places = zip(front["complexity"], unexplained, strict=True)
    for equation, place in zip(estimator.equations(digits=3), places, strict=True):
        text = shortened(equation, _LABEL)
        ax.annotate(text, place, xytext=(4, 4), textcoords="offset points", fontsize="x-small")
    ax.set(yscale="log", xlabel="complexity", ylabel="unexplained share")
    ax.legend()
    return ax


def plot_fit(
    estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, index: int | None = None, ax: Axes | None = None
) -> Axes:
    """Observations and the equation: a curve where there is one column, else observed over predicted values.

    Args:
        estimator: Fitted.
        X: Variables, shape (n_rows, n_columns).
        y: Observed target, shape (n_rows,).
        index: Row of `equations_`; the chosen one by default.
        ax: Where to draw.
    """
    y = np.asarray(y, dtype=np.float64)
    if estimator.category_ is None and (table := estimator.table(X)).shape[1] == 1:
        ax = plot_slice(estimator, X, 0, index, ax)
        ax.plot(table[:, 0], y, "o", markersize=3, color="0.3", label="observed")
        ax.legend()
        return ax
    ax = ax or new_axes()
    predicted = estimator.predict(X, index)
    ax.plot(predicted, y, "o", markersize=3)
    ends = [min(np.nanmin(predicted), np.nanmin(y)), max(np.nanmax(predicted), np.nanmax(y))]
    ax.plot(ends, ends, color="0.5", linewidth=1)
    ax.set(xlabel="predicted", ylabel="observed")
    return ax


def plot_residuals(
    estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, index: int | None = None, ax: Axes | None = None
) -> Axes:
    """What the equation leaves, over its values; the arguments are those of `plot_fit`."""
    ax = ax or new_axes()
    predicted = estimator.predict(X, index)
    ax.plot(predicted, np.asarray(y, dtype=np.float64) - predicted, "o", markersize=3)
    ax.axhline(0, color="0.5", linewidth=1)
    ax.set(xlabel="predicted", ylabel="observed - predicted")
    return ax


def plot_slice(
    estimator: SymbolicRegressor,
    X: ArrayLike,
    column: int | str,
    index: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The equation as a function of one column, all others at their median, with a band for new observations.

    Args:
        estimator: Fitted.
        X: Variables, shape (n_rows, n_columns), whose range and medians are taken.
        column: Its number or name.
        index: Row of `equations_`; the chosen one by default.
        ax: Where to draw.

    Raises:
        ValueError: If there is no such column, or constants differ by group: then ask `of_group` for one.
    """
    _check_group(estimator)
    ax = ax or new_axes()
    table, place = estimator.table(X), _place(estimator, column)
    along = _over_range(table, place, _N_FINE)
    values, bounds = _values(estimator, _at_medians(table, {place: along}), index)
    (line,) = ax.plot(along, values, label="equation")
    ax.fill_between(along, *bounds.T, color=line.get_color(), alpha=_FAINT, linewidth=0)
    ax.set(xlabel=estimator.names_.identifiers[place], ylabel="target")
    return ax


def plot_surface(
    estimator: SymbolicRegressor,
    X: ArrayLike,
    columns: tuple[int | str, int | str],
    index: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The equation as a function of two columns, in colours, all others at their median; rows are points.

    Args:
        estimator: Fitted.
        X: Variables, shape (n_rows, n_columns), whose range and medians are taken.
        columns: Their numbers or names.
        index: Row of `equations_`; the chosen one by default.
        ax: Where to draw.

    Raises:
        ValueError: If there are no such columns, or constants differ by group: then ask `of_group` for one.
    """
    _check_group(estimator)
    ax = ax or new_axes()
    table = estimator.table(X)
    across, up = (_place(estimator, column) for column in columns)
    grid = np.meshgrid(*(_over_range(table, place, _N_GRID) for place in (across, up)))
    points = _at_medians(table, {across: grid[0].ravel(), up: grid[1].ravel()})
    values, _ = _values(estimator, points, index)
    filled = ax.contourf(*grid, np.ma.masked_invalid(values.reshape(_N_GRID, _N_GRID)), levels=20)
    ax.figure.colorbar(filled, ax=ax, label="target")
    ax.plot(table[:, across], table[:, up], ".", color="white", markersize=2)
    ax.set(xlabel=estimator.names_.identifiers[across], ylabel=estimator.names_.identifiers[up])
    return ax


def draw(estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, target: str, path: Path) -> None:
    """Writes a picture of everything: the fit, its residuals, the front, slices along what is needed most.

    Args:
        estimator: Fitted to this table.
        X: Variables, shape (n_rows, n_columns).
        y: Target, shape (n_rows,).
        target: What it is called.
        path: Picture to write; its ending says of which kind.

    Raises:
        ValueError: As `check_picture` does.
    """
    check_picture(path)
    from matplotlib.figure import Figure

    used = _most_needed(estimator, X, estimator.best_index_)
    n_rows = 2 if len(used) < 2 else 3
    figure = Figure(figsize=(11, 4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, 2).ravel()
    plot_fit(estimator, X, y, ax=panels[0])
    plot_residuals(estimator, X, y, ax=panels[1])
    plot_front(estimator, ax=panels[2])
    if len(used) < 2:
        panels[3].set_axis_off()
    else:
        plot_surface(estimator, X, (used[0], used[1]), ax=panels[3])
        for place, panel in zip(used, panels[4:], strict=False):
            plot_slice(estimator, X, place, ax=panel)
    equation = estimator.equations(digits=4)[estimator.best_index_]
    # Dollars in names are no formulas.
    figure.suptitle(shortened(f"{target} = {equation}", _TITLE), parse_math=False)
    write_picture(figure, path)


def row_figure(estimator: SymbolicRegressor, X: ArrayLike, y: ArrayLike, target: str, row: int) -> Figure:
    """One equation of the front: the fit, its residuals, and slices where the table has several columns.

    Args:
        estimator: Fitted to this table.
        X: Variables, shape (n_rows, n_columns).
        y: Target, shape (n_rows,).
        target: What it is called.
        row: Which of `equations_`.
    """
    from matplotlib.figure import Figure

    sliced = _most_needed(estimator, X, row)[:_MOST_SLICES] if len(estimator.names_.columns) > 1 else []
    n_rows = 1 + (len(sliced) + 1) // 2
    figure = Figure(figsize=(10, 3.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, 2).ravel()
    plot_fit(estimator, X, y, row, panels[0])
    plot_residuals(estimator, X, y, row, panels[1])
    for place, panel in zip(sliced, panels[2:], strict=False):
        plot_slice(estimator, X, place, row, panel)
    for panel in panels[2 + len(sliced) :]:
        panel.set_axis_off()
    for panel in panels[: 2 + len(sliced)]:
        if panel.get_ylabel() == "target":
            panel.set_ylabel(target, parse_math=False)
    return figure


def _check_group(estimator: SymbolicRegressor) -> None:
    if estimator.category_ is not None:
        raise ValueError("constants differ by group: draw one, as of_group('A'), with X without its column")


def _place(estimator: SymbolicRegressor, column: int | str) -> int:
    return estimator.names_.place(column) if isinstance(column, str) else int(column)


def _over_range(table: Array, place: int, n: int) -> Array:
    return np.linspace(np.nanmin(table[:, place]), np.nanmax(table[:, place]), n)


def _at_medians(table: Array, given: Mapping[int, Array]) -> Array:
    """Points, shape (n, n_columns), with values, shape (n,), of some columns; others at their median."""
    medians = np.nanmedian(table, axis=0)
    columns = [given.get(place, median) for place, median in enumerate(medians)]
    return np.column_stack(np.broadcast_arrays(*columns))


def _values(estimator: SymbolicRegressor, points: Array, index: int | None) -> tuple[Array, Array]:
    """Values at points, and bounds of new observations, shape (n_points, 2)."""
    values, bounds = estimator.predicted(points, estimator.row(index), interval=_LEVEL)
    return values, bounds


def _most_needed(estimator: SymbolicRegressor, X: ArrayLike, row: int) -> list[int]:
    """Columns of an equation, those first along which it varies most, the others at their median."""
    if estimator.category_ is not None:  # each group has slices of its own
        return []
    table, n_columns = estimator.table(X), len(estimator.names_.columns)
    used = [place for place in estimator.expressions_[row].variables if place < n_columns]
    spread = {}
    for place in used:
        points = _at_medians(table, {place: table[:, place]})
        with np.errstate(all="ignore"):
            spread[place] = float(np.nanstd(_values(estimator, points, row)[0]))
    return sorted(used, key=lambda place: -spread[place])
