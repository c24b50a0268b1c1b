"""The front of a fitted estimator as text: what `print` shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def leaderboard(front: pd.DataFrame, equations: Sequence[str], best_index: int) -> str:
    """The rows of `equations_`, the chosen one marked by a star.

    Args:
        front: `equations_` of an estimator.
        equations: Its equations as they are to be shown.
        best_index: Row of the chosen one.
    """
    shown = front.drop(columns="warning", errors="ignore").assign(equation=marked(front, equations))
    shown.insert(0, "", ["*" if i == best_index else "" for i in range(len(shown))])
    return str(shown.to_string(float_format=lambda value: f"{value:.4g}"))


def marked(front: pd.DataFrame, equations: Sequence[str]) -> list[str]:
    """Equations with what the user is warned of, in brackets.

    Args:
        front: `equations_` of an estimator.
        equations: Its equations as they are to be shown.
    """
    warnings = front["warning"] if "warning" in front else [""] * len(front)
    return [f"{text}  [{why}]" if why else text for text, why in zip(equations, warnings, strict=True)]
