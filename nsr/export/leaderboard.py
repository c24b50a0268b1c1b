"""The front of a fitted estimator as text: what `print` and the command show of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_GAP = "  "
_CUT = " ..."
# Less of a long equation tells nothing.
_SHORTEST = 20
# 1 - R2 is rounded to about as much.
_ROUNDING = 1e-15


def leaderboard(
    front: pd.DataFrame, equations: Sequence[str], best_index: int, width: int | None = None
) -> str:
    """The rows of `equations_`, the chosen one marked by a star.

    Args:
        front: `equations_` of an estimator.
        equations: Its equations as they are to be shown.
        best_index: Row of the chosen one.
        width: Characters of a line, beyond which equations are shortened; those of the terminal by default.
    """
    width = shutil.get_terminal_size((100, 24)).columns if width is None else width
    marks = ["*" if i == best_index else "" for i in range(len(front))]
    columns = [
        ["", *marks],
        ["row", *(str(place) for place in range(len(front)))],
        ["complexity", *(str(value) for value in front["complexity"])],
        ["loss", *(f"{value:.3g}" for value in front["loss"])],
        ["unexplained", *(share(1 - value) for value in front["r2"])],
    ]
    aligned = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    starts = [_GAP.join(cells) + _GAP for cells in zip(*aligned, strict=True)]
    place = max(_SHORTEST, width - len(starts[0]))
    names, warnings = (front.get(column, [""] * len(front)) for column in ("name", "warning"))
    shown = [
        _with_notes(equation, name, f"  [{why}]" if why else "", place)
        for equation, name, why in zip(equations, names, warnings, strict=True)
    ]
    return "\n".join(start + text for start, text in zip(starts, ["equation", *shown], strict=True))


def _with_notes(equation: str, name: str, warning: str, width: int) -> str:
    """An equation with what textbooks call it; where that is too long, by the first of its names alone."""
    note = f"  ({name})" if name else ""
    if len(equation + note + warning) > width and " (" in name:
        note = f"  ({name.partition(' (')[0]})"
    note += warning
    return shortened(equation, max(_SHORTEST, width - len(note))) + note


def share(unexplained: float) -> str:
    """1 - R2 with digits enough to tell rows apart."""
    return "0" if abs(unexplained) < _ROUNDING else f"{unexplained:.3g}"


def shortened(equation: str, width: int) -> str:
    """An equation in at most this many characters, for display."""
    return equation if len(equation) <= width else equation[: width - len(_CUT)] + _CUT
