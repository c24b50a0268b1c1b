"""What the pictures of the documentation have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
ACCENT, GREY = "#00796b", "#757575"


def save(figure: Any, name: Path) -> None:
    """Writes a figure as a small SVG with text as text, on white, the same bytes each time.

    Args:
        figure: Of matplotlib.
        name: File name below docs/pictures/.
    """
    import matplotlib as mpl

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nsr", "font.family": "sans-serif"}):
        figure.savefig(PICTURES / name, bbox_inches="tight", metadata={"Date": None})
