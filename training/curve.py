"""Draws learning curves: `python -m training.curve RUN... [--output curve.png]`.

Loss and recovered share against the samples seen; several runs share one picture. A run's curve is
read from its metrics.csv files or, where another logger took them, from its checkpoint's history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import typer

from nsr.network.tokenizer import TOKEN_KINDS
from training.module import RUN_KEY
from training.run import read_checkpoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("-", "--", ":", "-.")
_LOSSES = {"loss": "all tokens"} | {f"loss_{kind}": f"{kind} tokens" for kind in TOKEN_KINDS}
_SHARES = {"recovered": "generated", "recovered_classical": "classical suites"}


def read_curve(path: Path) -> pd.DataFrame:
    """A run's figures over its whole life.

    Args:
        path: A run's folder, a metrics.csv, or a .ckpt file.

    Returns:
        One row per report, in order, with the columns `step`, `samples` and what was logged.

    Raises:
        ValueError: If the path holds neither logs nor a checkpoint, or nothing was logged yet.
    """
    is_table = path.suffix == ".csv" and path.is_file()
    files = [path] if is_table else sorted(path.glob("logs/version_*/metrics.csv"), key=_version)
    if files:
        rows = _joined([pd.read_csv(file) for file in files])
    else:
        rows = pd.DataFrame(read_checkpoint(path)[RUN_KEY]["history"])
    if rows.empty or "samples" not in rows:
        raise ValueError(f"{path} has logged nothing yet; wait for the run's first report")
    counted = rows[rows["samples"].notna()]
    # Validations of older runs name their step alone.
    rows["samples"] = np.interp(rows["step"], counted["step"], counted["samples"])
    return rows


def draw_curves(curves: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Draws runs into a PNG: loss, split by kind of token, and recovered share.

    Args:
        curves: Each run's figures as `read_curve` gives them, by name.
        path: Where the picture goes.

    Raises:
        ValueError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
    except ImportError:
        raise ValueError("curves need matplotlib: pip install -c constraints.txt '.[plots]'") from None
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    for run, (name, rows) in enumerate(curves.items()):
        for axes, kinds in ((losses, _LOSSES), (shares, _SHARES)):
            for number, (key, kind) in enumerate(kinds.items()):
                several = len(curves) > 1
                style = {"color": f"C{run if several else number}", "linestyle": _STYLES[number]}
                _plot(axes, rows, f"train_{key}", alpha=0.35, linewidth=0.8, **style)
                label = f"{name}: {kind}" if several else kind
                _plot(axes, rows, f"val_{key}", marker=".", label=label, **style)
    losses.set(xlabel="samples", ylabel="nats per token", title="loss (faint: training)")
    shares.set(xlabel="samples", ylabel="share", title="recovered development problems", xscale="log")
    shares.set_ylim(bottom=0)
    shares.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    shares.xaxis.set_minor_formatter(NullFormatter())
    for axes in (losses, shares):
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="x-small").set_in_layout(False)
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})


def _plot(axes: Axes, rows: pd.DataFrame, key: str, **style: Any) -> None:
    """Draws one figure against samples where it was logged, if it ever was."""
    if key in rows:
        logged = rows[rows[key].notna()]
        axes.plot(logged["samples"], logged[key], **style)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The logs of a run's parts; what an interruption made a later part repeat counts once."""
    whole = parts[0]
    for part in parts[1:]:
        whole = pd.concat((whole[whole["step"] < part["step"].min()], part))
    return whole.sort_values("step", ignore_index=True)


def _version(file: Path) -> int:
    return int(re.sub(r"\D", "", file.parent.name) or 0)


def main(
    runs: Annotated[list[Path], typer.Argument(help="folders of runs, metrics.csv or .ckpt files")],
    output: Annotated[Path, typer.Option(help="PNG to write")] = Path("curve.png"),
) -> None:
    """Draws the learning curves of RUNS."""
    try:
        draw_curves({str(run): read_curve(run) for run in runs}, output)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    print(output)


if __name__ == "__main__":
    typer.run(main)
